"""Texts of tables: titles, column heads, captions, notes."""

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
from robust_mer.report.words.text import count, escape_markdown, folds_and_seeds, listed

# Titles; {measures} and {main} are replaced by the names of the measures.

TITLE_AVERAGE = "Average over the partial conditions"
TITLE_CONDITIONS = "Every condition"
TITLE_PROTOCOLS = "Each protocol"
TITLE_ROBUSTNESS = "Robustness over a range of rates or amounts"
TITLE_RANKINGS = "Order of the models under each protocol"
TITLE_TARGETS = "Each class, label or number"
TITLE_COMPARISONS = "Comparisons of models"
TITLE_RELIABILITY = "Calibration"
TITLE_CLAIMS = "The papers' claims"
TITLE_ORDERINGS = "The papers' orderings"
TITLE_AUDIT = "Validity"
TITLE_RAW = "Corruptions of recordings"
TITLE_PAPERS = "Our results in the papers' layouts, beside the published numbers"

# Column heads.

MODEL, TRAINED_ON, NOISE, SNR = "Model", "Trained on", "Noise", "SNR (dB)"
TESTED_ON, CONDITION = "Tested on", "Condition"
PROTOCOL, RANGE = "Protocol", "Range"
ROBUSTNESS = {"area": "Area", "relative": "Relative", "effective": "Effective"}
RANKINGS = ["Ranking", "Best model", "Same best model", "Mean tau", "Least tau", "with"]
TARGET, ANSWERS = "Target", "Answers"
CONDITIONS = {"none": "none", "complete": "complete", "average": "Avg", "pooled": "pooled"}
"""Column heads of the conditions that are not named after clean modalities."""
SNRS = {"reached": "Nominal SNR (dB)", "true": "True SNR (dB)"}
OURS, FOLDS, SPREAD, PAPER, DIFFERENCE = "ours", "folds", "± sd (n)", "paper", "ours − paper"
UNDEFINED = "NaN"
"""In place of a measure that is not defined, e.g. r of constant predictions."""
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
    """Head of the column with the Gaussian noise that is equally harmful."""
    return f"Gaussian noise of equal {measure} (dB)"


# Captions of tables.


def caption(experiment: str, corpus: str, about: str) -> str:
    """Caption of most tables."""
    return f"Experiment {experiment} on {corpus}: {about}"


ABOUT_AVERAGE = "mean over the partial conditions"
ABOUT_CONDITIONS = "each condition"
ABOUT_ROBUSTNESS = "robustness over a range of rates or amounts"
ABOUT_RANKINGS = "order of the models under each protocol, best first"
ABOUT_TARGETS = "each class, label or number"
ABOUT_COMPARISONS = "differences between models (model − other)"
ABOUT_RELIABILITY = "calibration"
ABOUT_RAW = "corruptions of recordings and the Gaussian noise of equal harm"


def about_protocols(corruption: str) -> str:
    """What a table of protocols is about."""
    return f"{corruption}, under each protocol"


def ranking(corruption: str, protocol: str, training: str) -> str:
    """Which tests rank the models, and how these were trained."""
    trained = "" if training == "same" else f", trained on {training}"
    return f"{corruption}, {protocol}{trained}"


def span(low: str, high: str, unit: str) -> str:
    """From the mildest to the hardest test."""
    return f"{low} to {high} {unit}".strip()


def of_all(number: int, every: int) -> str:
    """So many of all."""
    return f"{number} of {every}"


def of_model(about: str, model: str) -> str:
    """What a table of a single model is about."""
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
    "A condition is named after its clean modalities; the others are corrupted. none: all "
    "modalities are corrupted; complete: all are clean."
)
NOTE_SNR = (
    "Nominal SNR: what the noise schedule reaches if the noise has power 1. True SNR: with the "
    "power of the noise on the data. Both are means over the folds; a letter names the modality "
    "where modalities differ."
)
NOTE_ONE_CONDITION = (
    "Each utterance is tested under one of these conditions, drawn at random and the same for "
    "all models. pooled: all utterances together. The average gives each condition the same "
    "weight, however many utterances it has."
)
NOTE_SAME = "same: trained on the corruption that it is tested on, with some modalities clean."
NOTE_SAME_NONE = "same, none clean: trained on that corruption of all modalities."
NOTE_MASK_AWARE = "†: knows which modalities are corrupted (mask-aware); the other models do not."
NOTE_PAPER = "paper: published NMER result."


NOTE_SAME_PROTOCOL = (
    "same: a separate model for each column, trained on this corruption under the same protocol. "
    "Every other line is one model for all columns. The csv also has the models of one column "
    "in all others."
)


