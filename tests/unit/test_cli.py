"""``robust-mer`` itself: version, exit status, faults of the machine."""

import errno
import subprocess
import sys
from importlib.metadata import version

import pytest

from robust_mer import cli
from robust_mer.commands import scan


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["robust-mer", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_the_version_is_that_of_the_package(monkeypatch, capsys):
    assert call(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"robust-mer {version('robust-mer')}\n"


def test_wrong_arguments_have_a_status_of_their_own(monkeypatch):
    assert call(monkeypatch, "predict", "clip.wav") == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), 130),
        (OSError(errno.ENOSPC, "No space left on device", "table.csv"), "table.csv is full"),
    ],
)
def test_what_ends_a_command_is_said_in_a_line(monkeypatch, error, status):
    def fail(arguments):
        raise error

    def add(commands):
        commands.add_parser("scan").set_defaults(run=fail)

    monkeypatch.setattr(scan, "add", add)
    code = call(monkeypatch, "scan")
    assert code == status or status in code


def test_help_waits_for_no_slow_package():
    slow = "torch", "pandas", "numpy", "av"
    program = (
        "import sys; from robust_mer import cli; sys.argv = ['robust-mer', '--help']\n"
        "try: cli.main()\n"
        f"except SystemExit: print([name for name in {slow} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
