"""What is done once a job or once a shard does not look at all jobs or all shards."""

from pathlib import Path

import numpy as np
import pytest
from helpers.plans import ROOT, default_config, plan_of

from robust_mer import data
from robust_mer.evaluation import bootstrap
from robust_mer.features.shards import cut, extract_shard
from robust_mer.features.utterance import Utterance
from robust_mer.files import whole
from robust_mer.plan.grid import Training


def test_a_shard_is_written_without_listing_the_folder_of_all_shards(tmp_path, monkeypatch):
    from numbers_extractor import Numbers, NumbersSettings

    utterances = [Utterance(f"u{n}", None, None, "", None, None, "3", True) for n in range(60)]
    shards = cut(utterances, tmp_path, [])
    extractor = Numbers(NumbersSettings(log=str(tmp_path / "log")))

    def refuse(path):
        raise AssertionError(f"{path} is listed for each of its files")

    monkeypatch.setattr(Path, "iterdir", refuse)
    for shard in shards:
        extract_shard(extractor, shard)
    assert len(shards) == 3
    assert all(shard.path.is_file() for shard in shards)
    with pytest.raises(AssertionError, match="is listed"), whole(tmp_path / "table.csv"):
        pass


def test_what_a_killed_process_left_of_a_table_is_removed(tmp_path):
    left, others = (tmp_path / f".{name}.123.unfinished.csv" for name in ("table", "tables"))
    left.touch()
    others.touch()
    with whole(tmp_path / "table.csv") as unfinished:
        unfinished.write_text("a\n")
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", others.name}


def test_who_teaches_and_what_is_tested_on_is_found_once_for_all_jobs():
    raw = default_config()
    raw["experiments"]["demo"] |= {"corruptions": ["clean", "missing"], "folds": [1, 2, 3]}
    grid = plan_of(raw).grid
    assert grid.teachers == {"teacher_demo"}
    assert grid.tested_on == {
        Training("demo", "men_demo", "clean"): ["clean", "missing"],
        Training("demo", "nmer_demo", "clean"): ["clean"],
        Training("demo", "nmer_demo", "missing"): ["missing"],
        Training("demo", "snr_fusion_demo", "demo_range_every"): ["clean", "missing"],
    }
    assert grid.tested_on is grid.tested_on
    assert grid.teachers is grid.teachers


def test_statistics_hold_a_block_of_frames_at_a_time_in_float64(monkeypatch):
    frames = np.random.default_rng(1).normal(3, 2, (1000, 4)).astype(np.float32)
    frames[:, 3] = 1.5  # constant: left as it is
    whole_at_once = frames.astype(np.float64)
    monkeypatch.setattr(data, "BLOCK", 64)
    longest = 0
    square = np.square

    def watched(values):
        nonlocal longest
        longest = max(longest, len(values))
        return square(values)

    monkeypatch.setattr(data.np, "square", watched)
    normaliser = data.fit_normaliser(frames, normalise=True)
    assert data.variance_of(frames) == pytest.approx(whole_at_once.var(), rel=1e-12)
    expected = [*whole_at_once.std(axis=0)[:3], 1]
    np.testing.assert_allclose(normaliser.deviation, expected, rtol=1e-6)
    np.testing.assert_allclose(normaliser.mean, whole_at_once.mean(axis=0), rtol=1e-6)
    assert longest == 64


def test_speakers_are_not_sought_among_all_utterances_one_by_one(monkeypatch):
    """The draws stay those of a search for every speaker, whatever the utterances' order."""
    speaker = np.random.default_rng(1).permutation(np.repeat(np.arange(7), [1, 2, 3, 4, 5, 6, 7]))
    generator = np.random.default_rng(1)
    speakers = generator.multinomial(7, np.full(7, 1 / 7), size=50)
    utterances = np.zeros((50, len(speaker)))
    for number in range(7):
        own = [place for place, who in enumerate(speaker) if who == number]
        chances = np.full(len(own), 1 / len(own))
        utterances[:, own] = generator.multinomial(speakers[:, number] * len(own), chances)
    monkeypatch.setattr(bootstrap.np, "flatnonzero", None)
    found = bootstrap.draw_weights(speaker, 50, seed=1)
    np.testing.assert_array_equal(found[0], speakers)
    np.testing.assert_array_equal(found[1], utterances)


def test_the_benchmark_tells_growth_and_hours(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from scaling.expectation import Plan, Workload
    from scaling.measure import exponent

    assert exponent((10, 100), (3, 300)) == pytest.approx(2)
    assert np.isnan(exponent((10, 100), (0, 300)))
    hour, plan = 3600, Plan(jobs=0, longest=2 * 3600)
    run = Workload("run", 1, 1, 1, 8 * hour, 10 * hour, 20 * hour, 10 * hour, plan, plan)
    assert run.on_cores(4) == 12  # 48 hours on four cores
    assert run.on_cores(100) == 2  # the longest chain
    # eight cores per GPU, which has 40 core hours to do
    assert run.on_gpus(1, 10) == pytest.approx(1 + 4)
    assert run.on_gpus(4, 10) == pytest.approx(1 / 4 + 1)
    assert run.on_gpus(40, 10) == pytest.approx(1 / 40 + 0.2, abs=0.01)
