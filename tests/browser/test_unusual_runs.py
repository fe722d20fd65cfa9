"""The reports of unusual runs, as a browser shows them."""

import pytest
from helpers.browser import needs_browser
from helpers.page_checks import check_run
from helpers.results import SyntheticRun

pytestmark = needs_browser

LONG = "a_name_of_forty_letters_that_goes_on_"
UNUSUAL = {
    "one model": {"models": ("nmer",)},
    "one fold": {"folds": 1},
    "one corruption": {"corruptions": ("gaussian_-10dB",)},
    "two modalities": {"modalities": "al"},
    "30 models": {"models": tuple(f"model_{number}" for number in range(30))},
    "12 classes": {"classes": tuple(f"class{number}" for number in range(12))},
    "labels of 40 letters": {
        "models": (f"{LONG}one", f"{LONG}two"),
        "classes": (f"{LONG}sad", f"{LONG}not", "x" * 40),
    },
    "no clean condition": {"corruptions": ("gaussian_-10dB", "impulse_-10dB", "missing")},
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_unusual_runs_are_shown_whole(browser, tmp_path, case):
    check_run(browser, SyntheticRun(tmp_path, **UNUSUAL[case]))
