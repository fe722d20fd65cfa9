"""MEN trained on the corruption that it is tested on: a baseline that the papers lack.

What MEN loses under noise in the papers is in part that it was trained without. This one differs
from MEN in its training data alone; hyperparameters are MEN's.
"""

from robust_mer.models.men import MEN

SETTINGS = {
    # adam or adamw
    "optimiser": "adam",
    "learning_rate": 2e-4,
    # decay of the optimiser's first moment
    "beta1": 0.9,
    "weight_decay": 0.0,
    "batch_size": 128,
    # epochs with the full learning rate, then epochs in which it falls linearly towards zero
    "epochs_constant": 10,
    "epochs_falling": 10,
    # gradient norm at which each sub-network is clipped
    "clip_norm": 0.5,
    # of the classifier
    "dropout": 0.3,
}


class MENAugmented(MEN):
    """`MEN`, which the registry has trained on the corruption."""
