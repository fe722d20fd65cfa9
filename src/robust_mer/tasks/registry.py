"""Tasks by the name that the config gives."""

TASKS = {
    "classification": "robust_mer.tasks.classification:Classification",
    "regression": "robust_mer.tasks.regression:Regression",
    "multilabel": "robust_mer.tasks.multilabel:MultiLabel",
}
