"""A Python with its imports done: a process that forks for every program that it should run.

Snakemake and its jobs import the same libraries again and again, which costs more than what a test
makes them do. ``WarmPython().executable`` takes the place of ``sys.executable``: it runs a program
in a fork of a process that has imported the installed packages which programs before it imported.
The package of this repository is no such package: every program imports it from its own checkout.

A program is a script, a module (``-m``) or code (``-c``). A process that ``multiprocessing`` spawns
is code, and gets the files that its parent opened for it. ``snakemake`` lies beside the executable,
as it does in an environment. A fork ends without freeing its memory piece by piece.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import importlib.util
import inspect
import json
import multiprocessing
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

_NEVER_SHARED = ("robust_mer", "helpers", "__main__", "__mp_main__")
_MESSAGE = 1 << 20
_MAX_FILES = 250

_CLIENT = """#!{python} -IS
import array, json, os, signal, socket, sys

arguments = {program} + sys.argv[1:]
if "--multiprocessing-fork" in arguments:
    arguments = arguments[arguments.index("-c"):]  # after options of the interpreter
if not arguments or arguments[0].startswith("-") and arguments[0] not in ("-c", "-m"):
    os.execv("{python}", ["{python}", *arguments])
numbers = [0, 1, 2]
if arguments[0] == "-c":
    numbers += [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2]
    numbers = [number for number in numbers if os.path.exists(f"/proc/self/fd/{{number}}")]
connection = socket.socket(socket.AF_UNIX)
connection.connect("{address}")
request = dict(arguments=arguments, folder=os.getcwd(), environment=dict(os.environ))
request["numbers"] = numbers
files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", numbers))]
text = json.dumps(request).encode()
connection.sendmsg([len(text).to_bytes(8, "big")], files)
connection.sendall(text)
answer = connection.recv(8)
status = int(answer) if answer else 1
if status < 0:
    if status != -signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


class WarmPython:
    """Starts the process, which ends with this one."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="warm_"))
        self.executable = str(folder / "python")
        address = folder / "socket"
        snakemake = str(Path(sys.executable).with_name("snakemake"))
        for name, program in (("python", []), ("snakemake", [snakemake])):
            text = _CLIENT.format(python=sys.executable, address=address, program=program)
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o755)
        left_out = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(address), self.executable],
            env={**kept, "OMP_NUM_THREADS": "1"},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"
        atexit.register(self.close)

    def close(self) -> None:
        """End the process and everything that it still runs."""
        self._process.communicate()
        shutil.rmtree(Path(self.executable).parent, ignore_errors=True)


class _Server:
    """Forks for each connection, reports the exit status, ends programs that lost their client."""

    def __init__(self, address: str) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(address)
        self._listening.listen(64)
        self._ended, writing = os.pipe()
        os.set_blocking(self._ended, False)
        os.set_blocking(writing, False)
        self._descriptors = [self._ended, writing]
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writing)
        self._clients: dict[int, socket.socket] = {}  # by process
        self._names: dict[int, int] = {}  # files for what a process imported, by process
        self._selector = selectors.DefaultSelector()
        for source in (self._listening, self._ended, 0):
            self._selector.register(source, selectors.EVENT_READ)

    def serve(self) -> dict | None:
        """Serve until the tests have ended; in a fork, the request that it is to fulfil."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == 0:
                    for process in self._clients:
                        os.kill(process, signal.SIGKILL)
                    return None
                if key.fileobj is self._listening:
                    if request := self._accept():
                        return request
                elif key.fileobj == self._ended:
                    self._reap()
                elif key.data in self._clients:  # a client has gone before its program has ended
                    self._selector.unregister(key.fileobj)
                    os.kill(key.data, signal.SIGKILL)

    def _accept(self) -> dict | None:
        client, _ = self._listening.accept()
        head, files, _, _ = socket.recv_fds(client, 8, _MAX_FILES)
        text = b""
        while len(text) < int.from_bytes(head, "big"):
            text += client.recv(_MESSAGE)
        with tempfile.TemporaryFile() as file:
            names = os.dup(file.fileno())
        gc.freeze()  # shared memory stays shared, because no collection touches it
        process = os.fork()
        if process:
            for file in files:
                os.close(file)
            self._clients[process], self._names[process] = client, names
            self._selector.register(client, selectors.EVENT_READ, process)
            return None
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for open_socket in (self._listening, client, *self._clients.values()):
            open_socket.close()
        for descriptor in (*self._descriptors, *self._names.values()):
            os.close(descriptor)
        request = json.loads(text)
        numbers = request["numbers"]  # which the files have in the client
        free = max(*numbers, *files, names) + 1
        names, *files = (fcntl.fcntl(file, fcntl.F_DUPFD, free) for file in (names, *files))
        for number, file in zip(numbers, files, strict=True):
            os.dup2(file, number)
            os.close(file)
        return {**request, "names": names}

    def _reap(self) -> None:
        os.read(self._ended, 4096)
        names: set[str] = set()
        while self._clients:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            client = self._clients.pop(process)
            try:
                self._selector.unregister(client)
                client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            except (KeyError, BrokenPipeError):
                pass  # its client was killed
            client.close()
            with os.fdopen(self._names.pop(process)) as file:
                file.seek(0)
                names.update(file.read().split())
        for name in sorted(names - sys.modules.keys()):
            _import(name)
        _locate_modules()


def _import(name: str) -> None:
    """Import a module, if it comes from the standard library or an installed package."""
    top = name.partition(".")[0]
    try:
        spec = importlib.util.find_spec(top)
        if spec and (spec.origin or "").startswith((sys.prefix, sys.base_prefix)):
            importlib.import_module(name)
    except Exception:
        sys.modules.pop(name, None)


def _locate_modules() -> None:
    """Have ``inspect`` remember where all modules lie, which pydantic asks in every program."""
    inspect.getmodule(None, "no module")


def _main(address: str, executable: str) -> None:
    status = 0

    def end() -> None:
        """End at once: to free a large program's memory object by object takes half a second."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)

    atexit.register(end)  # before all others, therefore called after them
    sys.path[:] = [place for place in sys.path if place != str(Path(__file__).parent)]
    importlib.import_module("snakemake.cli")
    _locate_modules()
    server = _Server(address)
    print("ready", flush=True)
    if not (request := server.serve()):
        return
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.executable = executable
    multiprocessing.set_executable(executable)
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    try:
        status = _run(request["arguments"])
    finally:
        names = [name for name in sys.modules if name.partition(".")[0] not in _NEVER_SHARED]
        with os.fdopen(request["names"], "w") as file:
            file.write("\n".join(names))


def _run(arguments: list[str]) -> int:
    """Run a program: a script, ``-m`` and a module, or ``-c`` and code. Returns its exit status."""
    first, *rest = arguments
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    beside = "" if first in ("-c", "-m") else Path(first).resolve().parent
    sys.path[:0] = [str(Path(folder).resolve()) for folder in (beside, *filter(None, folders))]
    try:
        if first == "-m":
            sys.argv = ["-m", *rest[1:]]
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
            return 0
        main = type(sys)("__main__")
        main.__builtins__ = __builtins__
        sys.modules["__main__"] = main
        if first == "-c":
            sys.argv, code = ["-c", *rest[1:]], rest[0]
        else:
            sys.argv, code = arguments, Path(first).read_bytes()
            main.__file__ = first
        exec(compile(code, first, "exec"), vars(main))
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    _main(*sys.argv[1:])
