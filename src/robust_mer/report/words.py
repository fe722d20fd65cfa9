"""What tables, figures and the page say: titles, captions, notes, heads of columns.

Nothing here changes a number, so an edit reruns nothing. Numbers arrive as arguments.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from robust_mer.report.verdicts import (
    AGREES,
    CONTRADICTS,
    NOT_COMPARABLE,
    NOT_KNOWN,
    NOT_REPRODUCED,
    NOT_RUN,
    NOTE,
    PROBLEM,
    REPRODUCED,
    UNDECIDABLE,
    UNDECIDED,
    WARNING,
)

# Words and escapes.


def count(number: int, noun: str) -> str:
    """A number of things: ``1 fold``, ``10 folds``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def escape_markdown(text: str) -> str:
    """A text as a cell or a line of Markdown."""
    return re.sub(r"([\\|*<`])", r"\\\1", text)


def unescape_markdown(text: str) -> str:
    """A text without the backslashes of `escape_markdown`."""
    return re.sub(r"\\([\\|*<`])", r"\1", text)


_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": "$<$",
        ">": "$>$",
        "±": r"$\pm$",
        "−": "$-$",
        "×": r"$\times$",
        "†": r"$\dagger$",
    }
)


def escape_latex(text: str) -> str:
    """A text as LaTeX shows it."""
    return text.translate(_LATEX)


def marked(model: str, is_mask_aware: bool) -> str:
    """A model's name, marked if it knows which modalities are corrupted."""
    return f"{model} †" if is_mask_aware else model


def trained_elsewhere(name: str, training: str) -> str:
    """A model that was trained on something else than it is tested on."""
    return f"{name} (trained on {training})"


def folds_and_seeds(folds: int, seeds: int) -> str:
    """How much was run."""
    return f"{count(folds, 'fold')}, {count(seeds, 'seed')}"


# Heads of columns.

MODEL, TRAINED_ON, NOISE, SNR = "Model", "Trained on", "Noise", "SNR (dB)"
CONDITIONS = {"none": "none", "complete": "complete", "average": "Avg", "pooled": "pooled"}
"""Heads of the conditions of which there is one."""
SNRS = {"reached": "Nominal SNR (dB)", "true": "True SNR (dB)"}
OURS, FOLDS, SPREAD, PAPER, DIFFERENCE = "ours", "folds", "± sd (n)", "paper", "ours − paper"
DATASET = "Dataset"
P, HOLM = "p", "Holm"
INTERVAL, P_HOLM = "95 % interval", "p (Holm)"
RELIABILITY = {
    "accuracy": "accuracy",
    "confidence": "mean confidence",
    "ece": "ECE",
    "aurc": "AURC",
}
RAW_LABELS = [
    "Corruption",
    "Modality",
    "SNR at the embedding (dB)",
    "Model",
    "Trained on",
]
RAW_GROUP = "That modality corrupted"


def equal_noise(measure: str) -> str:
    """Head of the column with the Gaussian noise that is as harmful."""
    return f"Gaussian noise of equal {measure} (dB)"


# Titles of tables and figures; {measures} and {main} stand for what is measured.

TITLE_AVERAGE = "Average over the partial conditions"
TITLE_CONDITIONS = "Every condition"
TITLE_COMPARISONS = "Comparisons of models"
TITLE_RELIABILITY = "Calibration"
TITLE_CLAIMS = "The papers' claims"
TITLE_ORDERINGS = "The papers' orderings"
TITLE_AUDIT = "Validity"
TITLE_RAW = "Corruptions of recordings"
TITLE_PAPERS = "In the papers' layouts, beside their numbers"
TITLE_SNR = "{measures} against the SNR"
TITLE_CONDITIONS_FIGURE = "{main} in each condition"
TITLE_TRANSFER = "{main} on corruptions that were not trained on"
TITLE_SWEEP = "Effect of hyperparameters"
TITLE_CONFUSION = "Confusion matrices"
TITLE_ERRORS = "Errors by emotion, condition and speaker"
TITLE_RISK = "Calibration, and risk against coverage"
TITLE_LEARNING = "Learning curves"
TITLE_RAW_FIGURE = "SNR at the embedding against harm"
TITLE_TSNE = "Clean and noisy embeddings"
TITLE_RECONSTRUCTIONS = "Rebuilt representations"

