"""Texts of the table of people's answers."""

TITLE = "People's answers beside the models'"
ABOUT = "people's answers and the models', on clean test data"
NOTE = (
    "People: the answer that most raters of a clip gave; a tie is wrong. Mean and standard "
    "deviation over the folds' test parts; of models, over folds and seeds."
)


def people(met: str) -> str:
    """People, by what they met, e.g. the voice."""
    return f"people: {met}"
