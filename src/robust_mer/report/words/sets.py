"""Texts of the table of prediction sets."""

TITLE_SETS = "Prediction sets"

CALIBRATION = {"same": "Calibrated on the same test", "blind": "Calibrated blindly"}
SETS = {
    "coverage": "coverage",
    "interval": "95 % interval",
    "least_coverage": "worst class",
    "size": "classes in a set",
    "cannot_tell": "cannot tell",
}
ABOUT_SETS = {
    "each class": "prediction sets, with a promise for each class",
    "overall": "prediction sets, with a promise for all utterances together",
}


def notes_sets(promised: float, calibrated_on: str) -> list[str]:
    """What prediction sets are, and when their promise holds."""
    return [
        f"A set contains the true class with a promised probability of {promised:.0%} (split "
        "conformal prediction, LAC). Cannot tell: fraction of sets that contain all classes. Mean "
        "over the partial conditions, or the complete one of clean data; the csv has each "
        "condition.",
        "Calibrated on the same test: on validation utterances under the same corruption and "
        "condition. Calibrated blindly: under all corruptions of the model's training range that "
        "it is tested on; only the available modalities are known and, if the model estimates "
        "SNRs, the mean estimate in steps of 10 dB. An empty cell: in its "
        "training range these modalities were never alone.",
        f"Thresholds come from {calibrated_on} validation utterances per fold. The promise holds "
        "on average over tests like these utterances. Other speakers, the choice of the epoch on "
        "the same utterances and, when calibrated blindly, a single condition can break it.",
    ]
