"""COVAREP's features on voices whose parameters are known: known, measured, error, as Markdown.

    python benchmarks/covarep.py

It needs no install and no data and takes two minutes. docs/features/covarep.md explains the tables.
"""

import itertools
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from generators.lf_voice import RATE, VOWELS, Pulse, mel_cepstrum, voice  # noqa: E402

from robust_mer.features.covarep import Covarep, describe_voice  # noqa: E402

RD = (0.5, 0.8, 1.1, 1.5, 2.0, 2.4)
F0 = (101.3, 127.9, 153.1, 181.7, 213.3, 248.9)  # Hz
SECONDS = 0.5
EDGE = 10  # frames at both ends that are not counted
CLEAR = 2.5  # first formant over F0
SNRS = (30, 20)  # dB

COLUMN = {name: place for place, name in enumerate(Covarep.names)}
MCEP = slice(COLUMN["MCEP_0"], COLUMN["MCEP_24"] + 1)
IN_DB = 20 / np.log(10)


def main() -> None:
    measured = {key: _measure(*key) for key in itertools.product(RD, F0, VOWELS)}
    _print_errors(measured)
    _print_by_rd(measured)
    _print_noisy()
    _print_speed()


def _measure(rd: float, f0: float, vowel: str, snr: float = np.inf) -> np.ndarray:
    """The middle value of each feature: [74]."""
    signal = voice(rd, f0, vowel, SECONDS)
    noise = np.random.default_rng(0).standard_normal(len(signal))
    signal += noise * signal.std() / 10 ** (snr / 20)
    return np.median(describe_voice(signal)[EDGE:-EDGE], axis=0)


def _known(rd: float, f0: float, vowel: str) -> dict[str, float]:
    pulse = Pulse.from_rd(rd)
    return {
        "F0": f0,
        "VUV": 1.0,
        "NAQ": pulse.naq(),
        "QOQ": pulse.qoq(),
        "H1H2": pulse.h1h2(),
        "PSP": pulse.psp(),
        "Rd": rd,
    }


UNITS = {"F0": "Hz", "H1H2": "dB"}


def _errors(measured: dict) -> dict[str, dict[bool, list[float]]]:
    """Every parameter's errors, for voices with a first formant well above F0 (True) and others."""
    errors = {}
    for (rd, f0, vowel), values in measured.items():
        clear = VOWELS[vowel][0] >= CLEAR * f0
        differences = {
            name: values[COLUMN[name]] - known for name, known in _known(rd, f0, vowel).items()
        }
        # As the distance of two envelopes, without the 0th coefficient, which is the loudness.
        apart = values[MCEP][1:] - mel_cepstrum(rd, f0, vowel, 24)[1:]
        differences["MCEP_1..24"] = IN_DB * np.sqrt(np.sum(apart**2) / 2)
        for name, error in differences.items():
            errors.setdefault(name, {True: [], False: []})[clear].append(error)
    return errors


def _print_errors(measured: dict) -> None:
    errors = _errors(measured)
    known = [_known(*key) for key in measured]
    counts = [len(errors["F0"][clear]) for clear in (True, False)]
    print(
        f"{len(measured)} voices; {counts[0]} have a first formant of {CLEAR:g} F0 or more, "
        f"{counts[1]} a lower one.\n"
    )
    print("| parameter | known | mean error | 95 % below | mean error | 95 % below |")
    print("|---|---|---|---|---|---|")
    for name, of_name in errors.items():
        cells = []
        for clear in (True, False):
            size = np.abs(of_name[clear])
            cells += [f"{size.mean():.3f}", f"{np.quantile(size, 0.95):.3f}"]
        span = ""
        if name in known[0]:
            values = [row[name] for row in known]
            span = f"{min(values):.3g} to {max(values):.3g}"
        unit = UNITS.get(name, "dB" if "MCEP" in name else "")
        print(f"| {name} {unit}".rstrip(), span, *cells, sep=" | ", end=" |\n")


def _print_by_rd(measured: dict) -> None:
    names = ("NAQ", "QOQ", "H1H2", "PSP", "Rd", "Rd_conf", "MDQ", "peakSlope")
    print("\nMean over the voices with a clear first formant, known / measured:\n")
    print("| Rd", *names, sep=" | ", end=" |\n")
    print("|---" * (len(names) + 1) + "|")
    for rd in RD:
        keys = [key for key in measured if key[0] == rd and VOWELS[key[2]][0] >= CLEAR * key[1]]
        known = _known(*keys[0])
        cells = []
        for name in names:
            result = np.mean([measured[key][COLUMN[name]] for key in keys])
            cells.append(f"{known[name]:.3f} / {result:.3f}" if name in known else f"{result:.3f}")
        print(f"| {rd:g}", *cells, sep=" | ", end=" |\n")


def _print_noisy() -> None:
    print("\nMean error with white noise, vowels a and schwa, F0 101.3 and 153.1 Hz:\n")
    names = ("F0", "VUV", "NAQ", "QOQ", "H1H2", "PSP", "Rd")
    print("| SNR", *names, sep=" | ", end=" |\n")
    print("|---" * (len(names) + 1) + "|")
    for snr in SNRS:
        errors = []
        for key in itertools.product(RD, (F0[0], F0[2]), ("a", "schwa")):
            values, known = _measure(*key, snr), _known(*key)
            errors.append([abs(values[COLUMN[name]] - known[name]) for name in names])
        cells = [f"{error:.3f}" for error in np.mean(errors, axis=0)]
        print(f"| {snr} dB", *cells, sep=" | ", end=" |\n")


def _print_speed() -> None:
    signal = voice(1.0, np.linspace(100, 200, 4 * RATE), "a", 4.0)
    describe_voice(signal)
    started = time.process_time()
    describe_voice(signal)
    taken = time.process_time() - started
    print(f"\n4 s of voice: {taken:.2f} s of processor time, {4 / taken:.1f} x real time")


if __name__ == "__main__":
    main()
