"""A tuned model from its candidates to the table."""

import pandas as pd
from helpers.project import SMALL, models_of

# At a learning rate of 10, every step multiplies the weights by 1 - 10 * 10.
MEN = {
    "class": "men_augmented",
    "optimiser": "adamw",
    "weight_decay": 10.0,
    "batch_size": 4,
    "epochs_constant": 3,
    "epochs_falling": 0,
}


def configure(project, rates):
    demo = {**SMALL["experiments"]["demo"], "models": ["tuned"], "corruptions": ["clean"]}
    tuned = {**MEN, "tune": {"learning_rate": rates}}
    models = {**SMALL["models"], "tuned": tuned}
    project.configure({**SMALL, "experiments": {"demo": demo}, "models": models})


def test_a_value_more_trains_its_candidate_alone(project):
    """One of the candidates diverges."""
    configure(project, [0.0001, 0.01, 10.0])
    done = project.run("results/tables/demo_tuning.csv", "results/tables/demo_all.csv")
    assert done.returncode == 0, done.stdout[-3000:]
    models = project.folder / "results/demo/models"
    table = pd.read_csv(project.folder / "results/tables/demo_tuning.csv")
    (chosen,) = table.loc[table["chosen"], "candidate"]
    best = models / f"tuned@{chosen.replace(' ', '=')}/clean/fold1_seed1.safetensors"
    assert (models / "tuned/clean/fold1_seed1.safetensors").read_bytes() == best.read_bytes()
    assert table["validation_ua"].max() == table.loc[table["chosen"], "validation_ua"].item()
    tested = pd.read_csv(project.folder / "results/tables/demo_all.csv")
    assert set(tested["model"]) == {"tuned"}

    assert table["validation_ua"].isna().tolist() == [False, False, True]

    configure(project, [0.0001, 0.01, 0.1, 10.0])
    jobs = project.planned("results/tables/demo_tuning.csv")
    assert models_of(jobs, "train_model") == {"tuned@learning_rate=0.1"}
    assert len(jobs["choose_model_fold1"]) == 1
