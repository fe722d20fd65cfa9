from pathlib import Path

from robust_mer.jobs import job

wildcards, params = snakemake.wildcards, snakemake.params
with job(snakemake, f"{snakemake.rule} {wildcards.model} {wildcards.trained_on}"):
    from robust_mer.identity import parse_identity
    from robust_mer.modality import modalities_of
    from robust_mer.protocol import PROTOCOLS, Corruption, noise_specs, parse_trained_on
    from robust_mer.runtime import Runtime
    from robust_mer.settings import Plugin
    from robust_mer.task import DEFAULT_TASK
    from robust_mer.training.spec import TrainFiles, TrainSpec
    from robust_mer.training.train import train_replicas

    training = snakemake.config["training"]  # not params: how wide a run is changes no result
    spec = TrainSpec(
        model=Plugin(**params.model),
        modalities=modalities_of(
            params.extractors, params.normalise, params.not_finite, params.encoders
        ),
        trained_on=wildcards.trained_on,
        corruptions=tuple(
            Corruption(name, noise_specs(how["noises"]), how["seed"])
            for name, how in params.corruptions.items()
        ),
        protocol=Plugin(PROTOCOLS[parse_trained_on(wildcards.trained_on)[1]], {}),
        task=DEFAULT_TASK,
        teacher=next(iter(params.teacher_implementations), None),
        code=parse_identity(params.code)[0],
    )
    files = TrainFiles(
        utterances=Path(snakemake.input.utterances),
        folds=Path(snakemake.input.folds),
        features=[Path(path) for path in snakemake.input.features],
        schedules=[Path(path) for path in snakemake.input.schedules],
        teachers=[Path(path) for path in snakemake.input.teachers],
        checkpoints=[Path(path) for path in snakemake.output.checkpoints],
        histories=[Path(path) for path in snakemake.output.histories],
    )
    runtime = Runtime(
        threads=snakemake.threads,
        device=training["device"],
        max_replicas=None if training["max_replicas"] == "auto" else training["max_replicas"],
    )
    train_replicas(spec, files, runtime)
