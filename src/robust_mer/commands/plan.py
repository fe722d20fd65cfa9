"""``robust-mer plan``: what a run will do and take, and what it can show."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_mer.errors import InputError

if TYPE_CHECKING:
    from robust_mer.forecast.pilot import Pilot
    from robust_mer.forecast.power import Assumptions, Design
    from robust_mer.plan.config import FoldsConfig
    from robust_mer.plan.corpora import CorpusPlan
    from robust_mer.plan.plan import Plan

_FEW = 0.01
"""False alarms above the level of the test that are not worth a line."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("plan", help="what a run will take, and what it can show")
    parser.add_argument(
        "config", nargs="+", help="as for snakemake --configfile; overrides config.yaml"
    )
    parser.add_argument(
        "--measured",
        metavar="RESULTS",
        help="folder of an earlier run, whose benchmarks give the rates (results)",
    )
    size = "of each corpus that is not indexed yet"
    parser.add_argument("--utterances", type=_count, metavar="N", help=size)
    parser.add_argument("--speakers", type=_count, metavar="N", help="likewise")
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

    raw = _config([Path(one) for one in arguments.config])
    plan = Plan(raw, raw.get("pathvars", {}).get("results", "results"))
    rates = read_rates(Path(arguments.measured or plan.layout.results))
    if arguments.measured is not None and rates == Rates():
        raise InputError(
            f"--measured {arguments.measured} has no benchmarks of trainings or extractions; "
            "expected the folder results/ of an earlier run"
        )
    sizes = {
        one: utterances_of(one, Path(plan.layout.results)) or arguments.utterances or 0
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
    pilot = _pilot(arguments.pilot)
    for text in _shows(plan, sizes, arguments.speakers, pilot):
        print(text)


def _count(text: str) -> int:
    """A number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number of 1 or more")
    return int(text)


def _pilot(paths: list[str] | None) -> "Pilot | None":
    if paths is None:
        return None
    from robust_mer.forecast.pilot import read_pilot

    return read_pilot(*map(Path, paths))


def _config(paths: list[Path]) -> dict[str, Any]:
    """The config as Snakemake merges it."""
    from snakemake.common.configfile import load_configfile
    from snakemake.exceptions import WorkflowError
    from snakemake.utils import update_config

    from robust_mer.plan.config_files import check_config_files

    base = Path("config.yaml")
    for one in (base, *paths):
        if not one.is_file():
            raise InputError(f"{one} does not exist; run this in the folder of the Snakefile")
    check_config_files([base, *paths])
    raw: dict[str, Any] = {}
    for one in (base, *paths):
        try:
            update_config(raw, load_configfile(str(one)))
        except WorkflowError as error:
            raise InputError(f"{one}: {' '.join(str(error).split())}") from None
    return raw


def _shows(
    plan: "Plan", sizes: dict[str, int], speakers: int | None, pilot: "Pilot | None"
) -> Iterator[str]:
    """A sentence on each experiment: the smallest difference that it can tell from chance."""
    from robust_mer.forecast.power import Assumptions, smallest_difference

    for name, experiment in plan.grid.experiments.items():
        folds, seeds = experiment.folds, len(experiment.seeds)
        corpus = plan.corpora[experiment.corpus]
        if corpus.predicts.encoding != "class":
            yield f"\n{name}: what it can show is forecast for classes only"
            continue
        tables = Path(plan.layout.utterances(corpus.name)), Path(plan.layout.folds(corpus.name))
        design = _design(corpus, tables, folds, seeds, sizes[experiment.corpus], speakers)
        if design is None:
            yield f"\n{name}: give --utterances and --speakers to learn what it can show"
            continue
        assumed = pilot.assumptions(design) if pilot else Assumptions()
        smallest = smallest_difference(design, assumed)
        described = _described(design, len(folds))
        if smallest is None:
            reason = "; that takes two speakers or more" * (len(design.utterances) < 2)
            yield (
                f"\n{name}: no difference between two models, however large, would be found in 4 "
                f"of 5 experiments ({described}){reason}"
            )
        else:
            yield (
                f"\n{name}: {100 * smallest:.1f} points of UA or more between two models, found in "
                f"4 of 5 experiments ({described})"
            )
        yield (
            f"  {'from the pilot' if pilot else 'assumed'}: standard deviation of a difference "
            f"within a speaker {assumed.utterance_sd:.2f}, between speakers "
            f"{assumed.speaker_sd:.3f}; assumed: between seeds {assumed.seed_sd:.3f}; a paired "
            "t-test of the speakers, 5 %"
        )
        if smallest is not None:
            yield from _doubts(smallest, design, assumed, pilot)


def _doubts(
    smallest: float, design: "Design", assumed: "Assumptions", pilot: "Pilot | None"
) -> Iterator[str]:
    """What keeps an answer from being taken at its word."""
    from robust_mer.forecast.pilot import needs_interval
    from robust_mer.forecast.power import LEVEL, POWER, power

    if pilot:
        low, high = pilot.bounds(smallest, design)
        if needs_interval((low, high), POWER):
            yield (
                f"  uncertain: the pilot's {len(pilot.difference)} speakers leave open whether "
                f"{100 * low:.0f} to {100 * high:.0f} % of such experiments find that difference "
                "(95 % interval)"
            )
    alarms = power(0.0, design, assumed)
    if alarms > LEVEL + _FEW:
        yield (
            f"  false alarms: {100 * alarms:.0f} % instead of 5 %, because the speakers of a fold "
            "share its seeds, which the test ignores"
        )


def _described(design: "Design", folds: int) -> str:
    fewest, most = min(design.utterances), max(design.utterances)
    size = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    speakers = len(design.utterances)
    return (
        f"{speakers} speaker{'s' * (speakers > 1)} of {size} utterances, "
        f"{folds} fold{'s' * (folds > 1)}, {design.seeds} seed{'s' * (design.seeds > 1)}"
    )


def _design(
    corpus: "CorpusPlan",
    tables: tuple[Path, Path],
    folds: Sequence[int],
    seeds: int,
    utterances: int,
    speakers: int | None,
) -> "Design | None":
    """What an experiment tests on, from the index and its folds, or else from the options."""
    from robust_mer.forecast.power import Design, even_design

    index, parts = tables
    if index.is_file() and parts.is_file():
        from robust_mer.table import read_table

        of_folds = read_table(parts, ["utterance", "fold", "part"])
        chosen = of_folds["fold"].isin([str(one) for one in folds])
        used = of_folds[chosen & (of_folds["part"] == "test")].drop_duplicates("utterance")
        rows = used.merge(read_table(index, ["utterance", "speaker"]), on="utterance")
        by_speaker = rows.groupby("speaker")["fold"].agg(["size", "first"])
        if by_speaker.empty:
            return None
        return Design(tuple(by_speaker["size"]), tuple(by_speaker["first"].astype(int)), seeds)
    if not utterances or not speakers:
        return None
    tested = _tested(corpus.config.folds, len(folds), speakers)
    return even_design(tested, max(1, utterances // speakers), len(folds), seeds)


def _tested(how: "FoldsConfig", folds: int, speakers: int) -> int:
    """How many of a corpus' speakers some folds test; with given parts, all of them at most."""
    if how.scheme in ("session_speakers", "speakers"):
        return min(folds, speakers)
    if how.groups is not None:
        return max(1, round(speakers * min(folds, how.groups) / how.groups))
    return speakers
