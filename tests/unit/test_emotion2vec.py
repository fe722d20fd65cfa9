"""emotion2vec: the network against a direct computation, and its checkpoints, on a tiny one."""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from helpers.networks import EMOTION2VEC, RATE, build, noise
from safetensors.torch import load_file, save_file

from robust_mer import cli
from robust_mer.errors import InputError
from robust_mer.features.encoders.emotion2vec import Emotion2VecConfig, Emotion2VecModel
from robust_mer.features.encoders.emotion2vec_file import convert
from robust_mer.features.utterance import Utterance

SOUND = "modality_encoders.AUDIO."
# As in the published file, which has 12 blocks in two places, 7 convolutions and 5 of positions.
BLOCK = ["norm1", "norm2", "attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"]
MODULES = [
    *(f"{SOUND}local_encoder.conv_layers.{number}.2.1" for number in range(7)),
    *(f"{SOUND}project_features.{number}" for number in (1, 2)),
    *(f"{SOUND}relative_positional_encoder.{number}.0" for number in (1, 2)),
    f"{SOUND}context_encoder.norm",
    *(f"{SOUND}context_encoder.blocks.0.{part}" for part in BLOCK),
    *(f"blocks.{number}.{part}" for number in (0, 1) for part in BLOCK),
]
NAMES = {
    *(f"{module}.{kind}" for module in MODULES for kind in ("weight", "bias")),
    *(f"{SOUND}local_encoder.conv_layers.{number}.0.weight" for number in range(7)),
    f"{SOUND}extra_tokens",
    f"{SOUND}alibi_scale",
}


def network(**changes) -> Emotion2VecModel:
    torch.manual_seed(0)
    drawn = Emotion2VecModel(Emotion2VecConfig(**{**EMOTION2VEC, **changes})).eval()
    with torch.no_grad():
        for weights in drawn.parameters():
            weights.copy_(torch.randn_like(weights) / 2)
    return drawn


def heard(samples: torch.Tensor, of: Emotion2VecModel) -> list[torch.Tensor]:
    with torch.inference_mode():
        return list(of(samples).hidden_states)


def test_its_weights_have_the_published_names():
    assert set(network().state_dict()) == NAMES


def test_attention_loses_with_distance_but_not_at_the_extra_tokens():
    encoder = network(num_attention_heads=12, hidden_size=24).modality_encoders["AUDIO"]
    with torch.no_grad():
        encoder.alibi_scale.fill_(2.0)[0, 0, 3] = -1.0
    (bias,) = encoder.distances(5).detach()
    assert bias.shape == (12, 8, 8)
    assert not bias[:, :3].any()
    assert not bias[:, :, :3].any()
    # Slopes of 8 heads, then every second of 16 heads.
    slopes = [2.0**-n for n in range(1, 9)] + [2.0 ** -(n + 0.5) for n in range(4)]
    slopes[3] = 0.0
    torch.testing.assert_close(bias[:, 3, 7], torch.tensor(slopes) * 2 * -4)
    torch.testing.assert_close(bias, bias.transpose(1, 2))


@pytest.mark.parametrize("rows", [1, 3])
def test_blocks_are_normalised_after_attention_and_after_the_two_layers(rows):
    one = network(alibi_rows=rows)
    weights, samples = one.state_dict(), noise(0.2)[None]
    with torch.no_grad():
        before = one.modality_encoders["AUDIO"](torch.from_numpy(samples))[0]
        frames = len(before) - 3
        biases = one.modality_encoders["AUDIO"].distances(frames).expand(3, -1, -1, -1)

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normal(x, name):
        scaled = (x - x.mean(1, keepdim=True)) / (x.var(1, False, keepdim=True) + 1e-5).sqrt()
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    x, found = before, heard(torch.from_numpy(samples), one)
    torch.testing.assert_close(found[0][0], x[3:])
    blocks = [f"{SOUND}context_encoder.blocks.0", "blocks.0", "blocks.1"]
    for block, bias, state in zip(blocks, biases, found[1:], strict=True):
        q, k, v = linear(x, f"{block}.attn.qkv").split(16, dim=1)
        parts = []
        for head in range(2):
            place = slice(8 * head, 8 * head + 8)
            scores = q[:, place] @ k[:, place].T / 8**0.5 + bias[head]
            parts.append(scores.softmax(dim=1) @ v[:, place])
        x = normal(x + linear(torch.cat(parts, 1), f"{block}.attn.proj"), f"{block}.norm1")
        inner = torch.nn.functional.gelu(linear(x, f"{block}.mlp.fc1"))
        x = normal(x + linear(inner, f"{block}.mlp.fc2"), f"{block}.norm2")
        torch.testing.assert_close(state[0], x[3:], rtol=1e-3, atol=1e-4)


