"""Colours and symbols of lines and points, the same in print and on the page; imports nothing."""

LIGHT = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#882255",
)
"""On white: the palette of Okabe and Ito, with a dark red (Tol) for its pale yellow."""

DARK = (
    "#56B4E9",
    "#F0803C",
    "#2BC79A",
    "#E5A3C8",
    "#F5C242",
    "#9AD0F5",
    "#F2F2F2",
    "#D9709A",
)
"""On black, place by place the lighter sisters of `LIGHT`."""

SYMBOLS = (
    ("circle", "o", "●"),
    ("square", "s", "■"),
    ("triangle-up", "^", "▲"),
    ("diamond", "D", "◆"),
    ("triangle-down", "v", "▼"),
    ("cross", "P", "✚"),
    ("triangle-right", ">", "▶"),
)
"""What Vega-Lite and Matplotlib call them, and how they look. One fewer than the colours, so that
56 models differ in one or the other."""

DASHES = ((1, 0), (5, 3), (1, 2), (8, 3, 1, 3))
"""Dash patterns of a model's several trainings."""

HEAT = "cividis"
"""A colour map that reads alike with and without colour vision, and in grey."""
