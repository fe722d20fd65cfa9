"""What the documentation says in numbers."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from helpers.models import IEMOCAP, build, parameters
from helpers.plans import config_with, plan_of
from snakemake.utils import update_config

from robust_mer.models.registry import MODELS, settings_class
from robust_mer.plan.config import Config

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


BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
ELIDED = re.compile(r"\.\.\.|: \"?\w+:\w+")  # or with a class of the reader's own


def configs(page: Path) -> list[str]:
    """The parts of configs on a page that can be checked as they are."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [one for one in blocks if re.match(r"[a-z]+:", one) and not ELIDED.search(one)]


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if configs(page)],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_what_a_page_writes_into_the_config_is_accepted(page):
    """With the rest of an experiment or corpus, and the extractors of the page's other parts."""
    parts = [yaml.safe_load(block) for block in configs(page)]
    for part in parts:
        if not set(part) <= set(Config.model_fields):
            continue  # part of a corpus
        raw = config_with("composite")
        demo = raw["corpora"].pop("demo")
        demo.pop("generator")
        for name in {"mine", "demo", *part.get("corpora", {})}:
            given = part.get("corpora", {}).get(name, {})
            whole = {"folds"} if "folds" in given else set()
            if len(given.get("modalities", ())) > 1:
                whole.add("modalities")
            rest = {key: value for key, value in demo.items() if key not in whole}
            raw["corpora"][name] = copy.deepcopy(rest)
            if given.get("reader") == "npz":  # has no recordings
                for modality, one in raw["corpora"][name].get("modalities", {}).items():
                    one["extractor"] = f"imported_{modality}"
        experiment = raw["experiments"]["demo"] | {"corpus": "mine"}
        raw["experiments"] = {
            name: copy.deepcopy(experiment) for name in part.get("experiments", ["mine"])
        }
        raw["run"] = list(raw["experiments"])
        for one in parts:
            update_config(raw, {"features": one.get("features", {})})
        update_config(raw, copy.deepcopy(part))
        for corpus in raw["corpora"].values():
            corpus["root"] = "."
        plan_of(raw)


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
