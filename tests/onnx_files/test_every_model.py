"""Every model of the registry, as the config names it, as a file of ONNX; takes minutes."""

import pytest
from helpers.exported import write_exported
from helpers.models import SMALL
from helpers.tasks import task

from robust_mer.export.folder import load_model
from robust_mer.export.onnx_check import TOLERANCE
from robust_mer.export.onnx_file import write_onnx
from robust_mer.models.registry import MODELS, settings_class

NUMBERS = (
    task("regression", target=["valence", "arousal"], target_range=[1, 5]),
    {"targets": ["valence", "arousal"], "range": [1, 5]},
)
LABELS = (task("multilabel", target=["joy", "fear"]), {"labels": ["joy", "fear"]})


def write(folder, name, *of_task, **settings):
    write_exported(folder, name, *of_task, widths=SMALL, **settings)
    return write_onnx(load_model(folder), folder / "model.onnx")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_answers_as_in_torch(tmp_path, name):
    of_task = () if "class" in settings_class(name).encodings else NUMBERS
    written = write(tmp_path, name, *of_task)
    print(f"{written.agreement.largest:.1e}", (tmp_path / "model.onnx").stat().st_size)
    assert written.agreement.largest < TOLERANCE / 10


@pytest.mark.parametrize("of_task", [NUMBERS, LABELS], ids=["numbers", "labels"])
def test_other_tasks(tmp_path, of_task):
    assert write(tmp_path, "snr_fusion", *of_task).agreement.largest < TOLERANCE / 10


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("nmer", {"tokens": "features"}),
        ("nmer", {"variant": "released"}),
        ("cm_arr", {"join": "linear"}),
    ],
)
def test_other_settings(tmp_path, name, settings):
    assert write(tmp_path, name, **settings).agreement.largest < TOLERANCE / 10
