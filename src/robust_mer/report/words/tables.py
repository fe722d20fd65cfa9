"""What tables say: titles, heads of columns, captions, notes."""

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
from robust_mer.report.words.text import count, escape_markdown, folds_and_seeds

# Titles; {measures} and {main} stand for what is measured.

TITLE_AVERAGE = "Average over the partial conditions"
TITLE_CONDITIONS = "Every condition"
TITLE_COMPARISONS = "Comparisons of models"
TITLE_RELIABILITY = "Calibration"
TITLE_CLAIMS = "The papers' claims"
TITLE_ORDERINGS = "The papers' orderings"
TITLE_AUDIT = "Validity"
TITLE_RAW = "Corruptions of recordings"
TITLE_PAPERS = "In the papers' layouts, beside their numbers"

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
