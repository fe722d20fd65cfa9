from pathlib import Path

from pydantic import TypeAdapter

from robust_mer.jobs import job

with job(snakemake, f"calibrate_raw {snakemake.wildcards.experiment}") as record:
    from robust_mer.evaluation.calibration import CalibrationFiles, calibrate_raw
    from robust_mer.evaluation.spec import CalibrationSpec
    from robust_mer.provenance.origin import origin
    from robust_mer.report.spec import Experiment, TableFiles, TableSpec
    from robust_mer.report.tables.base import make_table
    from robust_mer.report.tables.registry import TABLES
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin

    experiment = TypeAdapter(Experiment).validate_python(snakemake.params.experiment)
    runtime = Runtime(origin=origin(record))
    calibration, md, tex = map(Path, snakemake.output)
    calibrate_raw(
        CalibrationSpec(
            experiment,
            snakemake.params.raw,
            tuple(snakemake.params.gaussian),
            snakemake.params.modalities,
        ),
        CalibrationFiles(
            Path(snakemake.input.summary),
            list(map(Path, snakemake.input.schedules)),
            list(map(Path, snakemake.input.noises)),
            calibration,
        ),
        runtime,
    )
    make_table(
        TableSpec("raw", Plugin(TABLES["raw"], {}), experiment),
        TableFiles(calibration=calibration, md=md, tex=tex),
        runtime,
    )
