"""Texts of figures: titles, captions, names of axes."""

from collections.abc import Mapping

from robust_mer.report.words.text import count
from robust_mer.report.words.text import folds_and_seeds as folds_and_seeds

# Titles; {measures} and {main} are replaced by the names of the measures.

TITLE_SNR = "{measures} under each corruption"
TITLE_CONDITIONS_FIGURE = "{main} in each condition"
TITLE_RATES = "{measures} against the rate of missing modalities"
TITLE_AGREEMENT = "Agreement between the orders of the models"
TITLE_TRANSFER = "{main} on corruptions not seen in training"
TITLE_SWEEP = "Effect of hyperparameters"
TITLE_CONFUSION = "Predictions for each true value"
TITLE_ERRORS = "Errors by target, condition and speaker"
TITLE_RISK = "Calibration and risk against coverage"
TITLE_SETS = "Coverage and size of prediction sets"
TITLE_WEIGHTS = "Weight of each modality against its SNR"
TITLE_LEARNING = "Learning curves"
TITLE_LAYERS = "Learned weights of layers"
TITLE_RAW_FIGURE = "SNR at the embedding against harm"
TITLE_TSNE = "Clean and noisy embeddings"
TITLE_RECONSTRUCTIONS = "Rebuilt representations"

# Names of axes, and of values on hover.

SNR_AXES = {"dB": "SNR (dB)", "%": "Rate (%)", "px": "Pixels", "ms": "Milliseconds"}
"""Axis label for the amount of a corruption, by its unit."""
CHANCE = "chance"
PROMISE = "promise"
NO_CORRUPTION = "no corruption"
EPOCH, TRAINING_LOSS, RISK, COVERAGE = "epoch", "training loss", "risk", "coverage"
CALIBRATION_ERROR = "expected calibration error"
SNR_AT_EMBEDDING = "SNR at the embedding (dB)"
LATENT_SHARE = "share of z in joint representation"
MODEL, CONDITION, TRAINED_ON, TESTED_ON = "model", "condition", "trained on", "tested on"
CORRUPTION, MODALITY = "corruption", "modality"
SET_COVERAGE, SET_SIZE = "coverage", "classes in a set"
CALIBRATION = {"same": "calibrated on the same test", "blind": "calibrated blindly"}
TRUE_SNR, SHARE, ESTIMATED_SNR = "true SNR (dB)", "share of the weight", "estimated SNR (dB)"
CLEAN_TICK = "clean"
LAYER, WEIGHT = "layer", "weight"
TRUE, PREDICTED, FRACTION = "true", "predicted", "fraction of the row"
OF, ERROR = "of", "mean error"
SD = "standard deviation"
RATE = "rate of missing modalities (%)"
AND_UNDER, TAU = "and on", "Kendall's tau"
TRAINED_UNDER_EACH = "trained under the protocol of each test"
LOW, HIGH = "95 % interval from", "to"
CLEAN, NOISY, EMBEDDING = "clean", "noisy", "embedding"
REPRESENTATION = "representation"

# Titles of panels.


def errors_panel(corruption: str, by: str) -> str:
    """Of a panel of errors."""
    return f"{corruption}, by {by}"


def confusion_panel(line: str, corruption: str, target: str) -> str:
    """Of a panel of predictions for each true value."""
    return ", ".join(filter(None, [line, corruption, target]))


def trained_on_title(training: str) -> str:
    """Of a panel for what models were trained on."""
    return f"trained on {training}"


def model_panel(model: str, trained_on: str) -> str:
    """Of a panel for one model."""
    return f"{model}, trained on {trained_on}"


def set_panel(figure: str, calibration: str) -> str:
    """Of a panel of coverages or sizes."""
    return f"{figure}, {CALIBRATION[calibration]}"


def weights_panel(line: str, noise: str) -> str:
    """Of a panel of what a model says of its input."""
    return f"{line}, {noise}"


def embeddings_panel(noise: str, modality: str, distance: str) -> str:
    """Of a panel of clean and noisy embeddings."""
    return f"{noise}, {modality}\nd = {distance}"


def rebuilt_panel(model: str, distances: str) -> str:
    """Of a panel of rebuilt representations."""
    return f"{model}\nd: {distances}"


def rebuilt(modality: str) -> str:
    """Representations of a modality that were rebuilt from the others."""
    return f"{modality}, rebuilt"


def equal_noise_axis(measure: str) -> str:
    """Axis of the Gaussian noise that is equally harmful."""
    return f"Gaussian SNR of equal {measure} (dB)"


def validation_axis(measure: str) -> str:
    """Axis of a measure on validation data."""
    return f"validation {measure}"


# Captions.

_SPREAD = "± one standard deviation over folds and seeds"

NOTHING = "no number to show"


_PARTIAL = "the partial conditions (no modality clean where a model has no others)"

