"""Figures that need features or models: their own jobs draw them, these classes plan them."""

from typing import NoReturn

from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words


class _OfOwnJob(ResultFigure):
    def draw(self, spec: FigureSpec, files: Results) -> NoReturn:
        """Raise: another job draws it."""
        raise NotImplementedError(f"{spec.name} is drawn by {self.job}")


class EmbeddingsFigure(_OfOwnJob):
    """Clean and noisy embeddings: `robust_mer.report.figures.embeddings.draw_embeddings`."""

    title = words.TITLE_TSNE
    section = "embeddings"
    job = "draw_embeddings"
    reads = ("utterances", "folds", "features", "schedules")
    uses = ("drawn",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether there is a noise at two SNRs."""
        return bool(facts.drawn)


class ReconstructionsFigure(_OfOwnJob):
    """Rebuilt representations: `robust_mer.report.figures.reconstructions`."""

    title = words.TITLE_RECONSTRUCTIONS
    section = "reconstructions"
    job = "draw_reconstructions"
    reads = ("utterances", "folds", "features", "checkpoints")
    uses = ("reconstructing",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether a model rebuilds what is missing."""
        return bool(facts.reconstructing)