def note_protocols(modalities: int) -> str:
    """How utterances are tested under a protocol."""
    return (
        "Under a protocol, each test utterance has one condition, drawn once and the same for all "
        "models: which modalities are clean; the others are corrupted. random: each modality is "
        f"missing at this rate, one is always left, so at most {1 - 1 / modalities:.1%} are missing"
        ". docs/protocol.md defines all protocols."
    )


def note_robustness(measure: str, reference: str) -> str:
    """The three figures of robustness."""
    return (
        f"Area: mean {measure} over the range, by the trapezoid rule. Relative: area divided by "
        f"the {measure} of the mildest test. Effective: how much less the {measure} falls below "
        f"that of the mildest test than it does for {reference}, on average over the range; 0 for "
        f"{reference}. Amounts of a corruption: mean over the partial conditions; none: all "
        "modalities are corrupted."
    )


def note_runs(folds: int, seeds: int) -> str:
    """How much is behind the numbers."""
    return f"Test part, {folds_and_seeds(folds, seeds)}."


def note_rankings(measure: str, models: int) -> str:
    """What the rankings are, and how they are compared."""
    return (
        f"A ranking orders up to {count(models, 'model')} by {measure} under one protocol; "
        "partial: by the average of the partial conditions. Models are trained under the same "
        "protocol unless the ranking says otherwise, or on clean data alone. Same best model: in "
        "how many of the other rankings. Tau: Kendall's tau-b with another ranking, 1 for the same "
        "order, −1 for the reverse. In brackets: 95 % interval by bootstrap over speakers and "
        "their utterances."
    )


def notes(number: int) -> str:
    """What unfolds the notes below a table."""
    return f"Notes ({number})"


def note_average(partial: Sequence[str]) -> str:
    """What the average is."""
    return (
        "Average: unweighted mean, per fold and seed, over the conditions in which some "
        f"modalities are clean and some are not ({', '.join(partial) or 'not evaluated here'}). A "
        "model that was not tested under all of them has the mean over those that it has."
    )


def note_fewer_conditions(corruption: str, conditions: Iterable[str]) -> str:
    """That a corruption does not have all partial conditions."""
    return f"Average for {corruption}: over {', '.join(conditions)}, its only partial conditions."


def note_by_turns(name: str, corruptions: Iterable[str]) -> str:
    """The corruptions that a name means, one after the other."""
    return f"{name}: {', '.join(corruptions)} in turn."


def note_by_modality(name: str, corruptions: Mapping[str, str]) -> str:
    """The corruption of each modality that a name means."""
    parts = (f"{modality} {corruption}" for modality, corruption in corruptions.items())
    return f"{name}: {', '.join(parts)}."


def note_snrs(snrs: Mapping[str, Sequence[str]]) -> str:
    """The SNRs of the corruptions of a table."""
    texts = (f"{name}: {' / '.join(snr or '–' for snr in both)}" for name, both in snrs.items())
    return f"{NOTE_SNR} Nominal / true SNR in dB: {'; '.join(texts)}."


def note_measures(
    corpus: str, folds: int, seeds: int, definitions: Mapping[str, str], fractions: Sequence[str]
) -> str:
    """What the numbers are of, how they are averaged and what the spread is.

    Args:
        corpus: Name of the corpus.
        folds: Number of folds.
        seeds: Number of seeds.
        definitions: Definition of every measure, by its title.
        fractions: Titles of the measures that are shares.
    """
    spread = "a single value has no standard deviation"
    if folds * seeds > 1:
        spread = f"± is the standard deviation of the {folds * seeds} fold × seed values"
    known = {title: text for title, text in definitions.items() if text}
    verbs = ("is ", *[""] * len(known))
    meaning = ", ".join(
        f"{title} {verb}{text}" for (title, text), verb in zip(known.items(), verbs, strict=False)
    )
    share = f"; {listed(fractions)} as fractions" if fractions else ""
    if len(fractions) == len(definitions):
        share = {1: "", 2: ", both"}.get(len(definitions), ", all") + " as fractions"
    return (
        f"Test part of {corpus}, {folds_and_seeds(folds, seeds)}; {meaning}{share}; "
        f"mean over the folds, then over the seeds; {spread}."
    )


def notes_comparisons(
    confidence: str,
    replicates: int,
    folds: int,
    test_to_train: str,
    clear: int,
    tests: int,
    level: str,
) -> list[str]:
    """What intervals and p of comparisons mean, and how many are significant."""
    return [
        f"In brackets: {confidence} interval by bootstrap over speakers and their utterances "
        f"({replicates} replicates). It shows how much other speakers would change the "
        "difference, not how much another training run would.",
        f"p: corrected resampled t-test over {count(folds, 'fold')}; a test part has "
        f"{test_to_train} times the size of its training part, and none where all folds differ by "
        f"the same or there is one. Holm: p adjusted for all {count(tests, 'p value')} here, of "
        f"which {clear} {'is' if clear == 1 else 'are'} below {level}.",
    ]


