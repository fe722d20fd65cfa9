"""A Slurm cluster of one machine, on loopback only, for as long as a test needs it.

Slurm's commands read /etc/slurm, so this writes a configuration there and removes it again. It does
not touch a machine that already has a cluster. Everything else is in a folder of the test.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

PACKAGES = ("slurm-wlm", "munge")
CONFIG = Path("/etc/slurm")
_DAEMONS = ("munged", "slurmctld", "slurmd")
_CONFIGURED = ("slurm.conf", "gres.conf")
_MARK = "# Written by robust-mer's tests of Slurm, which remove it.\n"
_PORTS = {"slurmctld": 16817, "slurmd": 16818, "srun": "16900-16999"}


def why_not(install: bool = True) -> str:
    """Why no cluster can be started here; empty if one can.

    Args:
        install: Whether Debian's packages may be installed for it; they stay.
    """
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    running = [p.name() for p in psutil.process_iter() if p.name() in ("slurmctld", "slurmd")]
    if running:
        return f"{running[0]} runs already"
    for file in (CONFIG / name for name in _CONFIGURED):
        if file.exists() and not file.read_text(encoding="utf-8").startswith(_MARK):
            return f"{file} is there: a cluster that is none of the test's"
        file.unlink(missing_ok=True)  # of a test that was killed
    if not all(map(shutil.which, _DAEMONS)):
        if not install:
            return "Slurm is not installed here; make test-slurm installs it"
        if not shutil.which("apt-get"):
            return "Slurm is not installed, and there is no apt-get to install it"
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(
                ["apt-get", *command],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                text=True,
            )
        if done.returncode:
            return f"apt-get install {' '.join(PACKAGES)}: {done.stderr.strip()[-200:]}"
    return ""


class Cluster:
    """One node in two partitions, ``cpu`` and ``gpu``, with a fake GPU."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = socket.gethostname()
        self._daemons: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        """Configure the cluster, start its daemons and wait until the node is idle."""
        for name in ("state", "spool", "munge"):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        (self.folder / "munge").chmod(0o711)
        key = self.folder / "munge/key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        CONFIG.mkdir(exist_ok=True)
        (CONFIG / "slurm.conf").write_text(self._slurm_conf(), encoding="utf-8")
        (CONFIG / "gres.conf").write_text(f"{_MARK}AutoDetect=off\nName=gpu File=/dev/null\n")
        munge = self.folder / "munge"
        self._start(
            "munged",
            "--foreground",
            "--force",
            f"--socket={munge}/socket",
            f"--key-file={key}",
            f"--pid-file={munge}/pid",
            f"--log-file={munge}/log",
            f"--seed-file={munge}/seed",
        )
        _wait("munged", (munge / "socket").exists)
        self._start("slurmctld", "-D", "-c")
        self.start_node()

    def start_node(self) -> None:
        """Start the node's daemon and wait until the node can work."""
        self._start("slurmd", "-D")
        _wait("the node", lambda: self.node_state() in ("idle", "mixed", "allocated"))

    def kill_node(self) -> None:
        """End all that runs on the node, as a crash does, and wait until it is given up."""
        daemon = self._daemons.pop("slurmd")
        daemon.kill()
        daemon.wait()
        for step in [p for p in psutil.process_iter() if p.name() == "slurmstepd"]:
            for process in (step, *step.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        _wait("the node's loss", lambda: self.node_state().startswith("down"))

    def node_state(self) -> str:
        """What ``sinfo`` says of the node."""
        done = _run("sinfo", "--noheader", "--Node", "--partition=cpu", "--format=%T")
        return done.stdout.strip()

    def jobs(self, *states: str) -> dict[str, str]:
        """By job id, the comment (rule and wildcards) of jobs in these states, or in all."""
        chosen = [f"--states={','.join(states)}"] if states else []
        done = _run("squeue", "--noheader", *chosen, "--format=%A %k")
        lines = (line.split(maxsplit=1) for line in done.stdout.splitlines())
        return {job: comment for job, comment in lines}

    def cancel(self, job: str) -> None:
        """``scancel`` a job, as a user or an administrator does."""
        subprocess.run(["scancel", job], check=True)

    def open_ports(self) -> list[str]:
        """Addresses on which the cluster's processes listen."""
        names = (*_DAEMONS, "slurmstepd", "srun")
        ours = {p.pid for p in psutil.process_iter() if p.name() in names}
        return [
            f"{c.laddr.ip}:{c.laddr.port}"
            for c in psutil.net_connections("inet")
            if c.status == psutil.CONN_LISTEN and c.pid in ours
        ]

    def stop(self) -> None:
        """End all jobs and daemons and take the configuration away."""
        if "slurmctld" in self._daemons:
            subprocess.run(["scancel", "--user=root"], capture_output=True)
            deadline = time.monotonic() + 30
            while self.jobs() and time.monotonic() < deadline:
                time.sleep(0.5)
        for name in ("slurmd", "slurmctld", "munged"):
            if daemon := self._daemons.pop(name, None):
                daemon.send_signal(signal.SIGTERM)
                try:
                    daemon.wait(20)
                except subprocess.TimeoutExpired:
                    daemon.kill()
                    daemon.wait()
        for name in _CONFIGURED:
            (CONFIG / name).unlink(missing_ok=True)

    def _start(self, name: str, *arguments: str) -> None:
        log = (self.folder / f"{name}.log").open("a")
        program = shutil.which(name)
        self._daemons[name] = subprocess.Popen([program, *arguments], stdout=log, stderr=log)

    def _slurm_conf(self) -> str:
        folder, ports = self.folder, _PORTS
        memory = psutil.virtual_memory().total // 2**20 - 500
        return f"""\
{_MARK}\
ClusterName=test
SlurmctldHost={self.name}(127.0.0.1)
SlurmctldPort={ports["slurmctld"]}
SlurmdPort={ports["slurmd"]}
SrunPortRange={ports["srun"]}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldTimeout=10
SlurmdTimeout=5
InactiveLimit=0
KillWait=5
MinJobAge=300
ReturnToService=2
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
AccountingStoreFlags=job_comment
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/completed
GresTypes=gpu
NodeName={self.name} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory={memory} Gres=gpu:1
PartitionName=cpu Nodes={self.name} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
PartitionName=gpu Nodes={self.name} MaxTime=INFINITE State=UP
"""


def _run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True)


def _wait(what: str, there: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not there():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.2)


@contextmanager
def slurm_cluster(folder: Path) -> Iterator[Cluster]:
    """A running cluster; of it, nothing is left afterwards but the installed packages."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