# Captions of tables.


def caption(experiment: str, corpus: str, about: str) -> str:
    """Caption of most tables."""
    return f"Experiment {experiment} on {corpus}: {about}"


ABOUT_AVERAGE = "mean of partial conditions"
ABOUT_CONDITIONS = "each condition"
ABOUT_COMPARISONS = "model − other"
ABOUT_RELIABILITY = "calibration"
ABOUT_RAW = "what corruptions of recordings amount to"


def of_model(about: str, model: str) -> str:
    """What a table is about that holds one model alone."""
    return f"{about} of {model}"


def paper_caption(paper: str, experiment: str, corpus: str, layout: str) -> str:
    """Caption of a table in a paper's layout."""
    return f"{paper}, with experiment {experiment} on {corpus}. {layout}"


def claims_caption(experiment: str, corpus: str) -> str:
    """Caption of the counts of verdicts."""
    return f"Published numbers beside experiment {experiment} on {corpus}"


CLAIMS_CELLS = "Each number"


def orderings_caption(experiment: str, corpus: str) -> str:
    """Caption of the counts of pairs."""
    return f"Orderings of models: experiment {experiment} on {corpus}"


ORDERINGS_CELLS = "Pairs that contradict a paper"


def audit_caption(experiment: str, corpus: str) -> str:
    """Caption of the validity audit."""
    return f"Validity of experiment {experiment} on {corpus}"


# Notes below tables.

NOTE_CLEAN = "clean: no corruption, all modalities."
NOTE_CONDITIONS = (
    "A condition names the clean modalities; the others are corrupted. none: all are "
    "corrupted; complete: none is."
)
NOTE_SNR = (
    "Nominal SNR: what the noise schedule reaches, with noise of power 1. True SNR: with the power "
    "that the noise has on the data. Means over the folds; a letter names the modality where they "
    "differ."
)
NOTE_ONE_CONDITION = (
    "Every utterance is tested under one of these conditions, drawn at random, the same "
    "for all models. pooled: all these utterances together; the average gives each "
    "condition the same weight, however many utterances it has."
)
NOTE_SAME = "same: trained on the corruption of the test, with some modalities clean."
NOTE_SAME_NONE = "same, none clean: trained on that corruption of all modalities."
NOTE_MASK_AWARE = "†: is told which modalities are corrupted, the others are not."
NOTE_PAPER = "paper: as published for NMER."


def note_average(partial: Sequence[str]) -> str:
    """What the average is."""
    return (
        "Average: unweighted mean, in every fold and seed, of the conditions in which some "
        f"modalities are clean and some are not ({', '.join(partial) or 'not evaluated here'}), as "
        "far as a model has them."
    )


def note_fewer_conditions(corruption: str, conditions: Iterable[str]) -> str:
    """That a corruption does not have all partial conditions."""
    return f"Average of {corruption}: of {', '.join(conditions)}, all that it has."


def note_by_turns(name: str, corruptions: Iterable[str]) -> str:
    """What a name stands for that means several corruptions by turns."""
    return f"{name}: by turns {', '.join(corruptions)}."


def note_by_modality(name: str, corruptions: Mapping[str, str]) -> str:
    """What a name stands for that means a corruption per modality."""
    parts = (f"{modality} {corruption}" for modality, corruption in corruptions.items())
    return f"{name}: {', '.join(parts)}."


def note_snrs(snrs: Mapping[str, Sequence[str]]) -> str:
    """The SNRs of the corruptions of a table."""
    texts = (f"{name}: {' / '.join(snr or '–' for snr in both)}" for name, both in snrs.items())
    return f"{NOTE_SNR} Nominal / true SNR in dB: {'; '.join(texts)}."


