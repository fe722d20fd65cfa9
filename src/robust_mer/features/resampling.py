"""Features at another frame rate."""

from pathlib import Path

from robust_mer.errors import InputError
from robust_mer.features.rates import rate_ratio, resample
from robust_mer.features.reading import Convert, write_reading
from robust_mer.store import Features


def resample_features(
    features_path: str | Path,
    table_path: str | Path,
    source: str | Path,
    source_table: str | Path,
    frame_rate: float,
    not_finite: float | None,
) -> None:
    """Write the features of a file at ``frame_rate`` frames per second; see `write_reading`.

    Raises:
        InputError: the file's frames have no rate, or one that cannot be brought to this.
    """

    def prepare(store: Features) -> Convert:
        if store.frame_rate is None or store.positions is not None:
            raise InputError(
                f"{source} cannot be read at {frame_rate:g} frames per second: its frames do not "
                "follow each other at a rate of their own. Leave out the modality's frame_rate"
            )
        ratio = rate_ratio(store.frame_rate, frame_rate, str(source))
        return lambda frames, row: (resample(frames, ratio), "")

    described = {"resampled_to": frame_rate}
    write_reading(
        features_path,
        table_path,
        source,
        source_table,
        prepare,
        frame_rate,
        described,
        not_finite,
    )
