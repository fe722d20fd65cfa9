"""Names of the files under results/; nothing else writes them out.

Every method takes the parts of a name: values for a file, or wildcards (``"{corpus}"``) for the
pattern of a rule.
"""

from dataclasses import dataclass

ALIGNED = "@words"
"""Suffix of an extractor's name: its frames are averaged over words."""
CHECKPOINT, HISTORY, PEEKED = ".safetensors", ".history.csv", ".peeked.parquet"
"""Suffixes of a replica's files: the model, its training history, and its answers for the test part
after every epoch."""
CANDIDATES = ".candidates.csv"
"""Suffix of the table of what a replica of a tuned model was chosen from."""
IMPORTED = "imported_"
"""Prefix of a modality's name: published features that the corpus' reader provides."""


def resampled(extractor: str, rate: str) -> str:
    """Name of features that are resampled to ``rate`` frames per second."""
    return f"{extractor}@{rate}Hz"


@dataclass(frozen=True)
class Layout:
    """File names of a run.

    Args:
        results: The folder that holds everything.
    """

    results: str = "results"

    # -- of a corpus -----------------------------------------------------------------------------

    def of_corpus(self, corpus: str, file: str) -> str:
        """A file of a corpus, e.g. ``utterances.csv``."""
        return f"{self.results}/{corpus}/{file}"

    def utterances(self, corpus: str) -> str:
        """The index."""
        return self.of_corpus(corpus, "utterances.csv")

    def folds(self, corpus: str) -> str:
        """The folds."""
        return self.of_corpus(corpus, "folds.csv")

    def media(self, corpus: str) -> str:
        """Size and hash of every recording when it was indexed."""
        return self.of_corpus(corpus, "media.csv")

    def recordings(self, corpus: str) -> str:
        """One hash of all recordings, which differs when the content of one of them does."""
        return self.of_corpus(corpus, "recordings.sha256")

    def raw(self, corpus: str) -> str:
        """Folder of a generated corpus."""
        return self.of_corpus(corpus, "raw")

    def faces(self, corpus: str) -> str:
        """The faces of a corpus."""
        return self.of_corpus(corpus, "faces/faces.h5")

    def contact_sheets(self, corpus: str) -> str:
        """Folder of pictures of these faces."""
        return self.of_corpus(corpus, "faces/sheets")

    def features(
        self, corpus: str, name: str, suffix: str = ".h5", folder: str = "features"
    ) -> str:
        """A feature file, or with the suffix ``.csv`` its table of utterances."""
        return self.of_corpus(corpus, f"{folder}/{name}{suffix}")

    def recognised(self, corpus: str, file: str, folder: str = "recognised") -> str:
        """What the recogniser hears: ``texts.csv`` or ``words.csv``."""
        return self.of_corpus(corpus, f"{folder}/{file}")

    def corrupted_folder(self, raw: str, draw: int = 1, content: str = "features") -> str:
        """Folder of what is made from corrupted recordings, within that of the corpus."""
        of_draw = "" if draw == 1 else f"draw{draw}/"
        return f"corrupted/{raw}/{of_draw}{content}"

    def schedule(self, corpus: str, corruption: str) -> str:
        """The noise schedule of a corruption."""
        return self.of_corpus(corpus, f"corrupted/{corruption}/schedule.csv")

    def embedding_snr(self, corpus: str, corruption: str) -> str:
        """The SNR of noise on features, measured."""
        return self.of_corpus(corpus, f"corrupted/{corruption}/embedding_snr.csv")

    # -- of a model ------------------------------------------------------------------------------

    def checkpoint(
        self, corpus: str, model: str, trained_on: str, replica: str, suffix: str = CHECKPOINT
    ) -> str:
        """A trained replica, or with another suffix what belongs to it."""
        return self.of_corpus(corpus, f"models/{model}/{trained_on}/{replica}{suffix}")

    def predictions(self, corpus: str, model: str, trained_on: str, tested_on: str) -> str:
        """Predictions of all replicas of a model for one corruption."""
        path = f"predictions/{model}/{trained_on}/{tested_on}/predictions.parquet"
        return self.of_corpus(corpus, path)

    def exported(
        self, corpus: str, model: str, trained_on: str, replica: str, file: str = "model.json"
    ) -> str:
        """A file of an exported model."""
        return self.of_corpus(corpus, f"exported/{model}/{trained_on}/{replica}/{file}")

    def exported_features(
        self, corpus: str, corruption: str, fold: str, file: str = "README.md"
    ) -> str:
        """A file of exported features."""
        return self.of_corpus(corpus, f"exported_features/{corruption}/fold{fold}/{file}")

    # -- of an experiment ------------------------------------------------------------------------

    def table(self, experiment: str, name: str, suffix: str = ".csv") -> str:
        """A table of an experiment."""
        return f"{self.results}/tables/{experiment}_{name}{suffix}"

    def figure(self, experiment: str, name: str, suffix: str = ".svg") -> str:
        """A figure of an experiment: svg, pdf, caption (txt) and Vega-Lite (vl.json)."""
        return f"{self.results}/figures/{experiment}_{name}{suffix}"

    @property
    def report(self) -> str:
        """The report of the run."""
        return f"{self.results}/report.html"

    def denseface(self, file: str) -> str:
        """A file of DenseFace's training."""
        return f"{self.results}/denseface/{file}"

    # -- of a job --------------------------------------------------------------------------------

    def log(self, rule: str, *parts: str, corpus: str = "{corpus}") -> str:
        """Log of a job on a corpus; ``corpus=""`` for one that serves the whole run."""
        return self._of_job("logs", ".log", rule, parts, corpus)

    def benchmark(self, rule: str, *parts: str, corpus: str = "{corpus}") -> str:
        """Time and memory that a job took."""
        return self._of_job("benchmarks", ".tsv", rule, parts, corpus)

    def _of_job(
        self, folder: str, suffix: str, rule: str, parts: tuple[str, ...], corpus: str
    ) -> str:
        path = "/".join([folder, rule, *parts]) + suffix
        return self.of_corpus(corpus, path) if corpus else f"{self.results}/{path}"
