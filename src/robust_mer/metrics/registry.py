"""Metrics by the name that the config gives."""

METRICS = {
    "wa": "robust_mer.metrics.classes:WA",
    "ua": "robust_mer.metrics.classes:UA",
    "weighted_f1": "robust_mer.metrics.classes:WeightedF1",
    "macro_f1": "robust_mer.metrics.classes:MacroF1",
    "mae": "robust_mer.metrics.numbers:MAE",
    "r": "robust_mer.metrics.numbers:PearsonR",
    "ccc": "robust_mer.metrics.numbers:CCC",
    "acc7": "robust_mer.metrics.sentiment:Acc7",
    "acc5": "robust_mer.metrics.sentiment:Acc5",
    "acc2_nonnegative": "robust_mer.metrics.sentiment:Acc2Nonnegative",
    "acc2_positive": "robust_mer.metrics.sentiment:Acc2Positive",
    "f1_nonnegative": "robust_mer.metrics.sentiment:F1Nonnegative",
    "f1_positive": "robust_mer.metrics.sentiment:F1Positive",
    "acc5_sims": "robust_mer.metrics.sentiment:Acc5Sims",
    "acc3_sims": "robust_mer.metrics.sentiment:Acc3Sims",
    "acc2_sims": "robust_mer.metrics.sentiment:Acc2Sims",
    "f1_sims": "robust_mer.metrics.sentiment:F1Sims",
    "mean_weighted_accuracy": "robust_mer.metrics.labels:MeanWeightedAccuracy",
    "mean_f1": "robust_mer.metrics.labels:MeanF1",
}
