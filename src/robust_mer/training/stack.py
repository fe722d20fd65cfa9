"""Replicas that train as one, with their optimiser and the best weights of each."""

from contextlib import ExitStack

import torch

from robust_mer.data import LabelledCorpus
from robust_mer.engine.checkpoint import load_checkpoint
from robust_mer.engine.corruption import NO_CORRUPTION, evaluation_frames
from robust_mer.engine.frames import Frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.replica import ReplicaData
from robust_mer.errors import InputError
from robust_mer.models.model import Model
from robust_mer.models.optimisation import Optimisation
from robust_mer.training.optimiser import Optimiser
from robust_mer.training.peeking import Peeked
from robust_mer.training.resume import ReplicaRun
from robust_mer.training.saved import PEEKED


class Stack:
    """The nets of several replicas in training.

    Args:
        runs: The replicas. Interrupted ones resume with their saved weights.
        corpus: Utterances and folds.
        frames: All frames of the corpus, on the device that trains.

    Raises:
        InputError: the model's settings do not derive from `Optimisation`.

    Attributes:
        settings: Of the model.
        teachers: Teacher of each replica; empty without teachers.
        needs_clean: Whether the model reads the clean frames too.
        digests_clean: Whether training needs `Model.digest_clean`.
        diagnose: See `Model.diagnose`.
    """

    def __init__(
        self, runs: list[ReplicaRun], corpus: LabelledCorpus, frames: dict[str, Frames]
    ) -> None:
        self.runs = runs
        models: list[Model] = []
        self.teachers: list[Model] = []
        for run in runs:
            model = run.new_model()
            if run.teacher is not None:
                self.teachers.append(load_checkpoint(run.teacher, run.trusted)[0])
                model.start_from(self.teachers[-1])
            if model.measures_data:
                _measure(model, run.data, corpus, frames)
            models.append(model)
        self.needs_clean, self.digests_clean = models[0].needs_clean, models[0].digests_clean
        self.diagnose = models[0].diagnose
        settings = models[0].settings
        if not isinstance(settings, Optimisation):
            raise InputError(
                f"{type(models[0]).__name__} learns in epochs, but its settings, "
                f"{type(settings).__name__}, do not build on Optimisation"
            )
        self.settings = settings
        device = next(iter(frames.values())).values.device
        self.nets = Nets(models, device)
        self.optimiser = Optimiser(self.nets, self.settings)
        self._kept = self.nets.weights.clone()
        for place, run in enumerate(runs):
            if run.history:
                self._load(place, run)

    @property
    def active(self) -> list[int]:
        """Places of the replicas that have not diverged."""
        return [place for place, run in enumerate(self.runs) if not run.diverged]

    @property
    def peeked(self) -> dict[int, Peeked]:
        """By place, what an audit keeps of the replicas that have not diverged."""
        kept = {place: self.runs[place].peeked for place in self.active}
        return {place: peeked for place, peeked in kept.items() if peeked is not None}

    def keep(self, place: int) -> None:
        """Keep a replica's weights as its trained model, unless later ones replace them."""
        self._kept[place] = self.nets.weights[place]

    def save(self) -> None:
        """Save the state of all replicas, so that a later job can resume them together."""
        with ExitStack() as together:
            for place in self.active:
                run = self.runs[place]
                tensors = {
                    "weights": self.nets.weights[place],
                    "kept": self._kept[place],
                    **self.optimiser.state(place),
                }
                if run.peeked is not None:
                    tensors[PEEKED] = torch.stack(run.peeked.outputs)
                run.saved.save(together, tensors, run.history, self.nets.device.type)

    def finish(self) -> None:
        """Write the kept weights of every replica as its trained model."""
        for place in self.active:
            self.runs[place].finish(self.nets.model(self._kept[place]))

    def _load(self, place: int, run: ReplicaRun) -> None:
        state = run.saved.tensors()
        self.nets.load(place, state.pop("weights"))
        self._kept[place] = state.pop("kept")
        outputs = state.pop(PEEKED, None)
        if run.peeked is not None and outputs is not None:
            run.peeked.outputs = list(outputs)
        self.optimiser.load(place, state)


def _measure(
    model: Model, replica: ReplicaData, corpus: LabelledCorpus, frames: dict[str, Frames]
) -> None:
    """Show a model the clean training part; see `Model.measure`."""
    rows = replica.parts["train"]
    clean = evaluation_frames(
        frames, replica.normalisers, corpus.utterances, rows, "train", NO_CORRUPTION
    )
    with torch.no_grad():  # the model is not on the device yet
        received = model.sum_layers({m: part.values.cpu() for m, part in clean.items()})
    model.measure(
        received,
        {modality: torch.from_numpy(part.length) for modality, part in clean.items()},
        torch.from_numpy(corpus.target[rows]),
    )
