"""MEN trained on the corruption of the test: a baseline that the papers lack.

Part of MEN's loss under noise comes from training without noise. This model differs from MEN in its
training data alone; the hyperparameters are MEN's.
"""

from robust_mer.models.men.men import MEN
from robust_mer.models.men.settings import MENAugmentedSettings


class MENAugmented(MEN):
    """`MEN`, whose settings ask for training on the corruption."""

    settings_class = MENAugmentedSettings
