"""The ways in which input can be wrong."""


class InputError(Exception):
    """The user's input is wrong and the run cannot continue.

    The message says where, what is there, what was expected, and how to fix it.
    """


class WrongRootError(InputError):
    """A corpus' folder does not hold what its reader looks for."""


class UtteranceError(Exception):
    """One utterance cannot be used; a table records the reason and the run continues."""


class NothingError(UtteranceError):
    """A recording is whole but holds nothing: its utterance is empty, which is no failure."""
