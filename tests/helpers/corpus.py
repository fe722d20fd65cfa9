"""What the small corpus of ``tests/unit/conftest.py`` looks like."""

WIDTHS = {"audio": 6, "video": 5, "text": 7}
NORMALISE = {"audio": True, "video": False, "text": False}
NOT_FINITE = dict.fromkeys(NORMALISE)
