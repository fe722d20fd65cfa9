"""Texts of figures: titles, headlines, names of axes."""

from collections.abc import Sequence

# Titles; {measures} and {main} are replaced by the names of the measures.

TITLE_SNR = "{measures} against the SNR"
TITLE_CONDITIONS_FIGURE = "{main} in each condition"
TITLE_TRANSFER = "{main} on corruptions not seen in training"
TITLE_SWEEP = "Effect of hyperparameters"
TITLE_CONFUSION = "Confusion matrices"
TITLE_ERRORS = "Errors by emotion, condition and speaker"
TITLE_RISK = "Calibration and risk against coverage"
TITLE_LEARNING = "Learning curves"
TITLE_RAW_FIGURE = "SNR at the embedding against harm"
TITLE_TSNE = "Clean and noisy embeddings"
TITLE_RECONSTRUCTIONS = "Rebuilt representations"

# Headlines of figures, and the names of their axes.

SNR_AXES = {"dB": "SNR (dB)", "%": "Rate (%)", "px": "Pixels", "ms": "Milliseconds"}
"""Axis label for the amount of a corruption, by its unit."""
CHANCE = "chance (most frequent class)"
NO_CORRUPTION = "no corruption"
ERRORS_BY = {"label": "emotion", "condition": "condition", "speaker": "speaker"}
EPOCH, TRAINING_LOSS, RISK, COVERAGE = "epoch", "training loss", "risk", "coverage"
CALIBRATION_ERROR = "expected calibration error"
SNR_AT_EMBEDDING = "SNR at the embedding (dB)"
LATENT_SHARE = "share of z in joint representation"
_BANDS = "± 1 standard deviation"


def headline_snr(partial: Sequence[str], corpus: str, runs: str) -> str:
    """Of the curves against the SNR."""
    return (
        f"Mean over the partial conditions ({', '.join(partial)}), {corpus}, {runs}; bands and "
        f"error bars: {_BANDS}"
    )


def headline_conditions(measure: str, corpus: str, runs: str) -> str:
    """Of the scores in each condition."""
    return f"{measure} in each condition (letters: clean modalities), {corpus}, {runs}"


def headline_confusion(corpus: str, runs: str) -> str:
    """Of the confusion matrices."""
    return (
        "Fraction of each true class (row) by predicted class (column), over the partial "
        f"conditions, {corpus}, {runs}"
    )


def headline_errors(corpus: str, runs: str) -> str:
    """Of the errors by emotion, condition and speaker."""
    return f"Fraction of wrong predictions over the partial conditions, {corpus}, {runs}"


def too_many_speakers(speakers: int) -> str:
    """Why the figure has no panel by speaker."""
    return f"; no panel by speaker: {speakers} speakers are too many"


def headline_learning(corpus: str, runs: str) -> str:
    """Of the learning curves."""
    return f"Training, {corpus}, {runs}; bands: {_BANDS}"


def headline_raw(corpus: str, runs: str) -> str:
    """Of raw corruptions beside Gaussian noise."""
    return (
        "Corrupted recordings (points) and Gaussian noise on features (lines); one modality is "
        f"corrupted, the others are clean; {corpus}, {runs}; error bars: {_BANDS}; arrows: beyond "
        "the measured SNRs"
    )


def headline_reliability(corpus: str, runs: str) -> str:
    """Of risk, coverage and calibration."""
    return (
        "Mean over the partial conditions: fraction of wrong predictions among the most confident "
        f"ones (left), expected calibration error (right); {corpus}, {runs}"
    )


def headline_sweep(corpus: str, runs: str) -> str:
    """Of the effect of hyperparameters."""
    return (
        "One hyperparameter changed at a time (ring: its value while another one changes), mean "
        f"over the partial conditions of the test part, {corpus}, {runs}; error bars: {_BANDS}"
    )


def headline_transfer(measure: str, corpus: str, runs: str) -> str:
    """Of scores on corruptions that were not seen in training."""
    return (
        f"{measure} by training corruption (row) and test corruption (column), mean over the "
        f"partial conditions, {corpus}, {runs}"
    )


def headline_embeddings(corpus: str, fold: int) -> str:
    """Of clean and noisy embeddings."""
    return (
        f"t-SNE of clean and noisy embeddings (mean frame of an utterance), {corpus}, fold {fold}; "
        "each row is one fit. d: mean distance between the clean and the noisy embedding of an "
        "utterance, in the picture (in embedding space)"
    )


def headline_reconstructions(corpus: str, fold: int) -> str:
    """Of rebuilt representations."""
    return (
        "t-SNE of representations (dark) and of those rebuilt from the other modalities (light), "
        f"{corpus}, fold {fold}, test part; each panel is one fit. d: mean distance between the "
        "two representations of an utterance / between different utterances, before t-SNE"
    )


def equal_noise_axis(measure: str) -> str:
    """Axis of the Gaussian noise that is equally harmful."""
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
