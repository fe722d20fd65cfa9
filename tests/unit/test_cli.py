"""``robust-mer`` itself: version, exit status, faults of the machine."""

import errno
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from robust_mer import cli
from robust_mer.commands import scan

SOURCE = Path(cli.__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}  # this code, whatever is installed


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
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=ENVIRONMENT
    )
    assert done.stdout.splitlines()[-1] == "[]"


def completed(script, *words):
    """What bash offers for the last word."""
    ask = f"{script}\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _robust_mer\n"
    ask += 'echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_shell_completes_commands_and_options(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["robust-mer", "completion", "bash"])
    cli.main()
    script = capsys.readouterr().out
    assert completed(script, "robust-mer", "pre") == ["predict"]
    assert completed(script, "robust-mer", "predict", "--ev") == ["--every"]
    assert completed(script, "robust-mer", "completion", "z") == ["zsh"]


def test_output_into_a_pipe_that_closes_ends_without_a_traceback():
    program = "import sys; from robust_mer import cli; sys.argv = ['robust-mer', 'doctor']"
    program += "; cli.main()"
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -c "{program}" | head -n 0'],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    assert not done.stderr
