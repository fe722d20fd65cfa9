"""Features at another frame rate."""

from robust_mer.errors import InputError
from robust_mer.features.rates import rate_ratio, resample
from robust_mer.features.reading import Convert, write_reading
from robust_mer.features.specs import ResampleFiles, ResampleSpec
from robust_mer.runtime import Runtime
from robust_mer.store import Features


def resample_features(spec: ResampleSpec, files: ResampleFiles, runtime: Runtime) -> None:
    """Write the features of a file at ``frame_rate`` frames per second; see `write_reading`.

    Raises:
        InputError: the file's frames have no rate, or one that cannot be converted to this.
    """

    def prepare(store: Features) -> Convert:
        if store.frame_rate is None or store.positions is not None:
            raise InputError(
                f"{files.source} cannot be read at {spec.frame_rate:g} frames per second: its "
                "frames have no constant rate. Remove frame_rate from the modality"
            )
        ratio = rate_ratio(store.frame_rate, spec.frame_rate, str(files.source))
        return lambda frames, row: (resample(frames, ratio), "")

    write_reading(
        files.features,
        files.table,
        files.source,
        files.source_table,
        prepare,
        spec.frame_rate,
        {"resampled_to": spec.frame_rate},
        spec.not_finite,
    )
