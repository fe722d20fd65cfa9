"""Speech for the demo corpus: espeak-ng, with the speaker's voice and the emotion's prosody."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import espeakng_loader
import numpy as np
from scipy.signal import resample_poly

SAMPLE_RATE = 16_000  # Hz, that of IEMOCAP

# espeak-ng's speak_lib.h
_SYNCHRONOUS = 2  # samples go to a callback, and the call returns when all are there
_DONT_EXIT = 0x8000
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_UTF8 = 1
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@dataclass(frozen=True)
class Prosody:
    """How something is said, in espeak-ng's units."""

    rate: float  # words per minute, 80 to 450
    volume: float  # 0 to 200, 100 is normal
    pitch: float  # 0 to 100, 50 is the voice's own
    range: float  # 0 is a monotone, 50 is normal, 100 is lively


class Synthesiser:
    """espeak-ng in this process, started anew for every sentence.

    Its voices carry a state from one sentence into the next; started anew, a sentence sounds the
    same whatever was said before, and so in whatever order the dialogues are made.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._data = espeakng_loader.get_data_path().encode()
        self._pieces: list[np.ndarray] = []
        self._callback: Callable = _CALLBACK(self._receive)  # kept, or it is garbage to espeak-ng

    def _receive(self, samples, count: int, _events) -> int:
        if count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def say(self, text: str, voice: str, prosody: Prosody) -> np.ndarray:
        """Return ``text`` spoken by ``voice`` (such as ``en-us+f2``): float32 in -1..1, 16 kHz."""
        library, self._pieces = self._library, []
        rate = library.espeak_Initialize(_SYNCHRONOUS, 0, self._data, _DONT_EXIT)
        if rate <= 0:
            raise RuntimeError(f"espeak-ng does not start (code {rate})")
        try:
            library.espeak_SetSynthCallback(self._callback)
            if library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise RuntimeError(f"espeak-ng has no voice {voice}")
            for parameter, value in (
                (_RATE, prosody.rate),
                (_VOLUME, prosody.volume),
                (_PITCH, prosody.pitch),
                (_RANGE, prosody.range),
            ):
                library.espeak_SetParameter(parameter, round(value), 0)
            spoken = text.encode()
            library.espeak_Synth(spoken, len(spoken) + 1, 0, 0, 0, _UTF8, None, None)
        finally:
            library.espeak_Terminate()
        samples = np.concatenate(self._pieces).astype(np.float32) / 32_768
        common = np.gcd(SAMPLE_RATE, rate)
        return resample_poly(samples, SAMPLE_RATE // common, rate // common).astype(np.float32)
