"""Where visual extractors get faces from.

A corpus' faces are looked for once and kept in a file. Where there is none, as for recordings that
are corrupted on their way to the extractor, they are looked for in the video. Both ways give the
same crops, since either way a crop has been compressed: JPEG takes a fifth of what a lossless
picture does, and the recordings lost more before.
"""

from functools import cached_property
from pathlib import Path

from robust_mer.features.face_file import FaceFile
from robust_mer.features.faces import Faces, FacesSettings
from robust_mer.features.utterance import Utterance


class FaceReader:
    """Gives the faces of utterances, from the file of faces that they name or from their video.

    Args:
        settings: How faces are found.
    """

    def __init__(self, settings: FacesSettings):
        self._settings = settings
        self._files: dict[Path, FaceFile] = {}

    def read(self, utterance: Utterance) -> Faces:
        """The faces of the person whom the utterance shows.

        Raises:
            UtteranceError: the video is missing, cannot be decoded, or ends before the utterance.
            InputError: the file of faces was made with other settings, or lacks the utterance.
        """
        path = utterance.faces
        if path is None:
            return self._finder.find(utterance)
        if path not in self._files:
            self._files[path] = FaceFile(path, self._settings.model_dump())
        return self._files[path].read(utterance.utterance)

    @cached_property
    def _finder(self):
        from robust_mer.features.face_finder import FaceFinder  # its networks are slow to load

        return FaceFinder(self._settings)
