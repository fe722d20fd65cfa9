"""Training DenseFace's network on FER2013, with the labels of FER2013 or of FER+."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from torch import Tensor
from torch.nn import functional

from robust_mer.corpora.tables import read_user_table
from robust_mer.errors import InputError
from robust_mer.features.denseface import DenseFaceTrainingSettings
from robust_mer.features.densenet import SIZE, DenseNet
from robust_mer.features.device import best_device
from robust_mer.features.specs import DenseFaceFiles, DenseFaceSpec
from robust_mer.files import sha256, whole
from robust_mer.identity import code_identity
from robust_mer.jobs import log
from robust_mer.metrics.classes import ua, wa
from robust_mer.runtime import Runtime

_FER2013 = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
_FERPLUS = [
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
]
_SIDE = 48  # pixels
_VALIDATION = 0.1  # fraction of the training pictures, if the file has no validation part
_MOMENTUM = 0.9
_PICTURES_AT_ONCE = 256


@dataclass(frozen=True)
class FacePictures:
    """FER2013's pictures, uint8 [N, 48, 48], with their labels and parts."""

    pictures: np.ndarray
    label: np.ndarray
    classes: list[str]
    part: np.ndarray  # train, validation or test

    def of(self, part: str) -> tuple[Tensor, Tensor]:
        """Pictures and labels of a part."""
        rows = self.part == part
        return torch.from_numpy(self.pictures[rows]), torch.from_numpy(self.label[rows])


def read_faces(faces: str | Path, votes: str | Path, seed: int) -> FacePictures:
    """Read FER2013; see `DenseFaceTrainingSettings` for the formats.

    If there is a PrivateTest, it is the test part and PublicTest the validation part. Otherwise
    PublicTest is the test part, and a tenth of the training pictures, by class, the validation
    part.

    Raises:
        InputError: a file is missing or invalid, or a part is empty.
    """
    for path, key in ((faces, "faces"), (votes, "votes")):
        if path and not Path(path).is_file():
            raise InputError(
                f"config: features.denseface_training.{key} is {str(path)!r}: there is no such file"
            )
    try:
        if Path(faces).suffix == ".npz":
            if votes:
                raise InputError(
                    f"{faces}: votes can be used with FER2013's csv only; remove votes"
                )
            with np.load(faces, allow_pickle=False) as file:
                pictures, label = file["images"], file["label"].astype(np.int64)
                classes, usage = file["classes"].tolist(), file["usage"].astype(str)
        else:
            emotion, pixels, usage = _columns(faces, ["emotion", "pixels", "Usage"])
            values = " ".join(pixels).split()
            pictures = np.array(values, dtype=np.uint8).reshape(-1, _SIDE, _SIDE)
            label, classes = emotion.astype(np.int64), _FER2013
            if votes:
                label, classes = _majority(votes, len(usage)), _FERPLUS
        if not len(pictures) == len(label) == len(usage) or pictures.dtype != np.uint8:
            raise ValueError("images, labels and usage differ in number")
        if pictures.shape[1:] != (_SIDE, _SIDE) or label.max() >= len(classes):
            raise ValueError("expected pictures of 48 x 48 and labels within the classes")
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise InputError(f"{faces} is not FER2013 as expected: {error}") from error
    is_labelled = label >= 0
    pictures, label, usage = pictures[is_labelled], label[is_labelled], usage[is_labelled]
    part = np.select(
        [usage == "Training", usage == "PublicTest", usage == "PrivateTest"],
        ["train", "validation", "test"],
        default="",
    )
    if not (part == "test").any():
        part[part == "validation"] = "test"
        train = np.flatnonzero(part == "train")
        _, held_out = train_test_split(
            train, test_size=_VALIDATION, stratify=label[train], random_state=seed
        )
        part[held_out] = "validation"
    empty = [name for name in ("train", "validation", "test") if not (part == name).any()]
    if empty:
        raise InputError(
            f"{faces} has no pictures to {' and '.join(empty)}; check its usage column"
        )
    return FacePictures(pictures, label, classes, part)


def _columns(path: str | Path, names: list[str]) -> np.ndarray:
    """Columns of a csv as texts: [columns, rows]."""
    table = read_user_table(Path(path), names)
    if table.unusable:
        line, what = table.unusable[0]
        raise InputError(f"{path}, line {line}: {what}")
    rows = [[row[name] for name in names] for _, row in table.rows]
    return np.array(rows, dtype=object).reshape(-1, len(names)).T


def _majority(votes: str | Path, rows: int) -> np.ndarray:
    """The class with most of FER+'s votes; -1 for unknown, no face, or a draw."""
    counts = _columns(votes, [*_FERPLUS, "unknown", "NF"]).astype(np.int64).T
    if len(counts) != rows:
        raise ValueError(f"{votes} has {len(counts)} rows, expected {rows}")
    ordered = np.sort(counts, axis=1)
    best = counts.argmax(axis=1)
    clear = (ordered[:, -1] > ordered[:, -2]) & (best < len(_FERPLUS))
    return np.where(clear, best, -1)


