"""Jobs of workflow/rules/report.smk, and of evaluation.smk where it measures noise."""

from collections.abc import Mapping
from typing import Any

from robust_mer.conditions import CLEAN
from robust_mer.evaluation.experiment import Experiment
from robust_mer.evaluation.spec import (
    CalibrationSpec,
    NoiseSnrSpec,
    PeekingSpec,
    ScoresSpec,
    SetsSpec,
    SplitSpec,
    SummarySpec,
)
from robust_mer.plan.job import Job, Paths
from robust_mer.plan.plan import Plan
from robust_mer.plan.report import SAMPLES
from robust_mer.plan.rules.features import feature_names
from robust_mer.plan.rules.training import implementations
from robust_mer.plan.values import without_folders
from robust_mer.report.spec import (
    EmbeddingsSpec,
    FigureSpec,
    ReconstructionsSpec,
    ReportSpec,
    Shown,
    TableSpec,
)
from robust_mer.settings import Plugin, load


def measure_noise(plan: Plan, wildcards: Any) -> Job:
    """The true SNR of a noise on features, per modality."""
    corpus, layout = wildcards.corpus, plan.layout
    corruption = plan.corruption(corpus, wildcards.corruption)
    modalities = plan.corpora[corpus].of_model(corruption.touched)
    return Job(
        "robust_mer.evaluation.embeddings:measure_noise",
        NoiseSnrSpec(corruption=corruption, modalities=modalities),
        inputs={
            "utterances": layout.utterances(corpus),
            "folds": layout.folds(corpus),
            "features": plan.feature_files(corpus, modalities),
            "schedule": layout.schedule(corpus, wildcards.corruption),
        },
        uses=tuple(implementations([corruption])),
    )


def write_summary(plan: Plan, wildcards: Any) -> Job:
    """Every measure of an experiment."""
    report, name = plan.report, wildcards.experiment
    experiment, scheduled = report.experiment(name), report.scheduled(name)
    schedules = [plan.layout.schedule(experiment.corpus, c) for c in scheduled]
    return Job(
        "robust_mer.evaluation.scores:write_summary",
        SummarySpec(experiment=experiment, scheduled=tuple(scheduled)),
        inputs={
            **report.inputs(name, ["predictions", "published", "presence"]),
            "schedules": schedules,
        },
        chosen=report.inputs(name, ["published"]),
        uses=_tested(report.experiment(name)),
    )


def compute_statistics(plan: Plan, wildcards: Any) -> Job:
    """Intervals, comparisons and reliability of an experiment."""
    report, name = plan.report, wildcards.experiment
    return Job(
        "robust_mer.evaluation.scores:compute_statistics",
        ScoresSpec(experiment=report.experiment(name)),
        inputs=report.inputs(name, ["predictions", "utterances", "folds", "presence"]),
        uses=_tested(report.experiment(name)),
    )


def measure_peeking(plan: Plan, wildcards: Any) -> Job:
    """What a selection on test data would print."""
    report, name = plan.report, wildcards.experiment
    experiment, facts = report.experiment(name), report.facts(name)
    return Job(
        "robust_mer.evaluation.peeking:measure_peeking",
        PeekingSpec(experiment, facts.peeked, facts.learning),
        inputs=report.inputs(name, ["peeked", "histories", "utterances", "folds", "presence"]),
        uses=_tested(experiment),
    )


def measure_sets(plan: Plan, wildcards: Any) -> Job:
    """Coverage and size of prediction sets."""
    report, name = plan.report, wildcards.experiment
    return Job(
        "robust_mer.evaluation.sets:measure_sets",
        SetsSpec(experiment=report.experiment(name)),
        inputs=report.inputs(name, ["predictions", "utterances", "folds"]),
        uses=_measured(report.experiment(name)),
    )


def split_tables(plan: Plan, wildcards: Any) -> Job:
    """Measures by the values of a column."""
    report, name = plan.report, wildcards.experiment
    return Job(
        "robust_mer.evaluation.split:write_split",
        SplitSpec(experiment=report.experiment(name), column=wildcards.column),
        inputs=report.inputs(name, ["predictions", "utterances", "presence"]),
        uses=_tested(report.experiment(name)),
    )