def note_reliability(bins: int, seeds: int) -> str:
    """What the measures of calibration are."""
    return (
        f"ECE: expected calibration error, {bins} bins. AURC: area under the risk-coverage "
        "curve, the mean fraction of wrong predictions among the most confident ones; 0 is best. "
        "Computed on the test utterances of all folds together; mean ± standard deviation over "
        f"{count(seeds, 'seed')}."
    )


def notes_raw(folds: int, main: str, measures: Sequence[str]) -> list[str]:
    """What the columns of the table of raw corruptions mean."""
    return [
        "SNR at the embedding: 10 log10(g² var(x) / var(x' − g x)), where x and x' are an "
        "utterance's mean clean and corrupted features and g is the best gain. Features are "
        "normalised with the fold's clean training part; the SNR is measured on its test part; "
        f"mean ± standard deviation over {count(folds, 'fold')}.",
        f"Gaussian noise of equal {main}: nominal SNR at which Gaussian noise on the features of "
        f"that modality gives the same model the same {main} (isotonic regression and linear "
        "interpolation). In brackets: the SNR at the embedding of this noise. > or <: the value "
        f"lies outside the measured range. Empty: {main} does not rise with the SNR.",
        f"{' and '.join(measures)}: test part, that modality corrupted and all others clean; mean "
        "over the folds, then over the seeds; ± standard deviation over folds and seeds.",
    ]


def note_without_corruption(model: str, trained_on: str, measure: str, score: str) -> str:
    """What a model reaches on clean data."""
    return f"Without corruption, {model} (trained on {trained_on}) has a {measure} of {score}."


def note_other_corpora(corpora: Sequence[str], corpus: str) -> str:
    """That a paper's table is about other corpora."""
    return (
        f"The paper's table is about {' and '.join(corpora)}, these results are from "
        f"{corpus}; they have no published counterpart."
    )


def note_sizes(folds: int) -> str:
    """Which fold the sizes of parts are from."""
    return (
        "The parts are those of the first fold; folds: smallest to largest size over "
        f"{count(folds, 'fold')}. The paper counts each of IEMOCAP's 557 test utterances six "
        "times, once per condition."
    )


def note_layout(folds: int, seeds: int) -> str:
    """What the numbers in a paper's layout are."""
    return (
        f"Test part; mean over {count(folds, 'fold')}, then over {count(seeds, 'seed')}; sd: "
        "standard deviation of the n values of folds and seeds (for a gain: of the folds' "
        "differences). Empty: not run. The csv has the 95 % bootstrap interval in its columns low "
        "and high."
    )


def note_mask_aware(models: Sequence[str]) -> str:
    """Which models know what is corrupted."""
    return f"Mask-aware (know which modalities are corrupted): {', '.join(models)}."


def notes_claims(max_half_width: str, min_speakers: int, speakers: int) -> list[str]:
    """What the verdicts mean."""
    return [
        f"{REPRODUCED}: the published number lies in our 95 % interval, whose half width is at "
        f"most {max_half_width}; {NOT_REPRODUCED}: it lies outside; {UNDECIDABLE}: it lies in the "
        f"interval, but the interval is wider or rests on fewer than {min_speakers} speakers "
        f"(here: {speakers}); {NOT_COMPARABLE}: our result is from another corpus; {NOT_RUN}: we "
        "have no such result (not listed below).",
        "The interval covers the choice of speakers and utterances, not the randomness of "
        "training. Numbers of utterances are compared exactly.",
    ]


NOTE_ORDERINGS = (
    f"{AGREES}, {CONTRADICTS}: the 95 % interval of our difference excludes 0; {UNDECIDED}: it "
    "does not, or rests on fewer than 8 speakers. The interval covers the choice of speakers and "
    "utterances. p: corrected resampled t-test over the folds, with Holm's adjustment."
)
NOTE_TARGETS = (
    "All folds and seeds together, over the partial conditions (no modality clean where a model "
    "has no others); clean data: the complete one. "
    "Answers: predictions for utterances of the class, or with the label; of numbers, all of them."
)
NOTE_AUDIT = (
    f"{PROBLEM}: results are too good; {WARNING}: results may be too good; {NOTE}: mention this "
    f"with the results; {NOT_KNOWN}: the available data cannot tell."
)


def foot_markdown(origin: str) -> str:
    """The last line of a table in Markdown."""
    return f"\n*Made from: {escape_markdown(origin)}*\n"


def foot_latex(origin: str) -> str:
    """The last line of a table in LaTeX."""
    return f"% made from: {origin}\n"