def to_network(pictures: Tensor) -> Tensor:
    """Resize pictures for the network: uint8 [N, 48, 48] to float32 [N, 64, 64], 0 to 255."""
    return functional.interpolate(
        pictures[:, None].float(), (SIZE, SIZE), mode="bilinear", align_corners=False
    )[:, 0]


def augment(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Randomly rotate, scale, shift, mirror and brighten pictures [N, 48, 48]: [N, 64, 64]."""

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(pictures), generator=generator)

    angle, scale = between(-0.25, 0.25), between(0.85, 1.15)  # radians; factor
    mirror = torch.where(between(-1, 1) < 0, -1.0, 1.0)
    rows = [
        torch.stack([scale * mirror * angle.cos(), -scale * angle.sin(), between(-0.1, 0.1)], 1),
        torch.stack([scale * mirror * angle.sin(), scale * angle.cos(), between(-0.1, 0.1)], 1),
    ]
    grid = functional.affine_grid(
        torch.stack(rows, 1), [len(pictures), 1, SIZE, SIZE], align_corners=False
    )
    moved = functional.grid_sample(
        pictures[:, None].float(), grid, padding_mode="border", align_corners=False
    )[:, 0]
    contrast, brightness = between(0.75, 1.25), between(-25, 25)
    return moved * contrast[:, None, None] + brightness[:, None, None]


def train_denseface(spec: DenseFaceSpec, files: DenseFaceFiles, runtime: Runtime) -> None:
    """Train the network; keep the epoch with the best UA on the validation pictures.

    An interrupted training resumes after the last epoch. The test pictures are used once, at the
    end.

    Raises:
        InputError: the pictures are invalid.
    """
    torch.set_num_threads(runtime.threads)
    device = torch.device("cpu") if runtime.device == "cpu" else best_device()
    settings = DenseFaceTrainingSettings(**spec.settings)
    faces = read_faces(settings.faces, settings.votes, settings.seed)
    hashes = [sha256(path) for path in (settings.faces, settings.votes) if path]
    identity = json.dumps([spec.settings, code_identity(__name__), hashes, torch.__version__])
    progress_file = files.weights.with_name(".progress.safetensors")
    course = Course.resume_or_start(progress_file, settings, len(faces.classes), identity, device)
    _train(course, faces, settings, progress_file)
    course.take_best()
    test = faces.of("test")
    label, predicted = test[1].numpy(), course.predict(test[0])
    facts = {
        "classes": faces.classes,
        "test_wa": wa(label, predicted),
        "test_ua": ua(label, predicted),
        "validation_ua": course.best_ua,
        "best_epoch": course.best_epoch,
        "pictures": {part: int((faces.part == part).sum()) for part in np.unique(faces.part)},
        "settings": {**spec.settings, "faces": Path(settings.faces).name},
        "sha256_of_faces": hashes[0],
    }
    with whole(files.weights) as unfinished:
        state = {n: v.cpu().contiguous() for n, v in course.network.state_dict().items()}
        save_file(state, unfinished, {"facts": json.dumps(facts)})
    table = confusion_matrix(label, predicted, labels=range(len(faces.classes)))
    with whole(files.card) as unfinished:
        unfinished.write_text(_card(facts, table, sha256(files.weights)), encoding="utf-8")
    progress_file.unlink()
    log.info("test: WA %.3f, UA %.3f", facts["test_wa"], facts["test_ua"])


def _train(
    course: "Course", faces: FacePictures, settings: DenseFaceTrainingSettings, progress_file: Path
) -> None:
    """Train the remaining epochs, and save the progress after each."""
    train, validation, test = (faces.of(part) for part in ("train", "validation", "test"))
    log.info(
        "%d training, %d validation and %d test pictures, %s; %d parameters; from epoch %d on %s",
        *(len(label) for _, label in (train, validation, test)),
        Path(settings.faces).name,
        sum(parameter.numel() for parameter in course.network.parameters()),
        course.epoch + 1,
        course.device,
    )
    while course.epoch < settings.epochs:
        began = time.monotonic()
        loss = course.train_epoch(*train)
        reached = ua(validation[1].numpy(), course.predict(validation[0]))
        course.keep_if_best(reached)
        course.save(progress_file)
        log.info(
            "epoch %d of %d: loss %.4f, validation UA %.3f (best %.3f), %.0f s left",
            course.epoch,
            settings.epochs,
            loss,
            reached,
            course.best_ua,
            (time.monotonic() - began) * (settings.epochs - course.epoch),
        )


class Course:
    """The state of a training: network, momentum, the best epoch so far."""

    def __init__(
        self,
        settings: DenseFaceTrainingSettings,
        classes: int,
        identity: str,
        device: torch.device,
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.identity, self.device = settings, identity, device
        self.network = DenseNet(classes).to(device).to(memory_format=torch.channels_last)
        self.momentum = {n: torch.zeros_like(p) for n, p in self.network.named_parameters()}
        self.best = {n: v.clone() for n, v in self.network.state_dict().items()}
        self.epoch = self.best_epoch = 0
        self.best_ua = -1.0

    @classmethod
    def resume_or_start(
        cls,
        path: str | Path,
        settings: DenseFaceTrainingSettings,
        classes: int,
        identity: str,
        device: torch.device,
    ) -> "Course":
        """The training saved in ``path``, or a new one if the file has another identity."""
        course = cls(settings, classes, identity, device)
        if not Path(path).exists():
            return course
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()["facts"])
            if facts.pop("identity") != identity:
                return course
            saved = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for kind, tensors in course._tensors().items():
            for name, tensor in tensors.items():
                tensor.copy_(saved[f"{kind}.{name}"])
        vars(course).update(facts)
        return course

    def save(self, path: str | Path) -> None:
        """Save network, momentum and the best epoch so far."""
        tensors = {
            f"{kind}.{name}": tensor.cpu().contiguous()
            for kind, tensors in self._tensors().items()
            for name, tensor in tensors.items()
        }
        facts = {key: vars(self)[key] for key in ("identity", "epoch", "best_epoch", "best_ua")}
        with whole(path) as unfinished:
            save_file(tensors, unfinished, {"facts": json.dumps(facts)})

    def _tensors(self) -> dict[str, dict[str, Tensor]]:
        return {"now": self.network.state_dict(), "momentum": self.momentum, "best": self.best}

    def train_epoch(self, pictures: Tensor, label: Tensor) -> float:
        """Train for one epoch, with order and augmentation by seed and epoch; the mean loss."""
        settings, progress = self.settings, self.epoch / self.settings.epochs
        factor = 0.01 if progress >= 0.75 else 0.1 if progress >= 0.5 else 1.0
        rate = settings.learning_rate * factor
        parameters = dict(self.network.named_parameters())
        optimiser = torch.optim.SGD(
            parameters.values(), rate, _MOMENTUM, weight_decay=settings.weight_decay, nesterov=True
        )
        if self.epoch:
            for name, parameter in parameters.items():
                optimiser.state[parameter]["momentum_buffer"] = self.momentum[name]
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(label), generator=generator)
        self.network.train()
        total = 0.0
        for rows in order.split(settings.batch_size):
            if len(rows) == 1:
                continue  # batch normalisation needs two
            augmented = augment(pictures[rows], generator).to(self.device)
            # Convolutions take most of the time and need little precision.
            with torch.autocast(self.device.type, torch.bfloat16):
                _, scores = self.network(augmented)
            loss = functional.cross_entropy(scores.float(), label[rows].to(self.device))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            total += loss.item() * len(rows)
        self.momentum = {n: optimiser.state[p]["momentum_buffer"] for n, p in parameters.items()}
        self.epoch += 1
        return total / len(label)

    def predict(self, pictures: Tensor) -> np.ndarray:
        """The class of every picture, from it and its mirror image."""
        self.network.eval()
        classes = []
        with torch.inference_mode():
            for block in to_network(pictures).split(_PICTURES_AT_ONCE):
                block = block.to(self.device)
                scores = self.network(block)[1] + self.network(block.flip(2))[1]
                classes.append(scores.argmax(dim=1).cpu())
        return torch.cat(classes).numpy()

    def keep_if_best(self, reached: float) -> None:
        """Keep the weights of this epoch if they are the best so far."""
        if reached > self.best_ua:
            self.best_ua, self.best_epoch = float(reached), self.epoch
            self.best = {n: v.clone() for n, v in self.network.state_dict().items()}

    def take_best(self) -> None:
        """Restore the weights of the best epoch."""
        self.network.load_state_dict(self.best)


def _card(facts: dict[str, Any], table: np.ndarray, digest: str) -> str:
    classes, settings = facts["classes"], facts["settings"]
    counts = ", ".join(f"{number} {part}" for part, number in facts["pictures"].items())
    recall = table.diagonal() / table.sum(axis=1).clip(min=1)
    lines = [
        "# DenseFace",
        "",
        "DenseNet-BC (growth 12, depth 100, 342 features) on 64 x 64 grey faces, from FER2013,",
        "which may be used for research only. Its pictures show people who were not asked, and its",
        "labels are what other people guessed: what the network says of a face is no fact about",
        "that person.",
        "",
        f"- Pictures: {counts}; {settings['faces']}, SHA-256 {facts['sha256_of_faces']}",
        f"- Labels: {'votes of FER+' if settings['votes'] else 'those of FER2013'}",
        f"- Epoch {facts['best_epoch']} of {settings['epochs']}, chosen by validation UA "
        f"({facts['validation_ua']:.3f})",
        "",
        f"Test pictures: WA {facts['test_wa']:.3f}, UA {facts['test_ua']:.3f}, from a picture and "
        "its mirror image.",
        "",
        f"| true \\ predicted | {' | '.join(classes)} | recall |",
        f"| --- |{' ---: |' * (len(classes) + 1)}",
        *(
            f"| {name} | {' | '.join(map(str, row))} | {share:.3f} |"
            for name, row, share in zip(classes, table, recall, strict=True)
        ),
        "",
        f"SHA-256 of the weights: {digest}",
        "",
    ]
    return "\n".join(lines)