def note_measures(corpus: str, folds: int, seeds: int, definitions: Mapping[str, str]) -> str:
    """Which part was measured by what, and what the spread is.

    Args:
        corpus: Its name.
        folds: How many.
        seeds: How many.
        definitions: Of every measure, by its title.
    """
    spread = "a single value has no standard deviation"
    if folds * seeds > 1:
        spread = f"± is the standard deviation of the {folds * seeds} fold × seed values"
    known = {title: text for title, text in definitions.items() if text}
    verbs = ("is ", *[""] * len(known))
    meaning = ", ".join(
        f"{title} {verb}{text}" for (title, text), verb in zip(known.items(), verbs, strict=False)
    )
    all_of_them = {1: "", 2: ", both"}.get(len(definitions), ", all")
    return (
        f"Test part of {corpus}, {folds_and_seeds(folds, seeds)}; {meaning}{all_of_them} "
        f"as fractions; mean over folds, then over seeds; {spread}."
    )


def notes_comparisons(
    confidence: str,
    replicates: int,
    folds: int,
    test_to_train: str,
    pairs: int,
    clear: int,
    tests: int,
    level: str,
) -> list[str]:
    """What intervals and p of comparisons mean, and how many are clear."""
    return [
        f"In brackets the {confidence} interval by bootstrap over speakers and their "
        f"utterances ({replicates} replicates): what other people would change, not what "
        "another training would.",
        f"p: corrected resampled t-test over {count(folds, 'fold')}, test "
        f"parts {test_to_train} of training parts; Holm: adjusted for all "
        f"{pairs} pairs here. {clear} of {tests} "
        f"adjusted p are below {level}.",
    ]


def note_reliability(bins: int, seeds: int) -> str:
    """What the measures of calibration are."""
    return (
        f"ECE: expected calibration error, {bins} bins; AURC: area under the risk-coverage "
        "curve, the mean share of wrong answers among the most confident ones; 0 is best. On "
        "the test utterances of all folds together; mean ± standard deviation over "
        f"{count(seeds, 'seed')}."
    )


def notes_raw(folds: int, main: str, measures: Sequence[str]) -> list[str]:
    """What the columns of the table of raw corruptions mean."""
    return [
        "SNR at the embedding: 10 log10(g² var(x) / var(x' − g x)) of utterances' mean "
        "features x, clean, and x', corrupted, with the best gain g; normalised with the "
        "fold's clean training part, measured on its test part; mean ± standard deviation "
        f"over {count(folds, 'fold')}.",
        f"Gaussian noise of equal {main}: nominal SNR at which Gaussian noise on the features of "
        f"that modality brings the same model to the same {main} (isotonic regression and linear "
        "interpolation), in brackets the SNR at the embedding that this noise has; > and < "
        f"where that lies beyond what was measured, nothing where {main} does not rise with SNR.",
        f"{' and '.join(measures)}: test part, that modality corrupted and all others clean; mean "
        "over folds, then over seeds; ± standard deviation over folds and seeds.",
    ]


def note_without_corruption(model: str, trained_on: str, measure: str, score: str) -> str:
    """What a model reaches on clean data."""
    return f"Without corruption, {model} (trained on {trained_on}) has a {measure} of {score}."


def note_other_corpora(corpora: Sequence[str], corpus: str) -> str:
    """That a paper's table is of other corpora."""
    return (
        f"The paper's table is of {' and '.join(corpora)}, these figures are of "
        f"{corpus}; no published number stands beside them."
    )


def note_sizes(folds: int) -> str:
    """What the sizes of parts are of."""
    return (
        "The parts are those of the first fold; folds: smallest to largest of "
        f"{count(folds, 'fold')}. The paper counts each of IEMOCAP's 557 test utterances six "
        "times, once a condition."
    )


def note_layout(folds: int, seeds: int) -> str:
    """What the numbers in a paper's layout are."""
    return (
        f"Mean over {count(folds, 'fold')}, then over {count(seeds, 'seed')}, of the test part; "
        "sd: standard deviation of the n values of folds and seeds (of the folds' differences, "
        "for a gain). What was not run is empty. The csv has the bootstrap's 95 % interval as low "
        "and high."
    )


def note_mask_aware(models: Sequence[str]) -> str:
    """Which models know what is corrupted."""
    return f"Told which modalities are corrupted: {', '.join(models)}."


