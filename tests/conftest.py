"""Copies of the repository in which a demo has run once, for all tests."""

import fcntl
import gc
import multiprocessing
import os
import sys

import pytest
from helpers.browser import Browser
from helpers.project import DEMO_MODEL, SMALL, Project, warm_python

from robust_mer.garbage import collect_rarely

collect_rarely()  # before pytest imports the tests and what they import


def pytest_collection_finish():
    """What is imported by now stays: the collector need not look at it again and again."""
    gc.freeze()


@pytest.fixture(scope="module")
def warm_processes():
    """Processes that ``multiprocessing`` spawns start with the imports of earlier ones done."""
    multiprocessing.set_executable(warm_python())
    yield
    multiprocessing.set_executable(sys.executable)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A browser without a window."""
    running = Browser(tmp_path_factory.mktemp("browser"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The small demo, run once to its end. Nothing in it may be changed: see ``project``."""
    return _run_once(tmp_path_factory, "finished", SMALL)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """What ``make demo`` makes, run once to its end. Nothing in it may be changed."""
    return _run_once(tmp_path_factory, "demo", {}, "all", DEMO_MODEL)


def _run_once(tmp_path_factory, name, config, *targets):
    """A project that has run to its end; its output is in ``output.txt``.

    Processes of pytest-xdist share it: the first that needs it runs it, others wait.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, note = shared / name, shared / f"{name}.txt"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            project = Project.make(folder)
            project.configure(config)
            done = project.run(*targets)
            (folder / "output.txt").write_text(done.stdout, encoding="utf-8")
            note.write_text(f"{done.returncode}\n{done.stdout[-5000:]}", encoding="utf-8")
    status, _, text = note.read_text(encoding="utf-8").partition("\n")
    assert status == "0", text
    return Project(folder)


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished small demo, for one test to change."""
    return finished.copy(tmp_path / "project")


@pytest.fixture(scope="session")
def _planned(finished, tmp_path_factory):
    return finished.copy(tmp_path_factory.mktemp("planned") / "project")


@pytest.fixture
def shared(_planned):
    """A copy of the finished small demo that tests share: nothing runs there, all is planned.

    Its config is reset after each test; files are edited by `helpers.project.edited`.
    """
    yield _planned
    _planned.configure(SMALL)
