"""How often Python's garbage collector runs."""

import gc


def collect_rarely() -> None:
    """Collect after 50,000 new objects; Python's default is 700 to 2,000.

    Imports and tables make hundreds of thousands of objects that stay. Searching all of them again
    and again takes a sixth of a process's start.
    """
    gc.set_threshold(50_000, 20, 100)
