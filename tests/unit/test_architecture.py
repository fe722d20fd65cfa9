"""Imports between rooms, the size of functions, classes and files, and imports of tests."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/robust_mer"

# Stages in order: a room imports earlier ones, and modules that belong to no stage.
ROOMS = (
    "corpora",
    "features",
    "corruption",
    "models",
    "engine",
    "training",
    "evaluation",
    "provenance",
    "report",
    "export",
    "scan",
    "apply",
    "scaffold",
)
NOUNS = ("metrics", "protocols", "tasks")  # any room imports them
PLANNING = (
    "plan",
    "health",
    "forecast",
    "commands",
    "cli",
)  # nothing but the workflow and one another imports them

LINES = {"file": 400, "class": 200, "function": 60}


def modules() -> dict[str, ast.Module]:
    """The syntax trees of the package's modules by name."""
    trees = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


TREES = modules()


def imported(tree: ast.AST) -> Iterator[str]:
    """Names of the package's modules that a tree imports, in functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name their module in full"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in TREES else str(node.module) for name in inside]
        else:
            continue
        yield from (name for name in names if name in TREES)


def imported_at_once(tree: ast.Module) -> set[str]:
    """Those that are imported as soon as the module is."""
    top: list[ast.stmt] = []
    for statement in tree.body:
        is_for_types = isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(
            statement.test
        )
        if not is_for_types:
            top.append(statement)
    outside = [s for s in top if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
    return set(imported(ast.Module(outside, [])))


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_rooms_import_no_later_room():
    order = {room: place for place, room in enumerate(ROOMS)}
    arrows = {
        f"{module} -> {target}"
        for module, tree in TREES.items()
        for target in imported(tree)
        if room_of(module) in order and order.get(room_of(target), -1) > order[room_of(module)]
    }
    assert not arrows


def test_nothing_imports_planning():
    arrows = {
        (module, target)
        for module, tree in TREES.items()
        for target in imported(tree)
        if room_of(target) in PLANNING and room_of(module) not in PLANNING
    }
    assert not arrows


def test_every_folder_of_the_package_is_a_known_room():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders <= {*ROOMS, *PLANNING, *NOUNS}


def test_modules_import_one_another_in_no_circle():
    TopologicalSorter({name: imported_at_once(tree) for name, tree in TREES.items()}).prepare()


# What is made for classes alone: the task, and MMIN's layout of features.
OF_CLASSES = (
    "robust_mer.tasks.task",
    "robust_mer.tasks.classification",
    "robust_mer.tasks.multilabel",
    "robust_mer.export.mmin_layout",
    "robust_mer.report.words.figures",  # the name of an axis
    "robust_mer.forecast.pilot",  # UA is a measure of classes
    "robust_mer.apply.answers",  # columns as in the files of predictions
)
WORDS_OF_CLASSES = {"predicted", "probability_"}


def knows_classes(tree: ast.Module) -> bool:
    """Whether a module names the class of the task, or a column of its predictions."""
    return any(
        (isinstance(node, ast.Name) and node.id == "Classification")
        or (isinstance(node, ast.Constant) and node.value in WORDS_OF_CLASSES)
        for node in ast.walk(tree)
    )


def test_nothing_else_knows_that_a_target_is_a_class():
    knowing = {module for module, tree in TREES.items() if knows_classes(tree)}
    knowing = {module for module in knowing if room_of(module) not in ("corpora", "features")}
    assert knowing <= set(OF_CLASSES)


def too_large() -> Iterator[tuple[str, int]]:
    """Files, classes and functions above their limit; a function without its docstring."""
    for module, tree in TREES.items():
        path = PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
        if path.exists() and (count := len(path.read_text().splitlines())) > LINES["file"]:
            yield f"file {module}", count
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                kind, first = "class", node
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                has_docstring = ast.get_docstring(node) and len(node.body) > 1
                kind, first = "function", node.body[1] if has_docstring else node
            else:
                continue
            if (count := node.end_lineno - first.lineno + 1) > LINES[kind]:
                yield f"{kind} {module}.{node.name}", count


def test_files_classes_and_functions_are_of_a_size_to_read():
    assert not dict(too_large())


SETTINGS = ("Settings", "MMINTraining", "NMERTraining", "Optimisation")
"""How the names of their classes end."""


def undocumented_settings() -> Iterator[str]:
    """Fields of settings without a docstring below them."""
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.ClassDef) and node.name.endswith(SETTINGS)):
                continue
            for field, below in pairwise([*node.body, None]):
                if isinstance(field, ast.AnnAssign) and not is_of_the_class(field):
                    value = below.value if isinstance(below, ast.Expr) else None
                    if not isinstance(value, ast.Constant):
                        yield f"{module}.{node.name}.{ast.unparse(field.target)}"


def is_of_the_class(field: ast.AnnAssign) -> bool:
    """Whether a variable is none of its instances' fields."""
    return "ClassVar" in ast.unparse(field.annotation) or "__" in ast.unparse(field.target)


def test_every_setting_has_its_docstring():
    assert not list(undocumented_settings())


def python_files() -> list[Path]:
    folders = ("src", "workflow", "tests", "benchmarks")
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_nothing_is_kept_from_the_formatter():
    suppressed = "# fmt: " + "skip", "# fmt: " + "off"
    assert not [p for p in python_files() if any(s in p.read_text("utf-8") for s in suppressed)]


TEST_MODULES = sorted((ROOT / "tests").rglob("test_*.py"))
FUZZERS = sorted((ROOT / "tests/fuzz").rglob("*.py"))


def liberties(path: Path) -> Iterator[str]:
    """Where a test imports a test module, or reads, imports or replaces a private name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = [*(a.name for a in node.names), getattr(node, "module", None) or ""]
            parts = {part for name in names for part in name.split(".")}
            is_taken = any(is_private(p) or p.startswith("test_") for p in parts)
            if is_taken or "conftest" in parts:
                yield ast.unparse(node)
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            if ast.unparse(node.value) not in ("self", "cls"):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setattr"):
            names = [str(a.value) for a in node.args[:2] if isinstance(a, ast.Constant)]
            if any(is_private(name.rpartition(".")[2]) for name in names):
                yield ast.unparse(node.args[0])


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize(
    "path", [*TEST_MODULES, *FUZZERS], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_no_test_imports_another_or_uses_private_names(path):
    assert not set(liberties(path))