def test_a_recording_has_the_same_states_in_a_batch():
    batch = torch.from_numpy(np.stack([noise(0.5, seed) for seed in range(3)]))
    together = heard(batch, network())
    for place in range(3):
        alone = heard(batch[place : place + 1], network())
        for one, other in zip(together, alone, strict=True):
            assert other.shape == (1, 24, 16)  # (8000 - 400) // 320 + 1 frames
            torch.testing.assert_close(one[place], other[0], rtol=1e-3, atol=1e-4)


def checkpoint(folder: Path, *, without: str = "", **more) -> tuple[Path, Emotion2VecModel]:
    """A file as published: weights of training and of the average model, and settings."""
    one = network()
    weights = {name: value for name, value in one.state_dict().items() if name != without}
    weights |= {f"{SOUND}decoder.proj.weight": torch.zeros(2, 2), "proj.bias": torch.zeros(9)}
    weights |= {"_ema": {"blocks.0": torch.zeros(1)}, **more}
    path = folder / "emotion2vec_base.pt"
    torch.save({"model": weights, "args": argparse.Namespace(best=np.float64(1))}, path)
    return path, one


def test_a_converted_checkpoint_gives_the_states_of_its_network(tmp_path, monkeypatch, capsys):
    path, one = checkpoint(tmp_path)
    folder, signal = tmp_path / "folder", noise(1.0) + np.float32(0.03)
    monkeypatch.setattr("sys.argv", ["robust-mer", "convert", str(path), str(folder)])
    cli.main()
    assert "3 blocks of 16" in capsys.readouterr().out
    assert set(load_file(folder / "model.safetensors")) == NAMES
    soundfile.write(tmp_path / "a.wav", signal, RATE, subtype="FLOAT")
    utterance = Utterance("u", tmp_path / "a.wav", None, "", None, None, "", True)
    normal = torch.nn.functional.layer_norm(torch.from_numpy(signal), signal.shape)
    states = heard(normal[None], one)
    for layer in (-1, 0, 2):
        extractor = build("emotion2vec", folder, layers=layer)
        values = extractor.extract(utterance).values
        assert (values.shape, extractor.frame_rate) == ((49, 16), 50.0)
        np.testing.assert_allclose(values, states[layer][0], atol=1e-4)


def test_files_of_other_forms_are_converted_alike(tmp_path):
    path, one = checkpoint(tmp_path)
    weights = one.state_dict()
    weights[f"{SOUND}alibi_scale"] = weights[f"{SOUND}alibi_scale"][0]  # of older files
    save_file(weights, tmp_path / "weights.safetensors")
    convert(path, tmp_path / "a")
    convert(tmp_path / "weights.safetensors", tmp_path / "b")
    files = [load_file(tmp_path / name / "model.safetensors") for name in "ab"]
    for name in NAMES:
        torch.testing.assert_close(files[0][name], files[1][name])


class Malice:
    """Writes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_a_checkpoint_that_runs_code_is_refused_and_does_not_run_it(tmp_path):
    path, _ = checkpoint(tmp_path, extra=Malice(tmp_path / "trace"))
    with pytest.raises(InputError, match=r"more than tensors.*mkdir.*Nothing of it was run"):
        convert(path, tmp_path / "folder")
    assert not (tmp_path / "trace").exists()
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"without": f"{SOUND}alibi_scale"}, "lacks modality_encoders.AUDIO.alibi_scale"),
        ({"without": "blocks.1.mlp.fc2.bias"}, "lacks blocks.1.mlp.fc2.bias"),
        ({"norm.weight": torch.ones(16)}, "has norm.weight, which emotion2vec has not"),
        ({"blocks.0.norm1.bias": torch.ones(3)}, r"in the shape \[3\], not \[16\]"),
    ],
)
def test_a_checkpoint_of_another_network_is_refused(tmp_path, changes, message):
    path, _ = checkpoint(tmp_path, **changes)
    with pytest.raises(InputError, match=rf"{message}.*no checkpoint of emotion2vec"):
        convert(path, tmp_path / "folder")
    assert not (tmp_path / "folder").exists()


def test_files_and_folders_that_do_not_fit_are_refused(tmp_path):
    path, _ = checkpoint(tmp_path)
    with pytest.raises(InputError, match="robust-mer convert"):
        build("emotion2vec", path)
    with pytest.raises(InputError, match="not an empty folder"):
        convert(path, tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="cannot be read as a checkpoint"):
        convert(path, tmp_path / "folder")
    torch.save([1], path)
    with pytest.raises(InputError, match="holds a list, not weights"):
        convert(path, tmp_path / "folder")
    convert(checkpoint(tmp_path)[0], tmp_path / "folder")
    config = tmp_path / "folder/config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "main_layers": 3}))
    with pytest.raises(InputError, match="lacks 12 of the network's weights"):
        build("emotion2vec", tmp_path / "folder")
