"""DenseFace's network and its training, against the papers' figures and made pictures."""

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from robust_mer.errors import InputError
from robust_mer.features.denseface import DenseFaceTrainingSettings
from robust_mer.features.densenet import DenseNet
from robust_mer.features.specs import DenseFaceFiles, DenseFaceSpec
from robust_mer.features.train_denseface import (
    augment,
    read_faces,
    to_network,
    train_denseface,
)
from robust_mer.jobs import log
from robust_mer.runtime import Runtime

CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


@pytest.fixture
def faces(tmp_path):
    """Light and dark pictures, in noise."""
    rng = np.random.default_rng(0)
    label = np.arange(30) % 2
    images = rng.normal(90 + 80 * label[:, None, None], 20, (30, 48, 48)).clip(0, 255)
    path = tmp_path / "faces.npz"
    usage = np.where(np.arange(30) < 20, "Training", "PublicTest")
    np.savez(path, images=images.astype(np.uint8), label=label, classes=CLASSES[:2], usage=usage)
    return path


def test_channels_are_those_of_the_paper():
    network, widths = DenseNet(8), []
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
            widths.append(module.in_channels)
    # after the stem, and after each block and transition
    first = [24 + 12 * layer for layer in range(16)]
    second = [108 + 12 * layer for layer in range(16)]
    third = [150 + 12 * layer for layer in range(16)]
    assert widths == [*first, 216, *second, 300, *third]
    features, scores = network.eval()(torch.zeros(2, 64, 64, dtype=torch.uint8))
    assert features.shape == (2, 342)
    assert scores.shape == (2, 8)
    # 100 layers: stem, 48 bottlenecks of two, two transitions, the last linear one
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert len(layers) == 100


def test_pictures_are_normalised_as_published():
    network, seen = DenseNet(2).eval(), []
    network.stem.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(torch.full((1, 64, 64), 131, dtype=torch.uint8))
    assert torch.allclose(seen[0], torch.tensor((131 - 131.0754) / 47.858), atol=1e-5)


def test_what_is_left_out_of_training(faces):
    read = read_faces(faces, "", 1)
    counts = {part: int((read.part == part).sum()) for part in ("train", "validation", "test")}
    assert counts == {"train": 18, "validation": 2, "test": 10}
    held_out = read.label[read.part == "validation"]
    assert sorted(held_out) == [0, 1]
    assert (read.part == read_faces(faces, "", 1).part).all()
    assert (read.part != read_faces(faces, "", 2).part).any()


def write_csv(folder, usage):
    rows = [
        {"emotion": k % 7, "pixels": " ".join(["7"] * 2304), "Usage": part}
        for k, part in enumerate(usage)
    ]
    pd.DataFrame(rows).to_csv(folder / "fer2013.csv", index=False)
    return folder / "fer2013.csv"


def test_fer2013_and_the_votes_of_fer_plus(tmp_path):
    csv = write_csv(tmp_path, ["Training", "Training", "Training", "PublicTest", "PrivateTest"])
    plain = read_faces(csv, "", 1)
    assert plain.classes == CLASSES
    assert plain.part.tolist() == ["train", "train", "train", "validation", "test"]
    columns = [
        "neutral",
        "happiness",
        "surprise",
        "sadness",
        "anger",
        "disgust",
        "fear",
        "contempt",
        "unknown",
        "NF",
    ]
    votes = pd.DataFrame(0, index=range(5), columns=columns)
    votes.loc[0, "happiness"] = 6
    votes.loc[1, ["anger", "sadness"]] = 5  # a draw
    votes.loc[2, "NF"] = 9  # no face
    votes.loc[3, ["fear", "surprise"]] = [6, 4]
    votes.loc[4, "contempt"] = 7
    votes.to_csv(tmp_path / "votes.csv", index=False)
    voted = read_faces(csv, tmp_path / "votes.csv", 1)
    assert [voted.classes[k] for k in voted.label] == ["happiness", "fear", "contempt"]


def test_files_that_are_something_else(tmp_path, faces):
    with pytest.raises(InputError, match=r"faces is .*no such file"):
        read_faces(tmp_path / "not there.csv", "", 1)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"other\.csv.*lacks the columns emotion, pixels"):
        read_faces(tmp_path / "other.csv", "", 1)
    with pytest.raises(InputError, match="no pictures to test"):
        read_faces(write_csv(tmp_path, ["Training"] * 140), "", 1)
    with pytest.raises(InputError, match="FER2013's csv only"):
        read_faces(faces, faces, 1)


def test_changed_pictures_stay_pictures():
    pictures = torch.full((200, 48, 48), 100, dtype=torch.uint8)
    changed = augment(pictures, torch.Generator().manual_seed(0))
    assert changed.shape == (200, 64, 64)
    # nothing but brightness changes a grey wall: 100 x (0.75 .. 1.25) +- 25
    assert changed.flatten(1).std(dim=1).max() < 1e-3
    assert 50 <= changed.min() < 65 < 135 < changed.max() <= 150
    half = torch.zeros(200, 48, 48, dtype=torch.uint8)
    half[:, :, 24:] = 200
    lit = augment(half, torch.Generator().manual_seed(1))
    mirrored = lit[:, :, :16].mean(dim=(1, 2)) > lit[:, :, -16:].mean(dim=(1, 2))
    assert 70 < mirrored.sum() < 130


def test_pictures_in_the_networks_size():
    ramp = torch.arange(48, dtype=torch.uint8)[None, :, None].expand(1, 48, 48)
    sized = to_network(ramp)
    assert sized.shape == (1, 64, 64)
    assert torch.allclose(sized[0, 1:-1, 0].diff(), torch.tensor(0.75), atol=1e-4)


def train(folder, faces, **settings):
    files = DenseFaceFiles([faces], folder / "w.safetensors", folder / "card.md")
    changes = {"faces": str(faces), "epochs": 2, "batch_size": 12, **settings}
    complete = DenseFaceTrainingSettings(**changes).model_dump()
    train_denseface(DenseFaceSpec(complete), files, Runtime())
    return files.weights, files.card


def test_an_interrupted_training_resumes_and_ends_the_same(tmp_path, faces, monkeypatch, caplog):
    whole_course = load_file(train(tmp_path, faces)[0])
    folder = tmp_path / "broken"
    folder.mkdir()

    def break_after_one_epoch(message, *facts):
        if message.startswith("epoch") and facts[0] == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(log, "info", break_after_one_epoch)
        with pytest.raises(KeyboardInterrupt):
            train(folder, faces)
    caplog.set_level("INFO", "robust_mer")
    weights, card = train(folder, faces)
    assert "from epoch 2" in caplog.text
    assert sorted(path.name for path in folder.iterdir()) == ["card.md", "w.safetensors"]
    resumed = load_file(weights)
    assert all(torch.equal(resumed[name], value) for name, value in whole_course.items())
    assert "| true \\ predicted | angry | disgust | recall |" in card.read_text(encoding="utf-8")


def test_it_learns_to_tell_light_from_dark(tmp_path, faces):
    _, card = train(tmp_path, faces, epochs=4, learning_rate=0.02)
    assert "WA 1.000, UA 1.000" in card.read_text(encoding="utf-8")
