"""The files of a run, stage by stage, for the target rules."""

from functools import cached_property

from robust_mer.plan.plan import Plan
from robust_mer.plan.recorded import recorded_in_run
from robust_mer.plan.rules.features import has_faces


class Targets:
    """Files by target.

    Args:
        plan: Of the run.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._layout = plan, plan.layout

    @cached_property
    def index(self) -> list[str]:
        """Index and folds of the corpora."""
        return [
            path
            for corpus in self._plan.grid.corpora
            for path in (self._layout.utterances(corpus), self._layout.folds(corpus))
        ]

    @cached_property
    def features(self) -> list[str]:
        """Feature files as models read them, and the tables of utterances and problems."""
        files = {
            path
            for corpus in self._plan.run_corpora
            for path in self._plan.feature_files(corpus.name, corpus.modalities)
        }
        tables = [self._layout.of_corpus(c, "features.csv") for c in self._plan.grid.corpora]
        return sorted(files) + tables

    @cached_property
    def contact_sheets(self) -> list[str]:
        """Contact sheets of the corpora with an extractor of faces."""
        return [
            self._layout.contact_sheets(name)
            for name in dict.fromkeys(
                recorded.name
                for corpus in self._plan.run_corpora
                if has_faces(self._plan, corpus.name)
                for recorded in corpus.recorded
            )
        ]

    @cached_property
    def corrupted(self) -> list[str]:
        """Schedules of all corruptions, and features of corrupted recordings."""
        schedules = {
            self._layout.schedule(experiment.corpus, corruption)
            for experiment in self._plan.grid.experiments.values()
            for corruption in self._plan.scheduled(experiment)
        }
        return sorted(schedules | set(self.corrupted_features))

    @cached_property
    def corrupted_features(self) -> list[str]:
        """Features of corrupted recordings, in tests and in training, as models read them."""
        return sorted(
            self._plan.corrupted_features(corpus, modality, raw, draw=draw)
            for corpus, modality, raw, draw in self._corrupted
        )

    @cached_property
    def corrupted_sources(self) -> list[str]:
        """What these were resampled, averaged over words or joined from."""
        sources = {
            self._layout.features(
                one.name,
                corpus.modality(modality).extractor,
                folder=self._layout.corrupted_folder(raw, draw),
            )
            for name, modality, raw, draw in self._corrupted
            for corpus in (self._plan.corpora[name],)
            for one in (corpus, *corpus.members)
        }
        return sorted(sources - set(self.corrupted_features))

    @cached_property
    def _corrupted(self) -> set[tuple[str, str, str, int]]:
        """Corpus, modality, corruption and draw of all features of corrupted recordings."""
        tested = {
            (experiment.corpus, modality, raw, 1)
            for name, experiment in self._plan.grid.experiments.items()
            for modality, raw in self._plan.report.recordings(name)
        }
        trained = {
            (corpus, one.modality, one.corruption, draw)
            for corpus in self._plan.grid.corpora
            for one in recorded_in_run(self._plan, corpus)
            for draw in range(1, one.draws + 1)
        }
        return tested | trained

    @cached_property
    def checkpoints(self) -> list[str]:
        """All replicas, including those of teachers."""
        return sorted(
            path
            for training, replicas in self._plan.grid.final_trainings.items()
            for path in self._plan.checkpoints(*training, replicas)
        )

    @cached_property
    def tables(self) -> list[str]:
        """The tables of all experiments."""
        return [
            self._layout.table(name, table)
            for name in self._plan.grid.experiments
            for table in self._plan.report.table_files(name)
        ]

    @cached_property
    def exported(self) -> list[str]:
        """The description files of all replicas' exported models."""
        return sorted(
            self._layout.exported(*training, replica.name)
            for training, replicas in self._plan.grid.final_trainings.items()
            for replica in replicas
        )

    @cached_property
    def exported_features(self) -> list[str]:
        """Exports of corrupted features, one per corpus, corruption and fold of the run."""
        return sorted(
            {
                self._layout.exported_features(experiment.corpus, tested_on, str(fold))
                for experiment in self._plan.grid.experiments.values()
                for _, _, tested_on in self._plan.grid.evaluations(experiment)
                if not self._plan.corruptions.recordings(tested_on)
                for fold in experiment.folds
            }
        )
