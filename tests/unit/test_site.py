"""The documentation as a site, built without network."""

import html
import re

import pytest
from helpers.plans import ROOT

from robust_mer.corpora.registry import READERS
from robust_mer.features.registry import EXTRACTORS
from robust_mer.models.registry import MODELS

pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install -e .[docs]")
pytest.importorskip("mkdocstrings", reason="mkdocstrings is not installed")
pytest.importorskip("material", reason="mkdocs-material is not installed")

LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?([^\"' >]+)"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon))"
    r"[^>]*\bhref=[\"']?([^\"' >]+)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Text of each page by its path. A link or an anchor that leads nowhere ends the build."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder)))
    assert not list(folder.rglob("*.py*"))
    pages = folder.rglob("*.html")
    return {str(page.relative_to(folder)): page.read_text(encoding="utf-8") for page in pages}


def test_every_page_of_the_docs_is_on_the_site(site):
    names = [str(path.relative_to(ROOT / "docs")) for path in ROOT.glob("docs/**/*.md")]
    pages = {re.sub(r"README\.md$", "index.md", name).replace(".md", ".html") for name in names}
    assert pages <= site.keys()


def test_the_pages_load_nothing_from_elsewhere(site):
    for name, text in site.items():
        loaded = ["".join(found) for found in LOADED.findall(text)]
        assert loaded
        assert not [address for address in loaded if re.match(r"https?:|//", address)], name


def test_no_markdown_is_left_in_the_text(site):
    for name, text in site.items():
        prose = re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
        left = re.findall(r"^\s*(?:[-*] |\|.*\||:::|```).*|\*\*|\]\(.*", prose, re.MULTILINE)
        assert not left, name


def test_the_reference_lists_every_setting_and_docstring(site):
    for page, names in {"models": MODELS, "extractors": EXTRACTORS, "readers": READERS}.items():
        headings = re.findall(r'<h2 id="([^"]+)"', site[f"reference/{page}.html"])
        assert headings == list(names)
    assert "Gradient norm at which each sub-network is clipped." in site["reference/models.html"]
    python = html.unescape(site["reference/python.html"])
    assert "An interrupted call with the same" in python
    assert "modules that import neither torch nor any other slow package" in python
