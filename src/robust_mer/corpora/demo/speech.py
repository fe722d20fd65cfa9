"""Speech for the demo corpus: espeak-ng, with the speaker's voice and the emotion's prosody."""

import _ctypes
import ctypes
from dataclasses import dataclass
from itertools import pairwise

import espeakng_loader
import numpy as np

SAMPLE_RATE = 16_000  # Hz, that of IEMOCAP

# A voice per speaker. The variants f2, f3, f5 and Alicia are left out: espeak-ng 1.51 reads memory
# for them that it never wrote, so that they sound a little different in every run.
VOICES = {
    "F": ("en-us+f1", "en-us+belinda", "en-us+f4", "en-us+Annie", "en-us+linda"),
    "M": ("en-us+m3", "en-us+m1", "en-us+Michael", "en-us+m7", "en-us+m4"),
}

# espeak-ng's speak_lib.h
_SYNCHRONOUS = 2  # samples go to a callback, and the call returns when all are there
_DONT_EXIT = 0x8000
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_UTF8 = 1
_LAST_EVENT, _WORD, _END = 0, 1, 5  # kinds of event; _END is that of a clause


class _Event(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_int),
        ("message", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # of a word's first letter, from 1
        ("length", ctypes.c_int),  # of the word, letters
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Prosody:
    """How something is said, in espeak-ng's units."""

    rate: float  # words per minute, 80 to 450
    volume: float  # 0 to 200; 100 is normal
    pitch: float  # 0 to 100; 50 is the voice's own
    range: float  # of pitch, 0 to 100; 0 is a monotone, 50 is normal


@dataclass(frozen=True)
class Speech:
    """A spoken text."""

    samples: np.ndarray  # float32 in -1..1 at 16 kHz
    words: list[
        tuple[str, float, float]
    ]  # as they stand in the text, with begin and end in seconds


def say(text: str, voice: str, prosody: Prosody) -> Speech:
    """Return ``text`` spoken by ``voice``.

    espeak-ng takes short words that belong together for one, and calls it by the first.

    espeak-ng carries a state from one sentence into the next, even over its own restart. It is
    therefore loaded anew for each, which takes a few milliseconds, and a sentence sounds the same
    whatever this process said before.
    """
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    pieces: list[np.ndarray] = []
    heard: list[tuple[str, float]] = []  # a word, or nothing at the end of a clause, and its time

    @_CALLBACK
    def receive(samples, count, events):
        if count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        for event in events:
            if event.kind == _LAST_EVENT:
                return 0
            if event.kind in (_WORD, _END):
                first = event.text_position - 1
                word = text[first : first + event.length] if event.kind == _WORD else ""
                heard.append((word, event.audio_position / 1000))
        return 0

    try:
        data = espeakng_loader.get_data_path().encode()
        rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
        if rate <= 0:
            raise RuntimeError(f"espeak-ng does not start (code {rate})")
        library.espeak_SetSynthCallback(receive)
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise RuntimeError(f"espeak-ng has no voice {voice!r}")
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
        _ctypes.dlclose(library._handle)
    samples = np.concatenate(pieces).astype(np.float32) / 32_768
    words = [(word, begin, end) for (word, begin), (_, end) in pairwise(heard) if word]
    return Speech(_resample(samples, rate), words)


def _resample(samples: np.ndarray, rate: int) -> np.ndarray:
    """Bring samples from ``rate`` (Hz, above 16 kHz) to 16 kHz by cutting off their spectrum."""
    count = round(len(samples) * SAMPLE_RATE / rate)
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return np.fft.irfft(spectrum * (count / len(samples)), count).astype(np.float32)
