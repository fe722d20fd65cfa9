"""Numbers and labels from a file of features to the report."""

import pandas as pd
from helpers.numbers_and_labels import make_project


def test_the_report_shows_both(tmp_path):
    project = make_project(tmp_path / "project")
    done = project.run()
    assert done.returncode == 0, done.stdout[-5000:]
    results = project.folder / "results"
    page = (results / "report.html").read_text()
    assert "Highest average F1" in page
    assert "Acc-2 positive" in page
    history = pd.read_csv(next(results.glob("numbers/**/men/**/*.history.csv")))
    assert {"validation_acc2_positive", "validation_mae", "absolute_error"} <= set(history)