def notes_claims(max_half_width: str, min_speakers: int, speakers: int) -> list[str]:
    """What the verdicts mean."""
    return [
        f"{REPRODUCED}: the published number lies in our 95 % interval, whose half width is at "
        f"most {max_half_width}; {NOT_REPRODUCED}: it lies outside; {UNDECIDABLE}: the interval "
        f"holds it but is wider, or rests on fewer than {min_speakers} speakers (here: "
        f"{speakers}); {NOT_COMPARABLE}: ours is of another corpus; {NOT_RUN}: there is none of "
        "ours (not listed below).",
        "The interval is of speakers and utterances, not of training; numbers of utterances are "
        "compared exactly.",
    ]


NOTE_ORDERINGS = (
    f"{AGREES}, {CONTRADICTS}: the 95 % interval of our difference does not hold 0; "
    f"{UNDECIDED}: it does. The interval is of speakers and utterances; p is of the corrected "
    "resampled t-test over the folds, after Holm."
)
NOTE_AUDIT = (
    f"{PROBLEM}: figures are too good; {WARNING}: they may be; {NOTE}: to be said with them; "
    f"{NOT_KNOWN}: nothing says whether."
)


def foot_markdown(origin: str) -> str:
    """The last line of a table in Markdown."""
    return f"\n*Made from: {escape_markdown(origin)}*\n"


def foot_latex(origin: str) -> str:
    """The last line of a table in LaTeX."""
    return f"% made from: {origin}\n"


# Headlines of figures, and the names of their axes.

SNR_AXES = {"dB": "SNR (dB)", "%": "Rate (%)", "px": "Pixels", "ms": "Milliseconds"}
"""Axis of a corruption's amount, by its unit."""
CHANCE = "chance (most frequent class)"
NO_CORRUPTION = "no corruption"
ERRORS_BY = {"label": "emotion", "condition": "condition", "speaker": "speaker"}
EPOCH, TRAINING_LOSS, RISK, COVERAGE = "epoch", "training loss", "risk", "coverage"
CALIBRATION_ERROR = "expected calibration error"
SNR_AT_EMBEDDING = "SNR at the embedding (dB)"
_BANDS = "± 1 standard deviation"


def headline_snr(partial: Sequence[str], corpus: str, runs: str) -> str:
    """Of the curves against the SNR."""
    return (
        f"Mean over the partial conditions ({', '.join(partial)}), {corpus}, {runs}; bands and "
        f"bars: {_BANDS}"
    )


def headline_conditions(measure: str, corpus: str, runs: str) -> str:
    """Of the scores in each condition."""
    return f"{measure} in each condition (letters: the clean modalities), {corpus}, {runs}"


def headline_confusion(corpus: str, runs: str) -> str:
    """Of the confusion matrices."""
    return (
        "Share of each true class (row) by the class that was predicted (column), over the partial "
        f"conditions, {corpus}, {runs}"
    )


def headline_errors(corpus: str, runs: str) -> str:
    """Of the errors by emotion, condition and speaker."""
    return f"Share of wrong predictions over the partial conditions, {corpus}, {runs}"


def too_many_speakers(speakers: int) -> str:
    """Why the errors have no panel of speakers."""
    return f"; {speakers} speakers are too many to be shown one by one"


def headline_learning(corpus: str, runs: str) -> str:
    """Of the learning curves."""
    return f"Training, {corpus}, {runs}; bands: {_BANDS}"


def headline_raw(corpus: str, runs: str) -> str:
    """Of raw corruptions beside Gaussian noise."""
    return (
        "Corruptions of recordings (points) and Gaussian noise on features (lines), one modality "
        f"corrupted and the others clean; {corpus}, {runs}; bars: {_BANDS}; arrows: beyond the "
        "measured SNRs"
    )


def headline_reliability(corpus: str, runs: str) -> str:
    """Of risk, coverage and calibration."""
    return (
        "Mean over the partial conditions: share of wrong predictions among the most confident "
        f"ones (left), expected calibration error (right); {corpus}, {runs}"
    )


def headline_sweep(corpus: str, runs: str) -> str:
    """Of the effect of hyperparameters."""
    return (
        "One hyperparameter changed at a time (ring: the value of the others), mean over the "
        f"partial conditions of the test part, {corpus}, {runs}; bars: {_BANDS}"
    )


def headline_transfer(measure: str, corpus: str, runs: str) -> str:
    """Of scores on corruptions that were not trained on."""
    return (
        f"{measure} by what a model was trained on (rows) and tested on (columns), mean over the "
        f"partial conditions, {corpus}, {runs}"
    )


