"""Trains and evaluates single replicas on the small corpus of ``tests/unit/conftest.py``."""

from helpers.jobs import run_evaluation, run_schedule, run_training, train_files, train_spec
from helpers.models import described
from helpers.noises import corruption
from robust_mer.corruption.corrupt import read_alpha_bars


def model(name, **changes):
    """A model with few epochs."""
    quick = {"epochs_constant": 6, "epochs_falling": 2, "batch_size": 16, "learning_rate": 3e-3}
    if name == "nmer":
        quick |= {"layers": 1, "feed_forward": 64}
    return described(name, **quick | changes)


def schedule_of(corpus, folder, name, mode="exact", **settings):
    """Write and name the schedule of a corruption."""
    return run_schedule(corpus, folder / f"{name}.csv", corruption(name, **settings), mode)


def alpha_bars(corpus, folder, name):
    """Abar by fold and modality; none for ``clean``."""
    return {} if name == "clean" else read_alpha_bars(schedule_of(corpus, folder, name))


def train(corpus, folder, name="men", trained_on="clean", teacher=None, seed=1, **changes):
    """Train one replica, fold 1; its checkpoint and history.

    Args:
        corpus: Paths, as the fixture gives them.
        folder: The job writes to a new folder in it.
        name: The model.
        trained_on: e.g. ``gaussian_-10dB_none``.
        teacher: Checkpoint of the teacher.
        seed: Of the replica.
        changes: ``model``; ``corruptions``, if ``trained_on`` does not name one; ``device``;
            ``audits``, see `helpers.stacks.train`; fields of the spec.
    """
    plugin = changes.pop("model", None) or model(name)
    corruptions = changes.pop("corruptions", None)
    if corruptions is None:
        corruptions = [corruption(trained_on.removesuffix("_none"))]
    device = changes.pop("device", "cpu")
    audits = changes.pop("audits", False)
    schedules = [
        run_schedule(corpus, folder / f"{one.name}.csv", one) for one in corruptions if one.noises
    ]
    own = folder / f"{name}_{trained_on}"
    teachers = []
    if teacher is not None:
        teachers = [own / f"teacher/fold1_seed{seed}.safetensors"]
        teachers[0].parent.mkdir(parents=True, exist_ok=True)
        teachers[0].write_bytes(teacher.read_bytes())
    files = train_files(corpus, own, [(1, seed)], schedules, teachers, audits)
    run_training(train_spec(plugin, trained_on, corruptions, **changes), files, device)
    return files.checkpoints[0], files.histories[0]


def evaluate(corpus, folder, checkpoint, tested_on):
    """Predictions of one replica under a corruption."""
    one = corruption(tested_on) if isinstance(tested_on, str) else tested_on
    schedule = run_schedule(corpus, folder / f"{one.name}.csv", one) if one.noises else None
    return run_evaluation(corpus, folder / "predictions.parquet", [checkpoint], one, schedule)
