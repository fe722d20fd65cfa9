"""``robust-mer plan``: what a run will do and take, and what it can show."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_mer.errors import InputError

if TYPE_CHECKING:
    from robust_mer.forecast.power import Assumptions, Design
    from robust_mer.plan.plan import Plan


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("plan", help="what a run will take, and what it can show")
    parser.add_argument(
        "config", nargs="+", help="as for snakemake --configfile; overrides config.yaml"
    )
    parser.add_argument(
        "--measured",
        metavar="RESULTS",
        default="results",
        help="folder of an earlier run, whose benchmarks give the rates",
    )
    parser.add_argument("--utterances", type=int, help="of each corpus that is not indexed yet")
    parser.add_argument("--speakers", type=int, help="that are tested, likewise")
    parser.add_argument(
        "--pilot",
        metavar="PREDICTIONS",
        nargs=2,
        help="predictions.parquet of two models of an earlier run, for what is assumed otherwise",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from robust_mer.forecast.measured import Rates, read_rates
    from robust_mer.forecast.work import cost_of, utterances_of, work_of
    from robust_mer.plan.plan import Plan

    plan = Plan(_config([Path(one) for one in arguments.config]))
    measured = Path(arguments.measured)
    rates = read_rates(measured) if measured.is_dir() else Rates()
    sizes = {
        one: utterances_of(one, Path("results")) or arguments.utterances or 0
        for one in plan.grid.corpora
    }
    print(f"{'job':17} {'corpus':20} {'of':24} {'jobs':>5} {'units':>6} {'hours':>7} {'MB':>6}")
    total, unknown = 0.0, False
    for work in work_of(plan):
        size = sizes.get(work.corpus) or arguments.utterances or 0
        cost = cost_of(work, rates, size)
        is_known = cost.hours is not None and size > 0
        total += (cost.hours or 0.0) if is_known else 0.0
        unknown |= not is_known
        hours = f"{cost.hours:.2f}{'' if cost.known else '*'}" if is_known else "?"
        memory = f"{cost.memory:.0f}" if cost.memory is not None else "?"
        print(
            f"{work.rule:17} {work.corpus:20} {work.name:24} {work.jobs:5} {work.units:6} "
            f"{hours:>7} {memory:>6}"
        )
    print(f"\n{'at least ' if unknown else ''}{total:.1f} hours of one core after another")
    print("units: replicas trained, replicas tested, extractions. * the median of other models")
    if unknown:
        print("? nothing like it was measured (--measured), or the corpus is not indexed")
    for text in _shows(plan, sizes, arguments.speakers, _assumed(arguments.pilot)):
        print(text)


def _assumed(pilot: list[str] | None) -> "Assumptions":
    from robust_mer.forecast.power import Assumptions

    if pilot is None:
        return Assumptions()
    from robust_mer.forecast.pilot import read_pilot

    return read_pilot(*map(Path, pilot))


def _config(paths: list[Path]) -> dict[str, Any]:
    """The config as Snakemake merges it."""
    from snakemake.common.configfile import load_configfile
    from snakemake.utils import update_config

    base = Path("config.yaml")
    for one in (base, *paths):
        if not one.is_file():
            raise InputError(f"{one} does not exist; run this in the folder of the Snakefile")
    raw: dict[str, Any] = load_configfile(str(base))
    for path in paths:
        update_config(raw, load_configfile(str(path)))
    return raw


def _shows(
    plan: "Plan", sizes: dict[str, int], speakers: int | None, assumed: "Assumptions"
) -> Iterator[str]:
    """A sentence on each experiment: the smallest difference that it can tell from chance."""
    from robust_mer.forecast.power import smallest_difference

    for name, experiment in plan.grid.experiments.items():
        folds, seeds = experiment.folds, len(experiment.seeds)
        design = _design(experiment.corpus, folds, seeds, sizes[experiment.corpus], speakers)
        if design is None:
            yield f"\n{name}: give --utterances and --speakers to learn what it can show"
            continue
        smallest = smallest_difference(design, assumed)
        answer = "no difference" if smallest is None else f"{100 * smallest:.1f} points of UA"
        tested = f"{design.speakers} speakers of {design.utterances} utterances"
        trained = f"{len(folds)} folds, {seeds} seeds"
        yield (
            f"\n{name}: {answer} or more between two models, found in 4 of 5 experiments "
            f"({tested}, {trained})"
        )
    yield (
        f"assumed: UA {assumed.accuracy:.2f}, agreement {assumed.agreement:.2f}, standard "
        f"deviation between speakers {assumed.speaker_sd:.3f}, seeds {assumed.seed_sd:.3f}; "
        "a paired t-test of the speakers, 5 %"
    )


def _design(
    corpus: str, folds: Sequence[int], seeds: int, utterances: int, speakers: int | None
) -> "Design | None":
    """What an experiment tests on, from the index and its folds, or else from the options."""
    from robust_mer.forecast.power import Design

    index, parts = (Path("results", corpus, name) for name in ("utterances.csv", "folds.csv"))
    if index.is_file() and parts.is_file():
        from robust_mer.table import read_table

        of_folds = read_table(parts, ["utterance", "fold", "part"])
        chosen = of_folds["fold"].isin([str(one) for one in folds])
        tested = of_folds[chosen & (of_folds["part"] == "test")]["utterance"]
        table = read_table(index, ["utterance", "speaker"])
        rows = table[table["utterance"].isin(tested)]
        count = rows["speaker"].nunique()
        return Design(count, max(1, len(rows) // count), seeds, len(folds)) if count else None
    if not utterances or not speakers:
        return None
    return Design(speakers, max(1, utterances // speakers), seeds, len(folds))