def headline_embeddings(corpus: str, fold: int) -> str:
    """Of clean and noisy embeddings."""
    return (
        f"t-SNE of clean and noisy embeddings (mean frame of an utterance), {corpus}, fold {fold}; "
        "each row is one fit. d: mean distance of the pairs, in the picture (in embedding space)"
    )


def headline_reconstructions(corpus: str, fold: int) -> str:
    """Of rebuilt representations."""
    return (
        "t-SNE of representations (dark) and of those rebuilt from the other modalities (light), "
        f"{corpus}, fold {fold}, test part; a panel is one fit. d: mean distance of the pairs / of "
        "different utterances, before t-SNE"
    )


def equal_noise_axis(measure: str) -> str:
    """Axis of the Gaussian noise that is as harmful."""
    return f"Gaussian SNR of equal {measure} (dB)"


def trained_on_title(training: str) -> str:
    """Of a panel."""
    return f"trained on {training}"


def by_title(by: str) -> str:
    """Of a panel of errors."""
    return f"by {ERRORS_BY[by]}"


def model_panel(model: str, trained_on: str) -> str:
    """Of a panel for one model."""
    return f"{model}, trained on {trained_on}"


def validation_axis(measure: str) -> str:
    """Axis of a measure on validation data."""
    return f"validation {measure}"


# Sentences of the page.

NO_AVERAGE = "No average over partial conditions was evaluated."
NO_LEAD_TESTED = "None of these leads could be tested, which takes two folds; they may be chance."
LEFT_OUT = (
    "Models marked † are told which modalities are corrupted and are left out of this comparison."
)


def average_of(measure: str) -> str:
    """What models are compared by."""
    return f"average {measure}"


def all_corrupted(measure: str) -> str:
    """What models are compared by that were trained with no modality clean."""
    return f"{measure} with all modalities corrupted"


def win(model: str, won: int, corruptions: int, lead: str | None) -> str:
    """Under how many corruptions a model is the best."""
    by = f" (by {lead} over the next model)" if lead else ""
    return f"{model} under {won} of {count(corruptions, 'corruption')}{by}"


def highest(about: str, wins: Iterable[str]) -> str:
    """Which models are the best."""
    return f"Highest {about}: {', '.join(wins)}."


def means_over(folds: int, seeds: int) -> str:
    """How much is behind the numbers."""
    return f"These are means over {count(folds, 'fold')} and {count(seeds, 'seed')}."


def in_each(texts: Iterable[str]) -> str:
    """The best model under each corruption."""
    return f"In each: {'; '.join(texts)}."


def best(corruption: str, model: str, score: str) -> str:
    """The best model under one corruption."""
    return f"{corruption}: {model} {score}"


def ahead(over: str | None, following: str) -> str:
    """The lead of the best model; None: there is none."""
    return f", {over} above {following}" if over else f", level with {following}"


def how_sure(low: str, high: str, p: str | None) -> str:
    """Interval and p of a lead."""
    return f" (95 % interval {low} to {high}" + (f", p = {p})" if p else ")")


def significant(tested: int, sure: int, level: str) -> str:
    """How many of the leads are more than chance."""
    return (
        f"Of {count(tested, 'tested lead')} {sure or 'none'} "
        f"{'is' if sure < 2 else 'are'} significant (paired t-test over the folds, corrected for "
        f"overlapping training sets and, after Holm, for all comparisons made here; p < {level})."
    )


def beside_published(about: str, least: str, most: str, numbers: int) -> str:
    """How far ours are from the published numbers."""
    return (
        f"Ours minus published {about} lies between {least} and {most} "
        f"({count(numbers, 'number')})."
    )


def not_finite(values: int, utterances: int, instead: str) -> str:
    """How many values were replaced."""
    return (
        f"Not finite: {count(values, 'value')} in {count(utterances, 'utterance')}; "
        f"{instead} takes their place."
    )


SUBCATEGORIES = {
    "average": "Average over the partial conditions",
    "conditions": "Every condition",
    "papers": "The papers' tables",
    "statistics": "Statistics",
    "raw": "Corruptions of recordings",
    "audit": "Validity",
}
"""Of tables in Snakemake's own report, by `ResultTable.section`."""
