"""What no input may do: take long, take much memory, write or call outside its folder."""

import faulthandler
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 5  # of processor time, for one input; others may share the machine
_HUNG = 240  # seconds until the process is killed, if Python's signal handlers do not run
_BYTES = 1 << 30  # in addition to the process after its imports

_OURS = {"input", "results", "done.json", "stderr.txt"}

_CALLS = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.forkpty",
    "os.spawn",
    "pty.spawn",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "pickle.find_class",
    "ctypes.dlopen",
    "urllib.Request",
}
_CHANGES = {
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "shutil.rmtree",
    "shutil.move",
    "shutil.copyfile",
}


class TooLongError(BaseException):
    """An input took more than `SECONDS`; no reader catches this."""


class Forbidden(BaseException):
    """An input made the package write outside its folder, or call something."""


class Guard:
    """Watches this process from now on; audit hooks cannot be taken out again.

    Args:
        folder: Where writing is allowed. ``folder/canary`` must stay as it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = os.path.realpath(folder)
        self._canary = folder / "canary"
        self._watching = False
        self._broken: list[str] = []
        self._there = self._look()
        signal.signal(signal.SIGPROF, self._on_alarm)
        sys.addaudithook(self._on_event)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _BYTES, used + _BYTES))

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch what the block does.

        Raises:
            TooLongError: it took too long.
            Forbidden: it did something that it may not, whatever came of it.
        """
        self._broken.clear()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        self._watching = True
        try:
            yield
        finally:
            self._watching = False
            signal.setitimer(signal.ITIMER_PROF, 0)
            if self._broken:
                raise Forbidden("; ".join(self._broken))

    def keep_alive(self) -> None:
        """Say that the process is not hung; to be called now and then."""
        faulthandler.dump_traceback_later(_HUNG, exit=True)

    def check_canary(self) -> str:
        """Changes outside the input's folders since the start, including those by C code."""
        found = self._look()
        return "" if found == self._there else f"beside its folders there is {found}"

    def _look(self) -> list:
        top = sorted(p.name for p in Path(self._folder).iterdir())
        inside = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in self._canary.iterdir()]
        return [name for name in top if name not in _OURS] + sorted(inside)

    def _on_alarm(self, *_) -> None:
        if self._watching:
            raise TooLongError(f"took more than {SECONDS} s")

    def _on_event(self, event: str, arguments: tuple) -> None:
        if not self._watching:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & (os.O_WRONLY | os.O_RDWR)) if isinstance(flags, int) else False
            if mode is not None:
                writes = any(letter in mode for letter in "wax+")
            if writes and isinstance(path, (str, bytes, os.PathLike)):
                self._check(event, path)
        elif event in _CHANGES:
            folder = ""  # an open one, to which the name belongs, as shutil.rmtree gives it
            if event in ("os.remove", "os.rmdir") and arguments[1] >= 0:
                folder = f"/proc/self/fd/{arguments[1]}"
            for path in arguments[:2]:
                if isinstance(path, (str, bytes, os.PathLike)):
                    self._check(event, os.path.join(folder, os.fsdecode(path)))  # noqa: PTH118
        elif event in _CALLS:
            self._refuse(f"{event} {arguments!r}"[:200])

    def _check(self, event: str, path: str | bytes | os.PathLike) -> None:
        real = os.path.realpath(os.fsdecode(path))
        if not real.startswith(self._folder + os.sep) or real.startswith(str(self._canary)):
            self._refuse(f"{event} {real}")

    def _refuse(self, what: str) -> None:
        self._broken.append(what)
        raise Forbidden(what)
