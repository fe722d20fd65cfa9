"""Files of ONNX answer as their models do, without torch; what cannot be written says why."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.exported import WIDTHS, write_exported
from helpers.tasks import task

from robust_mer import cli
from robust_mer.errors import InputError
from robust_mer.export import onnx_file
from robust_mer.export.folder import load_model
from robust_mer.export.onnx_check import TOLERANCE, compare
from robust_mer.export.onnx_file import find_model, write_onnx
from robust_mer.export.predict import answer_of
from robust_mer.models.recurrent import lstm_states, lstms_as_onnx
from robust_mer.store import write_features

PAGE = Path(__file__).parents[2] / "docs/command_line.md"
DRAWS = np.random.default_rng(3)

onnxruntime = pytest.importorskip("onnxruntime")


def draw(lengths, width):
    return [DRAWS.normal(1, 1, (length, width)).astype(np.float32) for length in lengths]


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["robust-mer", "onnx", *map(str, arguments)])
    cli.main()


def test_a_model_of_a_run_is_checked_with_its_features_and_needs_no_torch(
    tmp_path, monkeypatch, capsys
):
    folder = write_exported(tmp_path / "results/c/exported/men/clean/fold1_seed1", "men")
    for modality, width in WIDTHS.items():
        frames = draw([6, 0, 2, 9], width)
        names = [f"{place}" for place in range(width)]
        path = tmp_path / f"results/c/features/{modality}.h5"
        write_features(path, list("abcd"), frames, names, None, {}, "")
    monkeypatch.chdir(tmp_path)
    call(monkeypatch, "results", "nmer.onnx")
    said = capsys.readouterr().out
    assert "probabilities [batch, 3]: angry, happy, sad" in said
    assert "24 answers, 12 of them on features of the run" in said

    snippet = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert "torch" not in snippet[1]
    frames = {m: draw([4], width)[0] for m, width in WIDTHS.items()}
    names = {"frames": frames}
    exec(snippet[1], names)
    answer, _ = answer_of(load_model(folder), frames, [True, True])
    assert names["answer"] == pytest.approx(answer.probabilities, abs=TOLERANCE)


def test_a_mask_aware_model_of_numbers_with_replaced_values(tmp_path):
    targets = {"targets": ["valence", "arousal"], "range": [1, 5]}
    folder = write_exported(
        tmp_path,
        "helpers.own_models:Masked",
        task("regression", target=["valence", "arousal"], target_range=[1, 5]),
        targets,
        not_finite=0.0,
    )
    exported = load_model(folder, ["helpers.own_models:Masked"])
    path = tmp_path / "own.onnx"
    write_onnx(exported, path)
    session = onnxruntime.InferenceSession(path)
    facts = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    assert facts == {
        **json.loads((folder / "model.json").read_text()),
        "outputs": ["valence", "arousal"],
    }
    audio, text = draw([3], 3)[0], draw([6], 2)[0]
    broken = audio.copy()
    broken[1, 0], audio[1, 0] = np.nan, 0.0
    inputs = {
        "audio": broken[None],
        "text": text[None],
        "audio_frames": np.array([3]),
        "text_frames": np.array([6]),
    }
    for told in ([True, True], [True, False]):
        (values,) = session.run(["values"], {**inputs, "is_clean": np.array([told])})
        answer, _ = answer_of(exported, {"audio": audio, "text": text}, told)
        assert values[0] == pytest.approx(list(answer.value.values()), abs=1e-5)

    with torch.no_grad():
        exported.model.head.bias[1] += 1e-3
    agreement = compare(exported, ["valence", "arousal"], path, {})
    assert agreement.largest == pytest.approx(5e-4, rel=0.01)  # of the range


def test_what_cannot_be_written_names_the_model_and_the_operation(tmp_path):
    own = "helpers.own_models:Branching"
    exported = load_model(write_exported(tmp_path, own), [own])
    with pytest.raises(InputError) as raised:
        write_onnx(exported, tmp_path / "own.onnx")
    assert own in str(raised.value)
    assert "`if frames.sum() > 0:`" in str(raised.value)
    assert not list(tmp_path.glob("*.onnx"))


class Both(torch.nn.Module):
    """Two LSTMs of which one begins at the end, as MCTN runs them."""

    def forward(self, inputs, lengths, weights):
        return lstm_states(inputs, lengths, weights, torch.tensor([False, True]))


@pytest.mark.filterwarnings("ignore:# The axis name")
def test_lstms_in_both_directions_are_those_of_training(tmp_path):
    def arguments(batch, time):
        lengths = torch.arange(batch).expand(2, -1) % (time + 1)
        return torch.randn(2, batch, time, 8), lengths, torch.randn(2, 8, 2)

    shapes = ({1: "batch", 2: "time"}, {1: "batch"}, {})
    with lstms_as_onnx():
        program = torch.onnx.export(
            Both().eval(), arguments(3, 4), dynamic_shapes=shapes, opset_version=18, verbose=False
        )
    program.save(tmp_path / "lstm.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "lstm.onnx")
    given = arguments(5, 6)
    names = [one.name for one in session.get_inputs()]
    feed = {name: one.numpy() for name, one in zip(names, given, strict=True)}
    np.testing.assert_allclose(session.run(None, feed)[0], Both()(*given), atol=1e-6)


def test_one_of_several_models_must_be_named(tmp_path):
    for replica in ("fold1_seed1", "fold2_seed1"):
        folder = tmp_path / "c/exported/men/clean" / replica
        folder.mkdir(parents=True)
        (folder / "model.json").touch()
    with pytest.raises(InputError, match=r"2 exported models; .* e\.g\. .*fold1_seed1"):
        find_model(tmp_path)
    assert find_model(folder) == folder


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if name == "onnxscript" else True)
    with pytest.raises(InputError, match=r"onnxscript is not installed; .* pip install onnx"):
        onnx_file.check_packages()


def test_the_output_must_be_a_file_of_onnx(monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match=r"expected a file that ends in \.onnx"):
        call(monkeypatch, tmp_path, "model.pt")
