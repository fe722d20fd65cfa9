"""What a visual network sees of an utterance: the speaker's face, or the whole picture."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import cv2
import numpy as np
import torch
from torch import Tensor

from robust_mer.features.face_reader import FaceReader
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.video import Clip, is_plain
from robust_mer.features.visual import PictureSettings, VisualSettings

_AT_ONCE = 32  # pictures in memory, and before the network


class Pictures:
    """Takes a network over the pictures of an utterance, a batch at a time.

    Args:
        settings: An extractor's.
        side: Pixels of a square picture; None leaves them as they are.
        shorter: Pixels of a whole frame's shorter side, before its centre is cut out.
        at_once: Pictures that go through the network together; None: as many as fit.
        per_row: Pictures that a row of features stands for.
    """

    def __init__(
        self,
        settings: VisualSettings,
        side: int | None = None,
        shorter: int | None = None,
        at_once: int | None = None,
        per_row: int = 1,
    ):
        self._at_once, self._per_row = at_once or _AT_ONCE, per_row
        self._faces = settings.faces
        self._side, self._shorter = side, shorter
        self._reader = FaceReader(self._faces)
        self._of_faces = not isinstance(settings, PictureSettings) or settings.of == "face"

    def extract(
        self, utterance: Utterance, network: Callable[[np.ndarray], Tensor], width: int
    ) -> Extraction:
        """What the network says of each picture.

        Args:
            utterance: Whose pictures.
            network: Takes RGB, uint8 [N, height, width, 3], and returns float32 [N, width].
            width: How many features.

        Raises:
            UtteranceError: the video cannot be used.
        """
        if self._of_faces:
            faces = self._reader.read(utterance)
            side = self._side or self._faces.size
            values = self._over(faces.pictures(side), network, width)
            seen = faces.looked_at, faces.seconds, faces.note
            return Extraction(values, *seen, positions=faces.time[:: self._per_row])
        clip = Clip(utterance, self._faces.frame_rate)
        counted = _Counted(clip, self._faces.min_contrast)
        pictures = iter(counted) if self._side is None else map(self._centre, counted)
        values = self._over(pictures, network, width)
        notes = list(clip.notes)
        if counted.plain:
            notes.insert(0, f"pictures of one colour: {counted.plain} of {counted.all} frames")
        if counted.plain == counted.all:
            values = values[:0]
        times = np.array(clip.times[:: self._per_row], np.float32)[: len(values)]
        return Extraction(values, counted.all, clip.seconds, "; ".join(notes), positions=times)

    def _over(
        self, pictures: Iterable[np.ndarray], network: Callable[[np.ndarray], Tensor], width: int
    ) -> np.ndarray:
        values = [np.zeros((0, width), np.float32)]
        with torch.inference_mode():
            for batch in _batches(pictures, self._at_once):
                values.append(network(np.ascontiguousarray(batch[..., ::-1])).float().cpu().numpy())
        return np.concatenate(values)

    def _centre(self, picture: np.ndarray) -> np.ndarray:
        height, width = picture.shape[:2]
        scale = self._shorter / min(height, width)
        size = max(self._side, round(width * scale)), max(self._side, round(height * scale))
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        scaled = cv2.resize(picture, size, interpolation=interpolation)
        left, top = (size[0] - self._side) // 2, (size[1] - self._side) // 2
        return scaled[top : top + self._side, left : left + self._side]


class _Counted:
    """Pictures, of which those of one colour are counted on their way."""

    def __init__(self, pictures: Iterable[np.ndarray], min_contrast: float) -> None:
        self._pictures, self._min_contrast = pictures, min_contrast
        self.plain = self.all = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        for picture in self._pictures:
            self.all += 1
            self.plain += is_plain(picture, self._min_contrast)
            yield picture


def _batches(pictures: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    pictures = iter(pictures)
    while batch := list(islice(pictures, size)):
        yield np.stack(batch)


def to_grey(pictures: np.ndarray) -> Tensor:
    """RGB pictures, uint8 [N, height, width, 3], as grey ones, uint8 [N, height, width]."""
    return torch.from_numpy(np.stack([cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pictures]))


def to_normalised(
    pictures: np.ndarray, mean: tuple[float, ...], deviation: tuple[float, ...]
) -> Tensor:
    """RGB pictures, uint8 [N, height, width, 3], as float32 [N, 3, height, width].

    Args:
        pictures: 0 to 255.
        mean: Of red, green and blue, 0 to 1; it becomes 0.
        deviation: The same; it becomes 1.
    """
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    return (x - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]
