"""An edit of the code reruns the rules whose results it can change, and no others."""

from helpers.project import AFTER_EVALUATION, edited, models_of

CONDITIONS, METRICS = "src/robust_mer/conditions.py", "src/robust_mer/metrics/registry.py"
MODELS, NMER = "src/robust_mer/models/registry.py", "src/robust_mer/models/nmer/nmer.py"
WORDS, TRAIN = "src/robust_mer/report/words/tables.py", "src/robust_mer/training/train.py"

NEW_PROTOCOL = """
from collections.abc import Collection

from robust_mer.conditions import partial_conditions
from robust_mer.protocols.protocol import Protocol, alike


class OneClean(Protocol):
    \"\"\"One modality is clean.\"\"\"

    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        \"\"\"The conditions with one clean modality.\"\"\"
        partial = partial_conditions(modalities, touched)
        return alike([name for name, clean in partial.items() if sum(clean) == 1])
"""
NEW_METRIC = """

class HalfAccuracy(WA):
    \"\"\"Half of it.\"\"\"

    name = "half"

    def of_hits(self, hits: Sequence[np.ndarray], sizes: Sequence[np.ndarray]) -> np.ndarray:
        \"\"\"Half of the accuracy.\"\"\"
        return super().of_hits(hits, sizes) / 2
"""
NEW_MODEL = """
from robust_mer.models.men.settings import MENSettings


class MineSettings(MENSettings):
    implementation = "robust_mer.models.men.men:MEN"
"""

# Path, text, and what takes its place; no text: the end of a file.
CHANGES_NOTHING = {
    "an error message of the plan": [
        (
            "src/robust_mer/plan/checks.py",
            "cannot predict the target of",
            "does not predict the target of",
        ),
    ],
    "a title": [(WORDS, '"Average over the partial conditions"', '"Averages"')],
    "a note under a table": [(WORDS, "clean: no corruption, all modalities.", "clean: as it is.")],
    "a protocol": [
        (
            "src/robust_mer/protocols/registry.py",
            "PROTOCOLS = {",
            'PROTOCOLS = {\n    "one": "robust_mer.protocols.one_clean:OneClean",',
        ),
        ("src/robust_mer/protocols/one_clean.py", "", NEW_PROTOCOL),
    ],
    "a model": [
        ("src/robust_mer/models/mine.py", "", NEW_MODEL),
        (MODELS, "MODELS = {", 'MODELS = {\n    "mine": "robust_mer.models.mine:MineSettings",'),
    ],
    "a metric": [
        (
            METRICS,
            "METRICS = {",
            'METRICS = {\n    "half": "robust_mer.metrics.classes:HalfAccuracy",',
        ),
        ("src/robust_mer/metrics/classes.py", "", NEW_METRIC),
    ],
    "a noise": [
        (
            "src/robust_mer/corruption/registry.py",
            "NOISES = {",
            'NOISES = {\n    "mine": "robust_mer.corruption.gaussian:Gaussian",',
        )
    ],
    "a task": [
        (
            "src/robust_mer/tasks/registry.py",
            "TASKS = {",
            'TASKS = {\n    "mine": "robust_mer.tasks.classification:Classification",',
        )
    ],
    "a comment": [(NMER, "# Kaiming weights would start", "# Such weights start")],
    "docstrings": [
        (NMER, '"""The paper\'s noise-robust model.', '"""NMER.'),
        (MODELS, '"""Models by name', '"""Classes by name'),
        (TRAIN, "Training the replicas (folds and seeds)", "Training replicas (folds and seeds)"),
    ],
    "an error message of a room": [
        (TRAIN, "training diverged, the loss is", "the training diverged: its loss is"),
    ],
    "a line of the log": [(TRAIN, "leaves the GPU idle", "does not fill the GPU")],
    "progress in the log": [
        ("src/robust_mer/jobs.py", "every_seconds: float = 15.0", "every_seconds: float = 5.0"),
    ],
    "what a record holds": [("src/robust_mer/provenance/record.py", "FORMAT = 1", "FORMAT = 2")],
    "where results lie is read": [
        ("src/robust_mer/plan/layout.py", '"""', '"""Layout: '),
    ],
}


def test_edits_that_change_no_result_rerun_nothing(shared):
    with edited(shared, *(edit for edits in CHANGES_NOTHING.values() for edit in edits)):
        jobs = shared.planned()
    if jobs:
        rerun = {}
        for name, edits in CHANGES_NOTHING.items():
            with edited(shared, *edits):
                rerun[name] = sorted(shared.planned())
        assert not any(rerun.values()), rerun
    assert not jobs


def test_a_unit_of_corruptions_reruns_the_sets_that_read_amounts(shared):
    edit = (CONDITIONS, "(?P<unit>dB|%|px|ms)", "(?P<unit>dB|%|px|ms|Hz)")
    with edited(shared, edit):
        jobs = shared.planned()
    assert set(jobs) == {"measure_sets", "make_figure", "make_statistics_md", "write_report"}


def test_a_statement_in_a_model_retrains_that_model(shared):
    with edited(shared, (NMER, "_VARIANCE = 0.01", "_VARIANCE = 0.02")):
        jobs = shared.planned()
    assert set(jobs) == {"train_model", "evaluate_model", *AFTER_EVALUATION}
    assert models_of(jobs, "train_model") == models_of(jobs, "evaluate_model") == {"nmer"}


def test_a_statement_in_a_teacher_retrains_it_and_its_students(shared):
    path = "src/robust_mer/models/mmin/invariance_teacher.py"
    with edited(shared, (path, '"cmd": self.', '"cmd": 1 * self.')):
        jobs = shared.planned()
    assert models_of(jobs, "train_model") == {"invariance_teacher", "nmer"}


def test_a_statement_in_the_bootstrap_recomputes_what_rests_on_it(shared):
    path = "src/robust_mer/evaluation/bootstrap.py"
    with edited(
        shared,
        (
            path,
            "settings, predicted, counts = [], [], []",
            "settings, predicted, counts = [], [], list()",
        ),
    ):
        jobs = shared.planned()
    assert set(jobs) == {
        *("compute_statistics", "make_audit_csv_md", "make_papers_csv_md_tex"),
        *("make_statistics_csv_md", "make_statistics_md", "make_figure", "write_report"),
    }


def test_what_tables_need_of_an_experiment_trains_nothing(shared):
    path = "src/robust_mer/evaluation/experiment.py"
    with edited(shared, (path, "MIN_SPEAKERS = 8", "MIN_SPEAKERS = 9")):
        jobs = shared.planned()
    assert set(jobs) == {"make_audit_csv_md", "make_statistics_csv_md", "write_report"}


def test_a_statement_in_a_figure_draws_that_figure(shared):
    path = "src/robust_mer/report/figures/snr_curves.py"
    with edited(shared, (path, 'reads = ("summary",)', 'reads = tuple(["summary"])')):
        jobs = shared.planned()
    assert set(jobs) == {"make_figure", "write_report"}
    assert jobs["make_figure"] == {"experiment=demo, figure=snr"}


def test_the_reports_template_is_part_of_its_code(shared):
    with edited(shared, ("src/robust_mer/report/page.html", "<body>", "<body> ")):
        assert set(shared.planned()) == {"write_report"}
