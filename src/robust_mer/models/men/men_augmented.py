"""MEN trained on the corruption that it is tested on: a baseline that the papers lack.

What MEN loses under noise in the papers is in part that it was trained without. This one differs
from MEN in its training data alone; hyperparameters are MEN's.
"""

from robust_mer.models.men.men import MEN
from robust_mer.models.men.settings import MENAugmentedSettings


class MENAugmented(MEN):
    """`MEN`, which its settings have trained on the corruption."""

    settings_class = MENAugmentedSettings
