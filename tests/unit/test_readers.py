"""What every reader and generator promises, also one from outside the package."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pydantic
import pytest
from helpers.corpora import index_files, plugin
from helpers.settings import complete
from helpers.tasks import CLASSIFICATION

from robust_mer.corpora.folds import FoldsFileSpec, FoldsSpec
from robust_mer.corpora.generator import Generator, GeneratorSpec
from robust_mer.corpora.index import IndexSpec, index_corpus
from robust_mer.corpora.reader import FeatureReader, Reader, WordReader
from robust_mer.corpora.registry import GENERATORS, READERS
from robust_mer.corpora.words import WordsSpec
from robust_mer.features.imported import ImportSpec
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, Settings, load

SOURCE = Path(__file__).parents[2] / "src"
SLOW = ("pandas", "torch", "cv2", "h5py", "soundfile", "sklearn", "skimage", "espeakng_loader")
OWN = """
from robust_mer.corpora.reader import Reader
from robust_mer.corpora.utterances import Reading
from robust_mer.settings import Settings


class TwoSettings(Settings):
    label: str = "good"


class Two(Reader):
    settings_class = TwoSettings

    def tables(self):
        return [self.root / "two.txt"]

    def read(self):
        reading = Reading(more=["mood"])
        for number, mood in enumerate((self.root / "two.txt").read_text().split()):
            row = {"utterance": f"u{number}", "session": "s", "speaker": "p", "mood": mood}
            reading.add({**row, "label": self.settings.label}, "two.txt", number)
        return reading
"""


@pytest.mark.parametrize(
    ("registry", "kind"),
    [(READERS, Reader), (GENERATORS, Generator)],
    ids=["readers", "generators"],
)
def test_a_registry_names_classes_with_their_settings(registry, kind):
    for implementation in registry.values():
        named = load(implementation)
        assert issubclass(named, kind)
        assert issubclass(named.settings_class, Settings)
        assert named.__doc__
        assert complete(implementation, {}, "x") == named.settings_class().model_dump()


def test_what_readers_are_able_to():
    able = {
        ability: {name for name, reader in READERS.items() if issubclass(load(reader), ability)}
        for ability in (FeatureReader, WordReader)
    }
    assert able[FeatureReader] == {"cmu_mosei", "mmin", "multibench", "mmsa", "npz", "npy"}
    assert able[WordReader] == {"iemocap", "cmu_mosei", "manifest"}


def test_planning_imports_no_slow_package():
    modules = {name.partition(":")[0] for name in (*READERS.values(), *GENERATORS.values())}
    modules |= {f"robust_mer.corpora.{name}" for name in ("index", "words", "folds", "generator")}
    modules.add("robust_mer.features.imported")
    code = f"import sys, {', '.join(sorted(modules))}\nprint(*{{*{SLOW}}} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SOURCE)},
        text=True,
        check=True,
        capture_output=True,
    )
    assert done.stdout.split() == []


def test_a_variant_changes_defaults_and_nothing_that_is_given():
    settings = load(READERS["iemocap"]).settings_class
    six = settings(variant="six_classes")
    assert six.labels["exc"] == "excited"
    assert six.labels["fru"] == "frustrated"
    assert settings().labels["exc"] == "happy"
    two = {"ang": "angry", "sad": "sad"}
    assert settings(variant="six_classes", labels=two).labels == two
    assert settings(**six.model_dump()) == six


@pytest.mark.parametrize(
    "spec",
    [
        IndexSpec(plugin("iemocap", variant="six_classes"), CLASSIFICATION),
        WordsSpec(plugin("cmu_mosei")),
        ImportSpec(plugin("npz"), "audio"),
        FoldsFileSpec(FoldsSpec("session_groups", groups=3), CLASSIFICATION),
        FoldsFileSpec(FoldsSpec("part", validation=0.1), CLASSIFICATION),
        GeneratorSpec(Plugin(GENERATORS["demo"], complete(GENERATORS["demo"], {}, "x"))),
    ],
)
def test_a_spec_is_rebuilt_from_builtin_values(spec):
    values = dataclasses.asdict(spec)
    assert pydantic.TypeAdapter(type(spec)).validate_python(values) == spec


def test_a_reader_from_outside_the_package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_reader.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "two.txt").write_text("calm upset")
    own = "own_reader:Two"
    spec = IndexSpec(Plugin(own, complete(own, {"label": "fine"}, "corpora.mine")), CLASSIFICATION)
    files = index_files(tmp_path)
    index_corpus(spec, files, Runtime(root=str(tmp_path)))
    table = pd.read_csv(files.utterances)
    assert table["mood"].tolist() == ["calm", "upset"]
    assert set(table["label"]) == {"fine"}
