"""The two ways in which input can be wrong."""


class InputError(Exception):
    """Something that the user gave is wrong and the run cannot go on.

    The message says what is wrong, where, and how to mend it.
    """


class UtteranceError(Exception):
    """One utterance cannot be used; its reason goes into a table and the run goes on."""


class NothingError(UtteranceError):
    """A recording is whole but holds nothing: its utterance is empty, which is no failure."""
