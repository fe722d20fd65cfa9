"""Kinds of raw corruption by name: one line each."""

from typing import NamedTuple

AUDIO, FRAMES, PICTURE, WORDS = "audio", "frames", "picture", "words"

MODALITY = {AUDIO: "audio", FRAMES: "video", PICTURE: "video", WORDS: "text"}
"""The modality that a signal belongs to."""


class RawKind(NamedTuple):
    """What the workflow must know of a kind before it imports it.

    ``signal`` says what its function is applied to: the audio's samples, the numbers of the video's
    frames, each picture, or the words. ``needs_others``: it draws on what other speakers say.
    ``of_rest``: the amount is what is left, so that less of it is worse.
    """

    implementation: str
    signal: str
    unit: str
    lowest: float
    highest: float
    needs_others: bool = False
    of_rest: bool = False


_HERE = "robust_mer.corruption.raw"

RAW_KINDS = {
    "whitenoise": RawKind(f"{_HERE}.white_noise:corrupt", AUDIO, "dB", -40, 60),
    "pinknoise": RawKind(f"{_HERE}.pink_noise:corrupt", AUDIO, "dB", -40, 60),
    "babble": RawKind(f"{_HERE}.babble:corrupt", AUDIO, "dB", -40, 60, needs_others=True),
    "reverb": RawKind(f"{_HERE}.reverb:corrupt", AUDIO, "ms", 0, 10_000),
    "clip": RawKind(f"{_HERE}.clip:corrupt", AUDIO, "%", 0, 99),
    "packetloss": RawKind(f"{_HERE}.packet_loss:corrupt", AUDIO, "%", 0, 100),
    "blur": RawKind(f"{_HERE}.blur:corrupt", PICTURE, "px", 0, 100),
    "lowlight": RawKind(f"{_HERE}.low_light:corrupt", PICTURE, "%", 0, 100, of_rest=True),
    "lowres": RawKind(f"{_HERE}.low_resolution:corrupt", PICTURE, "%", 1, 100, of_rest=True),
    "frameloss": RawKind(f"{_HERE}.frame_loss:corrupt", FRAMES, "%", 0, 100),
    "occlude": RawKind(f"{_HERE}.occlude:corrupt", PICTURE, "%", 0, 100),
    "mask": RawKind(f"{_HERE}.mask:corrupt", WORDS, "%", 0, 100),
    "swap": RawKind(f"{_HERE}.swap:corrupt", WORDS, "%", 0, 100),
    "reverse": RawKind(f"{_HERE}.reverse:corrupt", WORDS, "%", 100, 100),
    "wer": RawKind(f"{_HERE}.word_errors:corrupt", WORDS, "%", 0, 100, needs_others=True),
}