def calibrate_raw(plan: Plan, wildcards: Any) -> Job:
    """Corruptions of recordings, expressed as noise on features."""
    report, name = plan.report, wildcards.experiment
    section = plan.grid.experiments[name]
    raws = {c: plan.corruptions.raw(c) for c in report.raw_corruptions(name)}
    gaussian = report.at_snrs(section).get("gaussian", [])
    modalities = {
        model: [m.name for m in plan.modalities(section.corpus, model)] for model in section.models
    }
    return Job(
        "robust_mer.evaluation.calibration:calibrate_raw",
        CalibrationSpec(
            experiment=report.experiment(name),
            raw={c: raw.modality for c, raw in raws.items() if raw is not None},
            gaussian=tuple(gaussian),
            modalities=modalities,
        ),
        inputs={
            **report.inputs(name, ["summary"]),
            "schedules": [plan.layout.schedule(section.corpus, c) for c in raws],
            "noises": [plan.layout.embedding_snr(section.corpus, c) for c in gaussian],
        },
        uses=_measured(report.experiment(name)),
    )


def make_table(plan: Plan, wildcards: Any) -> Job:
    """A table of results."""
    tables = plan.report.tables(wildcards.experiment)
    function = "robust_mer.report.tables.base:make_table"
    return _of_plugin(plan, wildcards.experiment, function, TableSpec, wildcards.table, tables)


def make_figure(plan: Plan, wildcards: Any) -> Job:
    """A figure of results."""
    figures = plan.report.figures(wildcards.experiment)
    function = "robust_mer.report.figures.base:make_figure"
    return _of_plugin(plan, wildcards.experiment, function, FigureSpec, wildcards.figure, figures)


def _of_plugin(
    plan: Plan,
    experiment: str,
    function: str,
    spec: type[TableSpec] | type[FigureSpec],
    name: str,
    plugins: Mapping[str, Plugin],
) -> Job:
    """A table or figure, which says itself what it reads."""
    report, plugin = plan.report, plugins[name]
    kind = load(plugin.implementation)
    return Job(
        function,
        spec(
            name,
            plugin,
            report.experiment(experiment),
            report.facts(experiment).only(kind.uses),
        ),
        inputs=report.inputs(experiment, kind.reads),
        chosen=report.inputs(experiment, {"published"}.intersection(kind.reads)),
        uses=(plugin.implementation, *_measured(report.experiment(experiment))),
    )


def draw_embeddings(plan: Plan, wildcards: Any) -> Job:
    """Clean and noisy embeddings (NMER, Figure 3)."""
    report, name = plan.report, wildcards.experiment
    corpus = plan.grid.experiments[name].corpus
    corruptions = tuple(plan.corruption(corpus, c) for c in report.facts(name).drawn)
    return Job(
        "robust_mer.report.figures.embeddings:draw_embeddings",
        EmbeddingsSpec(
            experiment=report.experiment(name).heading(report.facts(name).drawn),
            corruptions=corruptions,
            modalities=plan.modalities(corpus),
        ),
        inputs={
            **report.inputs(name, ["utterances", "folds"]),
            "features": plan.feature_files(corpus, plan.modalities(corpus)),
            "schedules": [plan.layout.schedule(corpus, c.name) for c in corruptions],
        },
        uses=tuple(implementations(corruptions)),
    )


def draw_reconstructions(plan: Plan, wildcards: Any) -> Job:
    """Representations that models reconstruct, beside the true ones."""
    report, name = plan.report, wildcards.experiment
    section = plan.grid.experiments[name]
    rebuilt = report.facts(name).reconstructing
    first = plan.grid.replicas_of(section)[:1]
    models = sorted({plan.models[model].plugin.implementation for model, _ in rebuilt})
    return Job(
        "robust_mer.report.figures.reconstructions:draw_reconstructions",
        ReconstructionsSpec(
            experiment=report.experiment(name).heading(),
            names=tuple(m if on == CLEAN else f"{m} ({on})" for m, on in rebuilt),
            modalities=plan.modalities(section.corpus),
            trusted=tuple(models),
        ),
        inputs={
            **report.inputs(name, ["utterances", "folds"]),
            "features": plan.feature_files(section.corpus, plan.modalities(section.corpus)),
            "checkpoints": [
                path
                for model, trained_on in rebuilt
                for path in plan.checkpoints(section.corpus, model, trained_on, first)
            ],
        },
        uses=tuple(models),
    )


def write_report(plan: Plan, wildcards: Any) -> Job:
    """The report of the run."""
    inputs: dict[str, Paths] = {}
    for name in plan.grid.experiments:
        for kind, paths in _shown_files(plan, name).items():
            inputs[kind] = [*inputs.get(kind, []), *paths]
    entries = tuple(_shown(plan, name) for name in plan.grid.experiments)
    plugins = [p for one in entries for p in (*one.tables.values(), *one.figures.values())]
    return Job(
        "robust_mer.report.page:write_report",
        ReportSpec(
            experiments=entries,
            checkpoints=tuple(
                path
                for job in plan.grid.training_jobs
                for path in plan.checkpoints(*job.training, job.replicas)
            ),
            config=_shown_config(plan),
        ),
        inputs={**inputs, "samples": f"{plan.report.published}/{SAMPLES}"},
        uses=(
            *sorted({plugin.implementation for plugin in plugins}),
            *sorted({one.experiment.task.implementation for one in entries}),
        ),
    )


