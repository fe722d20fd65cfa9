from robust_mer.jobs import job

corruption = snakemake.wildcards.corruption
with job(snakemake, f"schedule_noise {corruption}"):
    from pathlib import Path

    from robust_mer.corruption.corrupt import write_schedule
    from robust_mer.corruption.specs import ScheduleFiles, ScheduleSpec
    from robust_mer.modality import Modality
    from robust_mer.protocol import Corruption, noise_specs
    from robust_mer.runtime import Runtime

    params = snakemake.params
    write_schedule(
        ScheduleSpec(
            Corruption(corruption, noise_specs(params.noises)),
            tuple(
                Modality(name, "", features, params.normalise[name], params.not_finite[name])
                for name, features in params.extractors.items()
            ),
            params.mode,
            params.schedule,
        ),
        ScheduleFiles(
            utterances=Path(snakemake.input.utterances),
            folds=Path(snakemake.input.folds),
            features=list(map(Path, snakemake.input.features)),
            schedule=Path(snakemake.output.schedule),
        ),
        Runtime(),
    )
