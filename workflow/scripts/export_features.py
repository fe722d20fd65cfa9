from robust_mer.jobs import job

wildcards = snakemake.wildcards
with job(snakemake, f"export_features {wildcards.corruption} fold {wildcards.fold}"):
    from robust_mer.corruption.corrupt import read_alpha_bars
    from robust_mer.export.mmin_layout import export_features

    export_features(
        snakemake.output.features,
        snakemake.output.readme,
        utterances_csv=snakemake.input.utterances,
        folds_csv=snakemake.input.folds,
        features=dict(zip(snakemake.params.extractors, snakemake.input.features, strict=True)),
        extractors=snakemake.params.extractors,
        normalise=snakemake.params.normalise,
        not_finite=snakemake.params.not_finite,
        noises=snakemake.params.noises,
        alpha_bars=read_alpha_bars(snakemake.input.schedule) if snakemake.input.schedule else {},
        corruption=wildcards.corruption,
        fold=int(wildcards.fold),
        seed=snakemake.params.seed,
    )
