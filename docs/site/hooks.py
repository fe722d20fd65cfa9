"""How mkdocs finds the pages: every link works on the site as it does in the repository.

A page of the site is a Markdown file of ``docs/``, README.md or a page that one of these links to.
It keeps its path from the top of the repository, so links need no change. Two kinds of links need
help: a file of another type becomes a page that shows it, and a folder stands for the README in it.
The tables of settings are made from the code.
"""

import posixpath
import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "src"))

from settings_pages import settings_pages  # noqa: E402 # needs the package

_LINK = re.compile(r"(\]\()([^)#\s:]+)(#[^)\s]*)?\)")
_CODE = re.compile(r"(^ *```.*?^ *```|`[^`\n]*`)", re.DOTALL | re.MULTILINE)
_SHOWN = {"": "docker", ".yaml": "yaml", ".cff": "yaml"}  # type of file -> language
_HIDDEN = "---\nsearch:\n  exclude: true\n---\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of the site, with paths from the top of the repository."""
    selected = Files([file for file in files if file.src_dir != config.docs_dir])  # the theme's
    paths = [f"docs/{file.src_uri}" for file in files if file.src_dir == config.docs_dir]
    waiting = ["README.md", *(path for path in paths if not path.endswith((".py", ".pyc")))]
    for name, text in settings_pages().items():
        path = f"docs/reference/{name}.md"
        _add(selected, config, path, text)
        waiting += _targets(path, text)
    while waiting:
        path = waiting.pop()
        if selected.get_file_from_path(path) is not None:
            continue
        target = ROOT / path
        if target.suffix in _SHOWN:
            text = target.read_text(encoding="utf-8")
            fence = f"```{_SHOWN[target.suffix]}\n{text}\n```\n"
            if selected.get_file_from_path(f"{path}.md") is None:
                _add(selected, config, f"{path}.md", f"{_HIDDEN}# {target.name}\n\n{fence}")
            continue
        _add(selected, config, path)
        if target.suffix == ".md":
            waiting += _targets(path, target.read_text(encoding="utf-8"))
    return selected


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page, with links to files and folders turned into links to the pages that show them."""

    def of_page(match: re.Match[str]) -> str:
        opening, link, anchor = match[1], match[2], match[3] or ""
        path = _resolved(page.file.src_uri, link)
        if files.get_file_from_path(path) is None and (shown := _page_of(path)):
            link = posixpath.relpath(shown, posixpath.dirname(page.file.src_uri) or ".")
        return f"{opening}{link}{anchor})"

    parts = _CODE.split(markdown)  # every second part is code
    return "".join(
        part if number % 2 else _LINK.sub(of_page, part) for number, part in enumerate(parts)
    )


def _add(files: Files, config: MkDocsConfig, path: str, text: str | None = None) -> None:
    """Add a file of the repository, or a page with a text; ``docs/`` is left out of its address."""
    place = File(path.removeprefix("docs/"), None, config.site_dir, config.use_directory_urls)
    file = File(path, str(ROOT), config.site_dir, False, dest_uri=place.dest_uri)
    if text is not None:
        file = File.generated(config, path, content=text)
        file.dest_uri = place.dest_uri
        file.inclusion = InclusionLevel.NOT_IN_NAV
    files.append(file)


def _targets(page: str, text: str) -> list[str]:
    """Paths of the files in the repository that a page links to."""
    prose = "".join(_CODE.split(text)[::2])
    paths = [_resolved(page, match[2]) for match in _LINK.finditer(prose)]
    files = [_readme(path) if (ROOT / path).is_dir() else path for path in paths]
    return [path for path in files if (ROOT / path).is_file()]


def _resolved(page: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _page_of(path: str) -> str | None:
    """The page that shows a folder or a file that is none itself; None if nothing does."""
    target = ROOT / path
    if target.is_dir():
        return _readme(path)
    return f"{path}.md" if target.is_file() else None


def _readme(folder: str) -> str:
    return f"{folder}/README.md"
