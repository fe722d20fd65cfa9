"""``robust-mer new``: a first config that plans."""

import sys

import pytest
import yaml
from helpers.plans import default_config, plan_of
from snakemake.utils import update_config

from robust_mer import cli
from robust_mer.corpora.registry import READERS
from robust_mer.errors import InputError
from robust_mer.scaffold.config import write_config

FEATURES = {"mmin", "multibench", "mmsa", "npz", "npy"}


@pytest.mark.parametrize("reader", sorted(READERS.keys() - FEATURES))
def test_a_config_of_every_reader_plans(tmp_path, reader):
    root = tmp_path / 'my "clips": 1'
    root.mkdir()
    path = tmp_path / "mine.yaml"
    write_config(path, root, reader, ["text", "audio"])
    raw = default_config()
    update_config(raw, yaml.safe_load(path.read_text()))
    plan = plan_of(raw)
    (corpus,) = plan.run_corpora
    assert corpus.config.root == str(root)
    assert [one.name for one in plan.modalities(corpus.name)] == ["audio", "text"]


@pytest.mark.parametrize(
    ("reader", "modalities", "message"),
    [
        ("iemo", ["audio"], "--reader is iemo, expected one of iemocap"),
        ("npz", ["audio"], "published_features.md"),
        ("manifest", ["smell"], "--modalities names smell"),
        ("manifest", [], "--modalities is empty"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, reader, modalities, message):
    with pytest.raises(InputError, match=message):
        write_config(tmp_path / "mine.yaml", tmp_path, reader, modalities)


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["robust-mer", "new", *map(str, arguments)])
    cli.main()


def test_the_reader_is_recognised(monkeypatch, tmp_path, capsys):
    (tmp_path / "manifest.csv").write_text("utterance\n")
    call(monkeypatch, tmp_path / "mine.yaml", "--root", tmp_path)
    assert "reader: manifest" in (tmp_path / "mine.yaml").read_text()
    assert "snakemake -n --configfile" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="--force replaces it"):
        call(monkeypatch, tmp_path / "mine.yaml", "--root", tmp_path)


def test_without_a_terminal_nothing_is_asked(monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match="--root is missing"):
        call(monkeypatch, tmp_path / "mine.yaml")
