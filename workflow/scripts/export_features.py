from robust_mer.jobs import job

wildcards, params = snakemake.wildcards, snakemake.params
with job(snakemake, f"export_features {wildcards.corruption} fold {wildcards.fold}"):
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.export.mmin_layout import export_features
    from robust_mer.modality import modalities_of
    from robust_mer.protocol import Corruption, noise_specs

    export_features(
        snakemake.output.features,
        snakemake.output.readme,
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        modalities=modalities_of(params.extractors, params.normalise, params.not_finite),
        features=snakemake.input.features,
        corruption=Corruption(wildcards.corruption, noise_specs(params.noises), params.seed),
        alpha_bars=read_alpha_bars(snakemake.input.schedule) if snakemake.input.schedule else {},
        fold=int(wildcards.fold),
    )
