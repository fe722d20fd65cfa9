"""Readers and the jobs of the corpora stage, as tests call them."""

from pathlib import Path
from typing import Any

from helpers.settings import complete
from helpers.tasks import CLASSIFICATION
from robust_mer.corpora.folds import FoldsFiles, FoldsFileSpec, FoldsSpec, write_folds
from robust_mer.corpora.index import IndexFiles, IndexSpec, index_corpus
from robust_mer.corpora.registry import READERS
from robust_mer.corpora.words import WordsFiles, WordsSpec, index_words
from robust_mer.features.imported import ImportFiles, ImportSpec, import_features
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin


def plugin(reader: str, **given: Any) -> Plugin:
    """A reader by its name, with the defaults of its settings and what is given."""
    return Plugin(READERS[reader], complete(READERS[reader], given, "corpora.test"))


def reader_of(reader: str, root: Path, **given: Any) -> Any:
    """A reader of a corpus in ``root``."""
    return plugin(reader, **given).build(root)


def index_files(folder: Path) -> IndexFiles:
    """The files of an index in ``folder``."""
    return IndexFiles(
        utterances=folder / "utterances.csv",
        problems=folder / "index_problems.csv",
        media=folder / "media.csv",
        recordings=folder / "recordings.sha256",
    )


def index(
    reader: str,
    root: Path,
    folder: Path,
    max_left_out: float = 0.0,
    task: Plugin = CLASSIFICATION,
    keeps_unlabelled: bool = False,
    **given: Any,
) -> IndexFiles:
    """Index the corpus in ``root``; the tables lie in ``folder``."""
    files = index_files(folder)
    runtime = Runtime(root=str(root), max_left_out=max_left_out)
    index_corpus(IndexSpec(plugin(reader, **given), task, keeps_unlabelled), files, runtime)
    return files


def write_words(
    reader: str, root: Path, folder: Path, max_left_out: float = 0.0, **given: Any
) -> WordsFiles:
    """Write the word times of an indexed corpus beside its index in ``folder``."""
    files = WordsFiles(
        words=folder / "indexed_words.csv",
        problems=folder / "words_problems.csv",
        utterances=folder / "utterances.csv",
    )
    runtime = Runtime(root=str(root), max_left_out=max_left_out)
    index_words(WordsSpec(plugin(reader, **given)), files, runtime)
    return files


def folds(folder: Path, task: Plugin = CLASSIFICATION, **settings: Any) -> FoldsFiles:
    """Write the folds of the corpus whose index lies in ``folder``."""
    files = FoldsFiles(
        utterances=folder / "utterances.csv",
        media=folder / "media.csv",
        folds=folder / "folds.csv",
        checks=folder / "fold_checks.csv",
    )
    write_folds(FoldsFileSpec(FoldsSpec(**settings), task), files, Runtime())
    return files


def import_modality(
    reader: str, root: Path, folder: Path, modality: str, max_failed: float = 0.0, **given: Any
) -> ImportFiles:
    """Import published features of a corpus whose index lies in ``folder``."""
    files = ImportFiles(
        utterances=folder / "utterances.csv",
        source=[],
        features=folder / f"imported_{modality}.h5",
        table=folder / f"imported_{modality}.csv",
    )
    runtime = Runtime(root=str(root), max_failed_fraction=max_failed)
    import_features(ImportSpec(plugin(reader, **given), modality), files, runtime)
    return files
