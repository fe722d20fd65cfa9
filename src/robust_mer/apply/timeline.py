"""A picture of answers along recordings."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robust_mer.files import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 12
"""Recordings in a picture."""

_WIDTH, _HEIGHT = 9.0, 1.8  # inches of a panel


def draw_timelines(path: Path, answers: Callable[[], Iterator[dict[str, Any]]]) -> int:
    """Draw the probabilities, or else the values, over time: a panel for each recording.

    Parts without a prediction, and times without a part, are gaps. Where parts overlap, the
    earlier one is shown.

    Returns:
        How many recordings are left out, because the picture has `MOST` of them.
    """
    from matplotlib.figure import Figure

    recordings: dict[str, list[dict[str, Any]]] = {}
    for answer in answers():
        recordings.setdefault(answer["clip"], []).append(answer)
    shown = list(recordings)[:MOST]
    figure = Figure(figsize=(_WIDTH, _HEIGHT * len(shown) + 0.8), layout="constrained")
    panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    lines: dict[str, Any] = {}
    for clip, panel in zip(shown, panels, strict=True):
        panel.set_title(clip, loc="left", fontsize="medium")
        lines |= draw_panel(panel, recordings[clip])
    panels[-1].set_xlabel("time (s)")
    if lines:
        figure.legend(lines.values(), lines.keys(), loc="outside right upper", frameon=False)
    with whole(path) as unfinished:
        figure.savefig(unfinished, dpi=150)
    return len(recordings) - len(shown)


def draw_panel(panel: "Axes", rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw a panel; the lines by name."""
    rows = sorted(rows, key=_start)
    numbers: list[dict[str, float]] = []
    edges = [_start(rows[0])]
    for row in rows:
        if _start(row) > edges[-1]:  # a gap between two parts
            numbers.append({})
            edges.append(_start(row))
        numbers.append(_numbers(row))
        edges.append(max(edges[-1], row["end"] or 0.0))
    names = sorted({name for row in numbers for name in row})
    lines = {}
    for number, name in enumerate(names):
        values = [row.get(name, float("nan")) for row in numbers]
        lines[name] = panel.stairs(values, edges, baseline=None, color=f"C{number}", label=name)
    has_probabilities = any("probabilities" in row for row in rows)
    panel.set_ylabel("probability" if has_probabilities else "value")
    if has_probabilities:
        panel.set_ylim(0, 1)
    panel.set_xlim(edges[0], edges[-1])
    return lines


def _start(row: dict[str, Any]) -> float:
    return row["start"] or 0.0


def _numbers(answer: dict[str, Any]) -> dict[str, float]:
    """Probabilities of an answer, or else its values."""
    if "probabilities" in answer:
        probabilities: dict[str, float] = answer["probabilities"]
        return probabilities
    return {name: answer[name] for name in answer.get("ranges", {})}
