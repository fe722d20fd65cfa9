"""MEN trained on the corruption that it is tested on: a baseline that the papers lack.

What MEN loses under noise in the papers is in part that it was trained without. This one differs
from MEN in its training data alone; hyperparameters are MEN's.
"""

from robust_mer.models.men import MEN
from robust_mer.models.men import SETTINGS as OF_MEN

SETTINGS = {**OF_MEN}


class MENAugmented(MEN):
    """`MEN`, which the registry has trained on the corruption."""
