"""Snakemake plans everything that the papers report."""

import re

from helpers.project import Project


def test_the_papers_whole_grid_is_planned(tmp_path):
    """NMER's Tables 2 to 5 and CM-ARR's protocol: ten folds and one, three seeds, all models."""
    project = Project.make(tmp_path / "project")
    project.configure({"corpora": {n: {"root": str(tmp_path)} for n in ("iemocap", "mosei")}})
    configfiles = ("resources/experiments/paper.yaml", "small.yaml")
    done = project.run("--dry-run", "--quiet", "rules", configfiles=configfiles)
    assert done.returncode == 0, done.stdout[-3000:]
    counts = dict(re.findall(r"^(\S+) +(\d+)$", done.stdout, re.M))
    training = sum(int(n) for rule, n in counts.items() if rule.startswith("train_"))
    # Trained on clean data: majority, MEN, the teacher. Nine models on clean and on 8 corruptions,
    # four on 4 of them with all modalities noisy, one of each modality at 5 SNRs, seven on missing.
    assert training == (10 + 1) * (3 + 9 * 9 + 4 * 4 + 3 * 5) + 10 * 7
    # Tested: eleven models on nine, unimodal ones; `none` and `missing` meet MEN trained clean too.
    assert int(counts["evaluate_model"]) == 2 * (11 * 9 + 3 * 5 + 4 * 4) + 8
