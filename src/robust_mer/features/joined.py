"""Features of joined corpora, from those of each: nothing is extracted again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from robust_mer.corpora.joined import CORPUS, join_tables, qualified
from robust_mer.errors import InputError
from robust_mer.features.specs import JoinFeaturesFiles, JoinFeaturesSpec
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.runtime import Runtime
from robust_mer.store import Features, open_features, write_features
from robust_mer.table import read_table


def join_features(spec: JoinFeaturesSpec, files: JoinFeaturesFiles, runtime: Runtime) -> None:
    """Write the features of joined corpora in the order of their index.

    Raises:
        InputError: the members' features differ in their dimensions, frame rate or weights, or lack
            an utterance.
    """
    index = read_table(files.utterances, ["utterance", CORPUS])
    report = join_tables(spec.members, files.member_tables).set_index("utterance")
    with ExitStack() as stack:
        stores = {
            name: stack.enter_context(open_features(path))
            for name, path in zip(spec.members, files.member_features, strict=True)
        }
        _check(stores, files.member_features, spec.is_imported)
        places = _places(
            stores, index["utterance"].tolist(), index[CORPUS].tolist(), list(report.index)
        )
        first = next(iter(stores.values()))
        has_positions = any(store.positions is not None for store in stores.values())

        def frames() -> Iterator[np.ndarray]:
            for name, row in places:
                yield stores[name].frames(row)

        write_features(
            files.features,
            index["utterance"].tolist(),
            frames(),
            first.names,
            first.frame_rate,
            _settings(stores),
            first.weights_sha256 if not spec.is_imported else "",
            {name: v for store in stores.values() for name, v in store.versions.items()},
            [_positions(stores[name], row) for name, row in places] if has_positions else None,
            first.layers,
        )
    with whole(files.table) as unfinished:
        report.loc[index["utterance"]].to_csv(unfinished)
    log.info("%d utterances of %s", len(index), ", ".join(spec.members))


def _check(stores: Mapping[str, Features], paths: Sequence[Path], is_imported: bool) -> None:
    """Check that the members' features are of one kind."""
    (first, one), *others = stores.items()
    for (name, store), path in zip(others, paths[1:], strict=True):
        differing = f"{paths[0]} and {path} differ"
        if len(store.names) != len(one.names):
            raise InputError(
                f"{differing}: {first} has {len(one.names)} features per frame, {name} "
                f"{len(store.names)}; choose an extractor, or published features, of one kind"
            )
        if _kind(store) != _kind(one):
            raise InputError(
                f"{differing} in the names, layers or rate of their features; extract both again: "
                "snakemake --forcerun extract_features"
            )
        if store.weights_sha256 != one.weights_sha256 and not is_imported:
            raise InputError(
                f"{differing}: they were computed with weights of different SHA-256 "
                f"({one.weights_sha256[:12]}, {store.weights_sha256[:12]}); extract both with the "
                "same weights: snakemake --forcerun extract_features"
            )


def _kind(store: Features) -> tuple[Any, ...]:
    return store.names, store.layers, store.frame_rate


def _places(
    stores: Mapping[str, Features],
    utterances: Sequence[str],
    corpora: Sequence[str],
    reported: Sequence[str],
) -> list[tuple[str, int]]:
    """Corpus and row there of every utterance."""
    rows = {
        qualified(name, utterance): (name, row)
        for name, store in stores.items()
        for row, utterance in enumerate(store.utterances)
    }
    known = set(reported)
    for utterance, corpus in zip(utterances, corpora, strict=True):
        if utterance not in rows or utterance not in known:
            name = utterance.removeprefix(f"{corpus}:")
            raise InputError(
                f"the features of {corpus} lack {name}, which is in its index; extract them "
                "again: snakemake --forcerun extract_features"
            )
    return [rows[utterance] for utterance in utterances]


def _positions(store: Features, row: int) -> np.ndarray:
    first, last = store.offsets[row], store.offsets[row + 1]
    if store.positions is None:
        return np.full(last - first, np.nan, np.float32)
    return store.positions[first:last]


def _settings(stores: Mapping[str, Features]) -> dict[str, Any]:
    """The settings of all members; by member where they differ, as those of published features."""
    settings = {name: store.settings for name, store in stores.items()}
    first, *others = settings.values()
    return first if all(one == first for one in others) else {"members": settings}
