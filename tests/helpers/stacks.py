"""Trains many replicas at once on the small corpus."""

from helpers.jobs import constant_schedule, run_training, train_files, train_spec
from helpers.models import described as model_described
from helpers.noises import corruption

KEYS = [(1, 1), (1, 2), (2, 1), (3, 1)]


def described(name, **changes):
    """A model with three epochs."""
    quick = {"epochs_constant": 2, "epochs_falling": 1, "batch_size": 16, "learning_rate": 1e-3}
    if name in ("nmer", "nmer_without_invariance"):
        quick |= {"layers": 1, "feed_forward": 64}
    return model_described(name, **quick | changes)


def train(corpus, folder, name="nmer", keys=KEYS, teachers=None, **changes):
    """Checkpoints, by fold and seed, of some replicas trained on Gaussian noise.

    Args:
        corpus: Paths, as the fixture ``folds`` gives them.
        folder: Where checkpoints and histories go.
        name: The model.
        keys: Fold and seed of each replica.
        teachers: Checkpoints by fold and seed.
        changes: ``model``, ``trained_on``; ``audits``, whether the answers for the test part after
            every epoch are kept; options of `run_training`; fields of the spec.
    """
    plugin = changes.pop("model", None) or described(name)
    trained_on = changes.pop("trained_on", "gaussian_-10dB")
    one = corruption(trained_on)
    audits = changes.pop("audits", False)
    how = ("device", "max_replicas", "save_every", "on_epoch")
    options = {option: changes.pop(option) for option in how if option in changes}
    folder.mkdir(parents=True, exist_ok=True)
    schedules = [constant_schedule(folder / "schedule.csv", 0.3, (1, 2, 3))] if one.noises else []
    files = train_files(corpus, folder, keys, schedules, (teachers or {}).values(), audits)
    return run_training(train_spec(plugin, trained_on, [one], **changes), files, **options)


def teach(corpus, folder):
    """Trained teachers."""
    return train(corpus, folder / "teacher", "invariance_teacher", trained_on="clean")
