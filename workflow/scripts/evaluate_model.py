from pathlib import Path

from robust_mer.jobs import job

wildcards, params = snakemake.wildcards, snakemake.params
with job(snakemake, f"evaluate_model {wildcards.model} {wildcards.tested_on}"):
    from robust_mer.evaluation.evaluate import evaluate_replicas
    from robust_mer.evaluation.spec import EvaluateFiles, EvaluateSpec
    from robust_mer.modality import modalities_of
    from robust_mer.protocol import Corruption, noise_specs
    from robust_mer.replicas import Replica
    from robust_mer.runtime import Runtime

    spec = EvaluateSpec(
        modalities=modalities_of(params.extractors, None, params.not_finite),
        corruption=Corruption(
            wildcards.tested_on,
            noise_specs(params.noises),
            params.seed,
            next(iter(params.raw), None),
        ),
        implementation=params.implementation,
        replicas=tuple(Replica(*replica) for replica in params.replicas),
    )
    schedule = snakemake.input.schedule
    files = EvaluateFiles(
        utterances=Path(snakemake.input.utterances),
        folds=Path(snakemake.input.folds),
        features=[Path(path) for path in snakemake.input.features],
        corrupted=[Path(path) for path in snakemake.input.corrupted],
        schedule=Path(schedule) if schedule else None,
        checkpoints=[Path(path) for path in snakemake.input.checkpoints],
        predictions=Path(snakemake.output.predictions),
    )
    device = snakemake.config["training"]["device"]
    evaluate_replicas(spec, files, Runtime(threads=snakemake.threads, device=device))
