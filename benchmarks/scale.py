"""How time and memory grow with the number of jobs and of utterances, and what a lab may expect.

    python benchmarks/scale.py

It needs Linux, Snakemake and 10 GB of disk, but no data. README.md explains the columns.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [
    str(ROOT / "src"),
    str(ROOT / "benchmarks"),
    str(ROOT / "tests"),
    str(ROOT / "tests/unit"),
]

PARTS = ("dag", "corpus", "expect")


def main() -> None:
    arguments = _parse()
    with tempfile.TemporaryDirectory(prefix="robust-mer-benchmark-", dir=arguments.folder) as name:
        folder = Path(name)
        if "dag" in arguments.part:
            from scaling.dag import measure_dag

            present = [size for size in arguments.present if size in arguments.jobs]
            measure_dag(folder, sorted(arguments.jobs), present)
        if "corpus" in arguments.part:
            from scaling.corpus import measure_corpus

            measure_corpus(folder, sorted(arguments.utterances), arguments.only)
        if "expect" in arguments.part:
            from scaling.expectation import print_expectations

            print_expectations()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="where to write, e.g. a large disk; default: the system's")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS, help="all by default")
    parser.add_argument(
        "--jobs",
        nargs="+",
        type=int,
        default=[100, 300, 1_000, 3_000, 10_000],
        help="sizes of grids: 100, 300, 1000, 3000, 10000, 30000",
    )
    parser.add_argument(
        "--present",
        nargs="*",
        type=int,
        default=[100, 300],
        help="those of --jobs that are planned again with all results there",
    )
    parser.add_argument(
        "--utterances",
        nargs="+",
        type=int,
        default=[1_000, 10_000, 100_000],
        help="sizes of corpora",
    )
    parser.add_argument("--only", nargs="+", help="names of the corpus' steps; all by default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
