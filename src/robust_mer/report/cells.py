"""How numbers are written into the cells of tables."""

import math
from collections.abc import Iterable


def minus(text: str) -> str:
    """A number with a true minus sign."""
    return text.replace("-", "−")


def signed(value: float) -> str:
    """Four decimals and a sign."""
    return minus(f"{value:+.4f}")


def mean_sd(mean: float, sd: float = float("nan"), form: str = "{:.4f}") -> str:
    """A mean and its standard deviation; empty where there is no mean."""
    if math.isnan(mean):
        return ""
    return form.format(mean) if math.isnan(sd) else f"{form.format(mean)} ± {form.format(sd)}"


def amount(value: float) -> str:
    """A corruption's amount; empty where it has none."""
    return "" if math.isnan(value) else minus(f"{value:g}")


def span(values: Iterable[float], form: str) -> str:
    """Least and greatest value, as one where they read the same; empty where there are none."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return ""
    ends = [minus(form.format(end)) for end in (min(known), max(known))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)
