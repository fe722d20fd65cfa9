"""Time and memory of the index, of folds and of an import, on generated corpora of full size.

    python benchmarks/corpora.py

It needs Linux, 8 GB of memory and 10 GB of disk, but no install and no data. README.md explains the
columns.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import h5py  # noqa: E402
from generators.crema_d import make_crema_d  # noqa: E402
from generators.emo_db import make_emo_db  # noqa: E402
from generators.iemocap import make_iemocap  # noqa: E402
from generators.meld import make_meld  # noqa: E402
from generators.mosei import NEGATIVE, SIZES, make_csd, make_multibench  # noqa: E402
from generators.msp_improv import make_msp_improv  # noqa: E402
from generators.ravdess import make_ravdess  # noqa: E402
from helpers.corpora import folds, import_modality, index  # noqa: E402
from scaling.measure import of_function  # noqa: E402

from robust_mer.table import read_table  # noqa: E402

MODALITIES = ("audio", "video", "text")


def main() -> None:
    arguments = _parse()
    print(f"{'corpus':24} {'step':14} {'seconds':>8} {'cpu s':>8} {'GB':>6}  size", flush=True)
    with tempfile.TemporaryDirectory(prefix="robust-mer-benchmark-", dir=arguments.folder) as name:
        folder = Path(name)
        for corpus, (reader, make, settings, scheme, imports) in _corpora().items():
            if arguments.only and corpus not in arguments.only:
                continue
            root, out = folder / corpus, folder / f"{corpus}_results"
            root.mkdir()
            out.mkdir()
            make(root)
            _report(corpus, "index", root, _index, out, root, reader, settings)
            _report(corpus, "folds", out / "folds.csv", _folds, out, scheme)
            for modality in imports:
                store = out / f"imported_{modality}.h5"
                _report(
                    corpus,
                    f"import {modality}",
                    store,
                    _import,
                    out,
                    root,
                    reader,
                    settings,
                    modality,
                )


def _corpora() -> dict[str, tuple]:
    """By name: reader, generator, settings, folds, imported modalities."""
    ten, given, split = {"scheme": "session_speakers"}, {"scheme": "part"}, {"split": "split.csv"}
    five, six = ({"scheme": "speaker_groups", "groups": groups} for groups in (5, 6))
    return {
        "iemocap": ("iemocap", make_iemocap, {}, ten, ()),
        "msp_improv": ("msp_improv", make_msp_improv, {}, ten, ()),
        "ravdess": ("ravdess", make_ravdess, {}, six, ()),
        "crema_d": ("crema_d", make_crema_d, {}, five, ()),
        "meld": ("meld", make_meld, {}, given, ()),
        "emo_db": ("emo_db", make_emo_db, {}, five, ()),
        "mosei csd": ("cmu_mosei", _make_csd, split, given, MODALITIES),
        "mosei pickle, float32": ("multibench", _make_pickle("float32"), {}, given, MODALITIES),
        "mosei pickle, float64": ("multibench", _make_pickle("float64"), {}, given, MODALITIES),
    }


def _make_csd(root: Path) -> None:
    make_csd(root, SIZES, NEGATIVE)


def _make_pickle(dtype: str) -> Callable[[Path], None]:
    return lambda root: make_multibench(root / "mosei_senti_data.pkl", dtype=dtype)


def _index(out: Path, root: Path, reader: str, changes: dict) -> None:
    index(reader, root, out, **changes)


def _folds(out: Path, settings: dict) -> None:
    folds(out, **settings)


def _import(out: Path, root: Path, reader: str, changes: dict, modality: str) -> None:
    import_modality(reader, root, out, modality, **changes)


def _report(corpus: str, step: str, result: Path, work: Callable, *arguments) -> None:
    """Do the work in a separate process and print its time and memory."""
    cost, size = of_function(work, *arguments), _size(step, result)
    row = f"{corpus:24} {step:14} {cost.seconds:8.1f} {cost.cpu:8.1f} {cost.megabytes / 1e3:6.2f}"
    print(f"{row}  {size}", flush=True)


def _size(step: str, result: Path) -> str:
    if step == "index":
        files = [path for path in result.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        return f"{len(files)} files, {size / 1e9:.2f} GB"
    if step == "folds":
        return f"{len(read_table(result))} rows"
    with h5py.File(result) as file:
        return f"{len(file['utterance'])} utterances, {file['values'].shape} values"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", help="where the corpora are made for the time being")
    parser.add_argument("--only", nargs="+", help="names of corpora; all by default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
