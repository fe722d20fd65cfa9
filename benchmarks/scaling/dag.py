"""Time that Snakemake takes to plan a run, by the number of its jobs."""

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from scaling.measure import Cost, exponent, of_command, print_head, print_row

ROOT = Path(__file__).parents[2]
PAPER = "resources/experiments/paper.yaml"
_PARTS = ("Snakefile", "config.yaml", "profiles", "workflow", "src", "resources", "envs")
_SNAKEMAKE = str(Path(sys.executable).with_name("snakemake"))
_DRY = ["-n", "--quiet", "rules", "--cores", "1"]
# By about how many jobs: models, corruptions, folds; three seeds, which one job trains together.
_GRIDS = {
    1: (1, 1, 1),
    100: (3, 3, 10),
    300: (5, 6, 10),
    1_000: (10, 10, 10),
    3_000: (15, 20, 10),
    10_000: (20, 50, 10),
    30_000: (27, 100, 10),
}
_PLAIN_PAIRS = 4992

_PLAIN = """
N = {pairs}
rule all:
    input: expand("test/{{n}}.txt", n=range(N))
rule prepare:
    output: "prepared.txt"
    shell: "touch {{output}}"
rule train:
    input: "prepared.txt"
    output: "train/{{n}}.txt"
    shell: "touch {{output}}"
rule test:
    input: "train/{{n}}.txt"
    output: "test/{{n}}.txt"
    shell: "touch {{output}}"
"""


@dataclass(frozen=True)
class Plan:
    """Number of jobs, and the cost of planning them."""

    jobs: int
    cost: Cost


def measure_dag(folder: Path, sizes: list[int], present: list[int]) -> None:
    """Print the cost of dry runs: of growing grids, of the paper's grid, and of a plain workflow.

    Args:
        folder: Working folder.
        sizes: Of ``_GRIDS``.
        present: Those of ``sizes`` that are planned once more with all results present.
    """
    print("\nPlanning (`snakemake -n`)\n")
    print_head(["run", "jobs", "seconds", "cpu s", "MB", "ms a job", "exponent", "MB: exponent"])
    base = _plan(_project(folder / "base", *_GRIDS[1]))
    print_row(["one training, the base of what follows", base.jobs, *_three(base.cost), "", "", ""])
    jobs, previous = {}, None
    for size in sizes:
        plan = _plan(_project(folder / f"grid{size}", *_GRIDS[size]))
        print_row([f"grid of {size:,}, nothing there", *_grown(base, previous, plan)])
        jobs[size], previous = plan.jobs, plan
    previous = None
    for size in present:
        project = folder / f"grid{size}"
        _make_results(project)
        plan = replace(_plan(project), jobs=jobs[size])
        print_row([f"grid of {size:,}, all there", *_grown(base, previous, plan)])
        previous = plan
    paper = _paper(folder / "paper")
    print_row(["`paper.yaml`, nothing there", *_grown(base, None, _plan(paper, PAPER))])
    plain = _plan_plain(folder / "plain")
    print_row(["a plain workflow", plain.jobs, *_three(plain.cost), _ms(plain), "", ""])


def _grown(base: Plan, before: Plan | None, plan: Plan) -> list[object]:
    """Cells of a plan's row: time per job, and exponents without the cost of one training."""
    difference = [plan.cost.cpu - base.cost.cpu, plan.cost.megabytes - base.cost.megabytes]
    cells = [plan.jobs, *_three(plan.cost), 1e3 * difference[0] / (plan.jobs - base.jobs)]
    if before is None:
        return [*cells, "", ""]
    less = [before.cost.cpu - base.cost.cpu, before.cost.megabytes - base.cost.megabytes]
    sizes = before.jobs - base.jobs, plan.jobs - base.jobs
    return [*cells, *(exponent(sizes, pair) for pair in zip(less, difference, strict=True))]


def _three(cost: Cost) -> list[float]:
    return [cost.seconds, cost.cpu, cost.megabytes]


def _ms(plan: Plan) -> float:
    return 1e3 * plan.cost.cpu / plan.jobs


def _plan(project: Path, config: str = "grid.yaml") -> Plan:
    configs = dict.fromkeys([config, "grid.yaml"])
    cost, text = of_command([_SNAKEMAKE, *_DRY, "--configfile", *configs], project)
    total = re.search(r"^total +(\d+)$", text, re.M)
    return Plan(int(total[1]) if total else 0, cost)


def _project(folder: Path, models: int, corruptions: int, folds: int) -> Path:
    """A folder to run Snakemake in, with a grid over a corpus that does not exist.

    Every other model has a teacher; audio and text are extracted.
    """
    _link(folder)
    classes = ("men_augmented", "nmer")
    named = {f"model{place}": {"class": classes[place % 2]} for place in range(models)}
    modalities = {
        "audio": {"extractor": "is13", "normalise": True},
        "text": {"extractor": "minilm", "normalise": False},
    }
    grid = {
        "run": ["grid"],
        "experiments": {
            "grid": {
                "corpus": "grid",
                "models": list(named),
                "corruptions": [f"gaussian_{-snr}dB" for snr in range(1, corruptions + 1)],
                "conditions": ["partial"],
                "folds": list(range(1, folds + 1)),
                "seeds": [1, 2, 3],
            }
        },
        "models": named,
        "corpora": {
            "grid": {
                "reader": "manifest",
                "root": "corpus",
                "folds": {"scheme": "part"},
                "modalities": modalities,
            }
        },
    }
    (folder / "grid.yaml").write_text(yaml.safe_dump(grid), encoding="utf-8")
    return folder


def _paper(folder: Path) -> Path:
    _link(folder)
    roots = {"corpora": {name: {"root": "corpus"} for name in ("iemocap", "mosei")}}
    (folder / "grid.yaml").write_text(yaml.safe_dump(roots), encoding="utf-8")
    return folder


def _link(folder: Path) -> None:
    (folder / "corpus").mkdir(parents=True)
    for part in _PARTS:
        (folder / part).symlink_to(ROOT / part)


def _make_results(project: Path) -> None:
    """Create empty files for all results, which Snakemake takes for real ones."""
    config = ["--configfile", "grid.yaml"]
    _, text = of_command([_SNAKEMAKE, "--summary", *config], project)
    for line in text.splitlines():
        path = line.partition("\t")[0]
        if path.startswith("results/"):
            _stand_in(project / path)
    of_command([_SNAKEMAKE, "--touch", "--quiet", "all", "--cores", "1", *config], project)


def _stand_in(path: Path) -> None:
    if not path.suffix:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("path,bytes,mtime,hash\n" if path.name == "media.csv" else "")


def _plan_plain(folder: Path) -> Plan:
    folder.mkdir()
    (folder / "Snakefile").write_text(_PLAIN.format(pairs=_PLAIN_PAIRS), encoding="utf-8")
    cost, text = of_command([_SNAKEMAKE, *_DRY, "--scheduler", "greedy"], folder)
    return Plan(int(re.search(r"^total +(\d+)$", text, re.M)[1]), cost)
