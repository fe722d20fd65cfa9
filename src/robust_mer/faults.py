"""Faults of the machine, not of the input: a full disk, too little memory. What a user can do."""

import errno
import os
import re
import shutil
import tempfile
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

# Rules whose jobs have a process for each of their threads.
_WITH_PROCESSES = ("make_corpus", "find_faces", "extract_features", "extract_corrupted")

# HDF5 and safetensors hand on what the system said, in words.
_DISK = {
    errno.ENOSPC: "the disk that holds {place} is full ({free} MB free). Free space",
    errno.EDQUOT: "your quota on the disk that holds {place} is used up. Delete something there",
    errno.EROFS: "{place} lies on a file system that can only be read. Make it writable",
    errno.EACCES: "{place}: permission denied. Give yourself permission",
    errno.EIO: "the disk that holds {place} fails (input/output error). See to it",
}
_NO_MEMORY = re.compile(
    "can't allocate memory|Cannot allocate memory|Insufficient memory|std::bad_alloc"
)
_NO_GPU_MEMORY = re.compile("CUDA out of memory|ALLOC_FAILED|CUDA error: out of memory")


def explain(error: BaseException, job: str, folder: str | Path) -> str | None:
    """What a user can do about a fault of the machine; None for any other error.

    Args:
        error: What ended the job.
        job: The job's name, which begins with its rule's.
        folder: Where the job writes, for a fault of a file that has no name.
    """
    rule = job.split()[0]
    if is_out_of_gpu_memory(error):
        section = "training" if rule.startswith(("train_model", "evaluate_model")) else "features"
        return (
            f"{job}: the memory of the GPU does not suffice. End what else uses it (nvidia-smi "
            f"shows that), or set {section}.device to cpu, and run the same command again ({error})"
        )
    if is_out_of_memory(error):
        return f"{job}: out of memory. {less_memory(rule)} ({_first_line(error)})"
    if isinstance(error, BrokenProcessPool):
        return f"{job}: one of its processes was killed, {for_lack_of_memory(rule)}"
    told = disk_fault(error)
    if told is None:
        return None
    # What has no name may be a temporary file.
    unnamed = min(folder, tempfile.gettempdir(), key=_free) if told == errno.ENOSPC else folder
    place = _named_file(error) or unnamed
    text = _DISK[told].format(place=place, free=_free(place) // 1_000_000)
    return f"{text}, and run the same command again: it goes on where it stopped"


def disk_fault(error: BaseException) -> int | None:
    """The errno of a disk's fault, whoever met it: full, not writable, broken."""
    if isinstance(error, OSError) and error.errno in _DISK:
        return error.errno
    return next((code for code in _DISK if os.strerror(code) in str(error)), None)


def is_out_of_gpu_memory(error: BaseException) -> bool:
    """Torch's allocator says it by a class, NVIDIA's libraries by a word."""
    named = any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
    return named or bool(_NO_GPU_MEMORY.search(str(error)))


def is_gpu_fault(error: BaseException) -> bool:
    """Whether the GPU cannot go on; after most of its errors the process cannot use it again."""
    return is_out_of_gpu_memory(error) or "CUDA error" in str(error)


def is_out_of_memory(error: BaseException) -> bool:
    """Python and NumPy say it by a class, torch, OpenCV and the system by words.

    `robust_mer.files.naming` puts the file's name before it.
    """
    named = isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError)
    return named or bool(_NO_MEMORY.search(str(error)))


def less_memory(rule: str) -> str:
    """What lets a job of ``rule`` do with less memory, as a sentence."""
    processes = (
        f", or give this one fewer processes (--set-threads {rule}=1)"
        if rule in _WITH_PROCESSES
        else ""
    )
    return (
        f"Run fewer jobs at once (a smaller --cores; on a cluster a larger mem_mb){processes}, "
        "and run the same command again"
    )


def for_lack_of_memory(rule: str) -> str:
    """Says of what was killed from outside that this was probably for lack of memory."""
    return f"probably by the system for lack of memory. {less_memory(rule)}"


def _named_file(error: BaseException) -> str | None:
    """The file that an error names; HDF5 does so in its words."""
    if isinstance(error, OSError) and error.filename:
        return str(error.filename)
    match = re.search(r"filename = '([^']+)'", str(error))
    return match and match[1]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _free(place: str | Path) -> int:
    """Bytes that are free on the disk that holds a place, which need not exist yet."""
    path = Path(place).absolute()
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    return shutil.disk_usage(there).free
