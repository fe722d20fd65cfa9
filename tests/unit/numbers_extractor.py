"""An extractor for the tests of the driver, in a separate module that every process imports."""

import errno
import os
import signal
import time
from pathlib import Path

import numpy as np

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.extractor import Extractor
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.settings import Settings


class NumbersSettings(Settings):
    """Settings of `Numbers`."""

    log: str = ""
    """File with the names of the extracted utterances."""
    gate: str = ""
    """File that ``wait`` waits to disappear."""
    start: str = "well"
    """How the constructor behaves."""


class OutOfMemoryError(RuntimeError):
    """Like torch's, whose import takes seconds."""


class Numbers(Extractor):
    """Records the utterances that it extracts; the transcript selects its behaviour."""

    settings_class = NumbersSettings
    modality = "text"
    names = ("number", "double")
    frame_rate = 4.0
    weights_sha256 = "abc"

    def __init__(self, settings: NumbersSettings):
        super().__init__(settings)
        if settings.start == "crash":
            os._exit(5)
        if settings.start == "devices":
            raise InputError(f"devices: {os.environ['CUDA_VISIBLE_DEVICES']}")
        if settings.start == "alone":
            self._start_alone()
        if settings.start == "wrong":
            raise InputError("config: start of numbers is wrong")

    def extract(self, utterance: Utterance) -> Extraction:
        with Path(self.settings.log).open("a") as file:
            file.write(f"{utterance.utterance}\n")
        text = utterance.text
        if text == "wait":
            while Path(self.settings.gate).exists():
                time.sleep(0.05)
            text = "1"
        if text.endswith(" once"):
            text = text.removesuffix(" once") if self._takes_gate() else "1"
        match text:
            case "crash":
                os._exit(3)
            case "hang":
                time.sleep(1000)
            case "no memory":
                raise MemoryError("an array is too large")
            case "no GPU memory":
                raise OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")
            case "full disk":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "crops.jpgs")
            case "alone":
                text = "1"
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "fail":
                raise UtteranceError("not usable: by request")
            case "bug":
                raise ValueError("an array is odd")
            case "nan":
                return Extraction(np.full((3, 2), np.nan), looked_at=3)
            case "narrow":
                return Extraction(np.zeros((3, 1)), looked_at=3)
            case "placed":
                return Extraction(np.ones((3, 2)), looked_at=3, positions=[0.0, 0.5, np.nan])
            case "misplaced":
                return Extraction(np.ones((3, 2)), looked_at=3, positions=[0.0, 0.5])
            case "nothing":
                return Extraction(np.zeros((0, 2)), looked_at=7, note="no number found")
            case "file":
                text = utterance.file("audio").read_text()
        count = int(text)
        column = np.arange(count) + 100.0 * count
        return Extraction(
            np.stack([column, 2 * column], axis=1), looked_at=count + 1, seconds=count / 4
        )

    def _start_alone(self) -> None:
        """The first process starts; any other opens the gate and has too little memory."""
        first = Path(f"{self.settings.gate}.first")
        if first.exists():
            Path(self.settings.gate).unlink(missing_ok=True)
            raise MemoryError("the weights are too large")
        first.touch()

    def _takes_gate(self) -> bool:
        gate = Path(self.settings.gate)
        was_there = gate.exists()
        gate.unlink(missing_ok=True)
        return was_there


class Together(Numbers):
    """Takes utterances together, four at once, in one process."""

    takes_many = True
    shard_size = 4
    max_processes = 1

    def extract_all(self, utterances: list[Utterance]) -> list[Extraction | UtteranceError]:
        with Path(self.settings.log).open("a") as file:
            file.write(f"{'+'.join(utterance.utterance for utterance in utterances)}\n")
        outcomes = []
        for utterance in utterances:
            if utterance.text == "alone":
                raise OutOfMemoryError("CUDA out of memory with so many at once")
            try:
                outcomes.append(self.extract(utterance))
            except UtteranceError as error:
                outcomes.append(error)
        return outcomes
