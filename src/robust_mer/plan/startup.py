"""What a run says and checks before its first job."""

from collections.abc import Collection
from pathlib import Path

from robust_mer.corpora.folds import check_used_folds
from robust_mer.corpora.index import changed_media, check_columns, too_many_left_out
from robust_mer.errors import InputError
from robust_mer.features.recogniser import RecogniserSettings
from robust_mer.features.weights import locate, named_files
from robust_mer.plan.plan import Plan
from robust_mer.table import read_table


def changed_media_messages(plan: Plan) -> list[str]:
    """A message for each corpus whose recordings have changed, which alone reruns nothing."""
    messages = []
    for corpus in plan.recorded_corpora:
        media = Path(plan.layout.media(corpus.name))
        changed = changed_media(media, corpus.config.root) if media.exists() else []
        if changed:
            number = "1 recording has" if len(changed) == 1 else f"{len(changed)} recordings have"
            messages.append(
                f"{corpus.name}: {number} changed since indexing, the first: {changed[0]}. To "
                "read them again: snakemake --forcerun index_corpus"
            )
    return messages


Remade = Collection[tuple[str, str | None, str | None]]
"""Rule, corpus, and extractor or modality, of the jobs that will run."""


def check_files(plan: Plan, remade: Remade) -> None:
    """Check that files and folders exist that the extractors of this run name.

    Their jobs must have the same files and the same environment as this process.

    Args:
        plan: Of the run.
        remade: What will be made.

    Raises:
        InputError: one does not exist, or its package is not installed.
    """
    for rule, corpus, name in sorted(remade, key=str):
        if corpus is None or plan.corpora[corpus].members:
            continue
        if rule.startswith("extract_") and name is not None:
            extractor = plan.extractors[name]
            place, settings = f"features.extractors.{name}", extractor.resolved.settings_object()
        elif rule.startswith("recognise_"):
            place, settings = "features.asr", RecogniserSettings(**plan.recogniser)
        else:
            continue
        for key, value in named_files(settings):
            locate(value, f"{place}.{key}")


def check_device(plan: Plan, remade: Remade) -> None:
    """Check that there is a GPU where trainings on this machine insist on one.

    Raises:
        InputError: there is none.
    """
    trains = any(rule.startswith(("train_model", "train_teacher")) for rule, *_ in remade)
    if not trains or plan.config.training.device != "cuda" or plan.has_gpu():
        return
    import torch  # slow; some machines have a GPU without the usual device files

    if not torch.cuda.is_available():
        raise InputError(
            "config: training.device is cuda, but this machine shows no GPU; set auto or cpu"
        )


def check_made(plan: Plan, remade: Remade) -> None:
    """Check what the config names in tables that an earlier run made.

    The jobs that make them check it too, but a change of the config alone reruns neither.

    Args:
        plan: Of the run.
        remade: What will be made again.

    Raises:
        InputError: an experiment uses a fold, or ``split_by`` a column, that there is not, or more
            extractions failed than ``max_failed_fraction`` allows by now, or more utterances were
            left out than ``max_left_out``.
    """
    _check_left_out(plan, remade)
    _check_failures(plan, remade)
    for corpus in plan.run_corpora:
        what = f"corpora.{corpus.name}"
        section = corpus.config
        index, folds = (
            Path(plan.layout.utterances(corpus.name)),
            Path(plan.layout.folds(corpus.name)),
        )
        if index.exists() and ("index_corpus", corpus.name, None) not in remade:
            check_columns(section.split_by, read_table(index, ["utterance"]).columns, what)
        if folds.exists() and ("make_folds", corpus.name, None) not in remade:
            made = read_table(folds, ["fold"])["fold"].astype(int)
            check_used_folds(plan.grid.folds_of(corpus.name), made, section.folds.scheme, what)


def _check_left_out(plan: Plan, remade: Remade) -> None:
    """Check the index of an earlier run against ``max_left_out``."""
    for corpus in plan.recorded_corpora:
        index = Path(plan.layout.utterances(corpus.name))
        listed = Path(plan.layout.of_corpus(corpus.name, "index_problems.csv"))
        is_made = ("index_corpus", corpus.name, None) in remade
        if is_made or not (index.exists() and listed.exists()):
            continue
        problems = read_table(listed, ["file", "line", "problem"]).itertuples(index=False)
        kept, limit = len(read_table(index, ["utterance"])), corpus.config.max_left_out
        if message := too_many_left_out(problems, kept, limit):
            raise InputError(f"config: corpora.{corpus.name}: {message}. {listed} lists all")


def _check_failures(plan: Plan, remade: Remade) -> None:
    """Check features of an earlier run against ``max_failed_fraction``."""
    limit = plan.config.features.max_failed_fraction
    for corpus in plan.recorded_corpora:
        for modality in corpus.modalities:
            table = Path(plan.layout.features(corpus.name, modality.extractor, ".csv"))
            makers = {
                ("extract_features", corpus.name, modality.extractor),
                ("import_features", corpus.name, modality.name),
            }
            if not table.exists() or makers & set(remade):
                continue
            rows = read_table(table, ["utterance", "status", "reason"])
            failed = rows[rows["status"] == "failed"]
            if len(failed) > limit * len(rows):
                first = failed.iloc[0]
                raise InputError(
                    f"config: {len(failed)} of {len(rows)} utterances failed in {table}, more than "
                    f"the fraction {limit:g} that features.max_failed_fraction allows. The first: "
                    f"{first['utterance']}: {first['reason']}"
                )