ABOUT_SNR = (
    "Mean over the partial conditions, in which some modalities are clean and the others are "
    "corrupted (no modality clean where a model has no others); clean: complete data. Bars and "
    f"bands: {_SPREAD}. Dashed: chance, the best answer that ignores the input."
)
ABOUT_RATES = (
    "Each test utterance has one condition, drawn at this rate. Solid: a separate model for each "
    "rate, trained at the same one. Other lines: one model for all rates. Bands: "
    f"{_SPREAD}. Dashed grey: chance."
)
ABOUT_LAYERS = (
    "Weight of each layer (column) in the sum that a model receives, at the kept epoch, mean "
    "over folds and seeds. A row adds up to 1. All start equal. Models without a network, and "
    "those that measure the data before training, keep the plain mean of the layers."
)
ABOUT_CONFUSION = {
    "class": f"Fraction of each true class (row) by predicted class (column), over {_PARTIAL}.",
    "number": "Fraction of each true number (row) by predicted number (column), both rounded to "
    f"the nearest of seven, over {_PARTIAL}.",
}
"""By what is predicted."""
ABOUT_ERRORS = {
    "class": f"Fraction of wrong predictions over {_PARTIAL}.",
    "number": f"Mean absolute error over {_PARTIAL}; targets are rounded to the nearest of seven "
    "numbers.",
}
"""By what is predicted."""
ABOUT_LEARNING = (
    "Mean over the replicas of a training that have the epoch (those of tuned models may have "
    f"fewer epochs than others). Bands: {_SPREAD}."
)
ABOUT_RAW = (
    "Corrupted recordings (points) and Gaussian noise on features (lines). One modality is "
    f"corrupted, the others are clean. Bars: {_SPREAD}. Arrows: beyond the measured SNRs. Grey "
    "lines: no corruption, and chance."
)
ABOUT_RELIABILITY = (
    "Mean over the partial conditions; if no modality is ever clean, with all corrupted. Risk: "
    "fraction of wrong predictions among the most confident ones. Coverage: how many these are, as "
    "a fraction of all."
)
ABOUT_SETS = (
    f"Prediction sets that promise each class the dashed coverage, mean over {_PARTIAL}; clean: "
    "complete data. Calibrated on the same test: on validation utterances under "
    "the same corruption and condition. Calibrated blindly: over the training range; only the "
    "available modalities and the model's estimates of the SNR are known. Bars and bands: "
    f"{_SPREAD}."
)
ABOUT_WEIGHTS = (
    "What models say of their input, without knowing the corruption: each modality's share of the "
    "weight, and its SNR. One modality is noisy, the others are clean; clean: complete data. Bands "
    "and bars: ± one standard deviation over utterances, folds and seeds."
)
ABOUT_EMBEDDINGS = (
    "t-SNE of clean and noisy embeddings (mean frame of an utterance). A line joins the two "
    "embeddings of an utterance. One fit per noise and modality. d: mean length of these lines in "
    "the picture (in embedding space)."
)
ABOUT_RECONSTRUCTIONS = (
    "t-SNE of representations (filled) and of those rebuilt from the other modalities (hollow), "
    "test part. A line joins the two representations of an utterance. One fit per panel. d: mean "
    "distance between the two, and between different utterances, before t-SNE."
)


def about_conditions(measure: str) -> str:
    """Of the scores in each condition."""
    return (
        f"{measure} in each condition. The letters name the clean modalities; the others are "
        "corrupted."
    )


def about_agreement(measure: str) -> str:
    """Of Kendall's tau between rankings."""
    return (
        f"Kendall's tau-b between the orders of the models by {measure} in tests under two "
        "protocols: 1 for the same order, −1 for the reverse. A panel for each way of training."
    )


def about_transfer(measure: str) -> str:
    """Of scores on corruptions that were not seen in training."""
    what = f"{measure} by training corruption (row) and test corruption (column)"
    return f"{what}, mean over {_PARTIAL}."


def about_sweep(bases: Mapping[str, Mapping[str, str]]) -> str:
    """Of the effect of hyperparameters that differ from those of some models, one at a time."""
    values = (
        f"{model} ({', '.join(f'{name} {value}' for name, value in settings.items())})"
        for model, settings in bases.items()
    )
    start = f" from those of {' and '.join(values)}" if bases else ""
    return (
        f"One hyperparameter changed at a time{start}. Mean over the partial conditions of the "
        f"test part. Bands: {_SPREAD}."
    )


def too_many_speakers(speakers: int) -> str:
    """Why the figure has no panel by speaker."""
    return f"No panel by speaker: {count(speakers, 'speaker')} are too many."


def of_fold(fold: int) -> str:
    """Which fold a figure is of."""
    return f"fold {fold}"


def caption(about: str, corpus: str, runs: str, note: str | None) -> str:
    """What stands below a figure."""
    return " ".join([about, f"{corpus}, {runs}.", *([note] if note else [])])
