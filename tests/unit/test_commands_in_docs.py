"""Commands of the documentation: each is understood, and run by a test or said to need something.

A command needs what a comment says after ``needs``, and what it names ``/path/to/...``. The file
``mine.yaml`` is the README's example.
"""

import re
import shlex

import pytest
import yaml
from helpers.plans import ROOT, plan_of
from snakemake.cli import get_argument_parser, parse_config
from snakemake.utils import update_config

from robust_mer import cli

PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "benchmarks/README")),
    ROOT / "config/README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
BLOCK = re.compile(r"^```(.*?)\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(
    r"(\.venv/bin/)?(make|snakemake|robust-mer|python|export|eval|xdg-open|ffmpeg|tar|for)\b"
)
INLINE = re.compile(r"`(make|robust-mer|snakemake) ([a-z][\w-]*)[^`]*`")
RUN_BY = {
    "completion": "unit/test_cli.py",
    "convert": "unit/test_emotion2vec.py",
    "crate": "unit/test_crate.py",
    "doctor": "unit/test_doctor.py",
    "new": "unit/test_new.py",
    "onnx": "unit/test_onnx.py",
    "plan": "unit/test_forecast.py",
    "predict": "unit/test_apply.py",
    "scan": "unit/test_scan.py",
    "verify": "unit/test_verify.py",
    "exported": "workflow/test_exported.py",
    "exported_features": "workflow/test_exported.py",
    "features": "workflow/test_exported.py",
}


def commands():
    """Each command once: the words, and whether a comment says what it needs."""
    for page in PAGES:
        for language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
            if language not in ("", "bash"):
                continue
            is_marked = re.search(r"#.*\bneeds\b", block) is not None
            for line in re.sub(r"\\\n\s*", "", block).splitlines():
                if COMMAND.match(line):
                    words = shlex.split(line, comments=True)
                    name = f"{page.relative_to(ROOT)}: {' '.join(words)}"
                    yield pytest.param(words, is_marked, id=name)


@pytest.mark.parametrize(("words", "is_marked"), list(commands()))
def test_a_command_is_understood_and_run_or_says_what_it_needs(words, is_marked):
    program, *arguments = words
    program = program.removeprefix(".venv/bin/")
    if arguments[:1] == ["workflow/run.py"]:
        program, arguments = "snakemake", arguments[1:]
    if program == "make":
        assert {*arguments} <= make_targets()
    elif program == "robust-mer":
        check_command(arguments)
    elif program == "snakemake":
        check_run(arguments)
    elif program == "python":
        check_program(arguments)
    else:
        assert is_marked or words in (
            ["export", "PATH=$PWD/.venv/bin:$PATH"],
            ["eval", "$(robust-mer completion bash)"],
        )


@pytest.mark.parametrize(
    ("program", "name"),
    sorted({found for page in PAGES for found in INLINE.findall(page.read_text(encoding="utf-8"))}),
)
def test_a_command_in_a_sentence_exists(program, name):
    names = {"make": make_targets, "robust-mer": lambda: RUN_BY, "snakemake": rules}
    assert name in names[program]()


def make_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {*" ".join(re.findall(r"^([\w -]+):", makefile, re.MULTILINE)).split()}


def rules():
    files = [ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")]
    return {
        name for file in files for name in re.findall(r"^ *rule (\w+):", file.read_text(), re.M)
    }


def check_command(arguments):
    """The parser accepts the arguments, and a test calls the command."""
    if arguments == ["--version"]:
        return
    parsed = cli.make_parser().parse_args(arguments)
    assert_run(parsed.command)


def assert_run(name):
    test = ROOT / "tests" / RUN_BY[name]
    assert re.search(rf"[\"' ]{name}\b", test.read_text(encoding="utf-8")), f"{test}: {name}"


def check_program(arguments):
    """The program exists and knows the options; what it needs stands in its README."""
    if arguments[:2] == ["-m", "pytest"]:
        assert (ROOT / arguments[2]).exists()
        return
    source = (ROOT / arguments[0]).read_text(encoding="utf-8")
    options = [one for one in arguments[1:] if one.startswith("--") and one != "--help"]
    assert all(f'"{one}"' in source for one in options)


def check_run(arguments):
    """Snakemake accepts the arguments, and the config that they make plans a run."""
    parsed = get_argument_parser().parse_args(arguments)
    for target in parsed.targets:
        assert_run(target)
    assert all((ROOT / one).is_dir() for one in parsed.profile or [])
    configs = [ROOT / "config.yaml"]
    if parsed.directory and (ROOT / parsed.directory).is_dir():
        configs.append(ROOT / parsed.directory / "config/config.yaml")
    raw = {}
    for one in [*configs, *(parsed.configfile or [])]:
        update_config(raw, config_of(one))
    update_config(raw, parse_config(parsed.config or []))
    for corpus in raw["corpora"].values():
        if str(corpus.get("root", "")).startswith(("/path/to", "ROOT")):
            corpus["root"] = str(ROOT)  # any folder: planning opens no file of a corpus
    assert plan_of(raw).grid.corpora


def config_of(path):
    """A config file; ``mine.yaml`` is the README's example, others may be written by ``echo``."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    if path.name == "mine.yaml":
        return yaml.safe_load(re.search(r"```yaml\n(.*?)```", readme, re.DOTALL)[1])
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    if written := re.search(rf"^echo '(.*)' > {re.escape(str(path))}$", pages, re.MULTILINE):
        return yaml.safe_load(written[1])
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