def _shown(plan: Plan, name: str) -> Shown:
    """What the report shows of an experiment."""
    report, corpus = plan.report, plan.grid.experiments[name].corpus
    of_raw = [
        f"{plan.corpora[corpus].modality(modality).features} of {raw}"
        for modality, raw in report.recordings(name)
    ]
    return Shown(
        experiment=report.experiment(name),
        facts=report.facts(name).only(("data",)),
        tables=report.tables(name),
        figures=report.figures(name),
        has_calibration=bool(report.raw_corruptions(name)),
        logs=(*feature_names(plan, corpus), *of_raw),
        scheduled=tuple(report.scheduled(name)),
        replaced=_replaced(plan, corpus),
    )


def _shown_files(plan: Plan, name: str) -> dict[str, list[str]]:
    """Files of an experiment by the fields of `robust_mer.report.page.ReportFiles`."""
    report, layout = plan.report, plan.layout
    section = plan.grid.experiments[name]
    corpus, raws = section.corpus, report.raw_corruptions(name)
    return {
        "summaries": [layout.table(name, "all")],
        "comparisons": [layout.table(name, "comparisons")],
        "calibrations": [layout.table(name, "raw")] if raws else [],
        "tables": [layout.table(name, table, ".md") for table in report.tables(name)],
        **{
            kind: [layout.figure(name, figure, suffix) for figure in report.figures(name)]
            for kind, suffix in (("figures", ".svg"), ("captions", ".txt"), ("charts", ".vl.json"))
        },
        "logs": [
            *(layout.features(corpus, one, ".csv") for one in feature_names(plan, corpus)),
            *(plan.corrupted_features(corpus, *one, ".csv") for one in report.recordings(name)),
        ],
        "replaced": [layout.features(corpus, one) for one in _replaced(plan, corpus)],
        "schedules": [layout.schedule(corpus, c) for c in report.scheduled(name)],
        "features": [layout.of_corpus(corpus, "features.csv")],
        "utterances": [layout.utterances(corpus)],
        "folds": [layout.folds(corpus)],
        "checks": [layout.of_corpus(corpus, "fold_checks.csv")],
        "problems": [layout.of_corpus(corpus, "index_problems.csv")],
        "others": [
            *(layout.schedule(corpus, c) for c in plan.scheduled(section)),
            *(layout.table(name, table) for table in report.table_files(name)),
        ],
    }


def _replaced(plan: Plan, corpus: str) -> dict[str, float]:
    """The replacement for non-finite values, by extractor, where the config allows one."""
    return {
        modality.extractor: modality.not_finite
        for modality in plan.corpora[corpus].modalities
        if modality.not_finite is not None
    }


def _shown_config(plan: Plan) -> dict[str, Any]:
    """The parts of the config that the run uses and that affect its results."""
    raw = plan.raw
    models = {training.model for training in plan.grid.final_trainings}
    config = {key: value for key, value in raw.items() if key not in ("training", "gpu")}
    features = without_folders(raw["features"])
    used = ["faces", "sound", "extractors"]
    if any(corpus.heard for corpus in plan.run_corpora):
        used.append("asr")
    config["features"] = {key: features.get(key, {}) for key in used}
    config["corruption"] = plan.corruptions.without_places(raw["corruption"])
    config["experiments"] = {name: raw["experiments"][name] for name in plan.grid.experiments}
    config["models"] = {name: section for name, section in raw["models"].items() if name in models}
    config["corpora"] = {
        name: {key: value for key, value in raw["corpora"][name].items() if key != "root"}
        for name in dict.fromkeys([*plan.grid.corpora, *(c.name for c in plan.recorded_corpora)])
    }
    return config


def _measured(experiment: Experiment) -> tuple[str, ...]:
    """The classes that say what is predicted, and how that is measured."""
    plugins = (experiment.task, *experiment.metrics)
    return tuple(plugin.implementation for plugin in plugins)


def _tested(experiment: Experiment) -> tuple[str, ...]:
    """The same, and the protocols of the tests."""
    protocols = {plugin.implementation for plugin in experiment.tested_under.values()}
    return (*_measured(experiment), *sorted(protocols))
