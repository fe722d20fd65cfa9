"""Reading the tables that stages hand on."""

from pathlib import Path

import pandas as pd

PARTS = ("train", "validation", "test")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table as text; an empty cell is an empty string, never NaN."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)
