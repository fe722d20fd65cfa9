"""What the documentation says in numbers."""

import re
from pathlib import Path

import pytest
from helpers.models import IEMOCAP, build, parameters

from robust_mer.models.registry import MODELS, settings_class

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/models.md"
PAGES = [ROOT / "README.md", ROOT / "benchmarks/README.md", *sorted(ROOT.glob("docs/**/*.md"))]
LINE = re.compile(r"\| `(\w+)`[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|")


def test_the_page_of_models_says_of_each_what_the_code_does():
    rows = {
        found[1]: [cell.strip() for cell in found.groups()[1:]]
        for found in map(LINE.match, PAGE.read_text(encoding="utf-8").splitlines())
        if found
    }
    assert list(rows) == list(MODELS)
    for name, (trained_on, teacher, mask_aware, counts) in rows.items():
        kind = settings_class(name)
        assert (trained_on == "clean") == kind.trained_on_clean, name
        assert teacher.strip("`") == (kind.teacher or ""), name
        assert (mask_aware == "yes") == kind.is_mask_aware, name
        given = [{m: width} for m, width in IEMOCAP.items()] if kind.modalities == 1 else [IEMOCAP]
        found = [f"{parameters(build(name, widths)):,}" for widths in given]
        assert counts.split(" / ") == found, name


def test_the_counts_of_nmers_variants():
    text = PAGE.read_text(encoding="utf-8")
    for settings in ({"tokens": "features"}, {"variant": "released"}):
        assert f"{parameters(build('nmer', IEMOCAP, **settings)):,}" in text, settings


FURTHER_PAGES = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "resources/published/README.md",
]


@pytest.mark.parametrize(
    "page", [*PAGES, *FURTHER_PAGES], ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_lead_somewhere(page):
    for path, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", without_code(page)):
        if "://" in path:
            continue
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", without_code(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(page: Path) -> str:
    """A page's text without its blocks of code."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_front_page_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
