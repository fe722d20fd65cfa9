"""Planning costs a job as much in a large run as in a small one."""

import pstats
from pathlib import Path

import yaml
from helpers.project import PARTS, ROOT, Project, warm_python

CLASSES = ("men_augmented", "nmer")
FOLDS = 5


def calls_per_job(folder: Path, models: int, corruptions: int) -> float:
    """How often functions of this project are called in a dry run, over its training jobs."""
    (folder / "corpus").mkdir(parents=True)
    for part in PARTS:
        (folder / part).symlink_to(ROOT / part)
    named = {f"model{place}": {"class": CLASSES[place % 2]} for place in range(models)}
    text = {"extractor": "minilm", "normalise": False}
    audio = {"extractor": "is13", "normalise": True}
    grid = {
        "run": ["grid"],
        "experiments": {
            "grid": {
                "corpus": "grid",
                "models": list(named),
                "conditions": ["partial"],
                "corruptions": [f"gaussian_{-snr}dB" for snr in range(1, corruptions + 1)],
                "folds": list(range(1, FOLDS + 1)),
                "seeds": [1],
            }
        },
        "models": named,
        "corpora": {
            "grid": {
                "reader": "manifest",
                "root": "corpus",
                "folds": {"scheme": "part"},
                "modalities": {"audio": audio, "text": text},
            }
        },
    }
    (folder / "grid.yaml").write_text(yaml.safe_dump(grid), encoding="utf-8")
    project = Project(folder)
    profiled = (warm_python(), "-m", "cProfile", "-o", "calls")
    plan = project.command("--dry-run", "--quiet", "rules", cores=1, configfiles=("grid.yaml",))
    done = project.run_command([*profiled, *plan])
    assert done.returncode == 0, done.stdout[-3000:]
    # (file, line, function): (calls, ...); each module is parsed once
    calls = sum(
        counts[1]
        for (file, _, _), counts in pstats.Stats(str(folder / "calls")).stats.items()
        if str(folder) in file and not file.endswith(("identity.py", "settings.py"))
    )
    return calls / (models * corruptions * FOLDS)


def test_the_calls_a_job_do_not_grow_with_the_number_of_jobs(tmp_path):
    small, large = (calls_per_job(tmp_path / f"{n}", n, n) for n in (2, 4))
    assert large < 1.1 * small
