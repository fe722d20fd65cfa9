"""Faults of the machine rather than the input, such as a full disk, and what a user can do."""

import errno
import os
import re
import shutil
import tempfile
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

# Rules whose jobs start one process per thread.
_WITH_PROCESSES = (
    "make_corpus",
    "find_faces",
    "extract_features",
    "extract_corrupted",
    "recognise_words",
    "recognise_corrupted",
)

# HDF5 and safetensors raise other errors, whose text contains the system's message.
_DISK = {
    errno.ENOSPC: "the disk that holds {place} is full ({free} MB free). Free some space",
    errno.EDQUOT: "your quota on the disk that holds {place} is used up. Delete files there",
    errno.EROFS: "{place} is on a read-only file system. Make it writable",
    errno.EACCES: "{place}: permission denied. Give yourself permission",
    errno.EIO: "the disk that holds {place} has an input/output error. Check the disk",
}
_NO_MEMORY = re.compile(
    "can't allocate memory|Cannot allocate memory|Unable to allocate|Insufficient memory|"
    "std::bad_alloc"
)
_NO_GPU_MEMORY = re.compile("CUDA out of memory|ALLOC_FAILED|CUDA error: out of memory")


def explain(error: BaseException, job: str, folder: str | Path, resumes: bool = True) -> str | None:
    """What a user can do about a fault of the machine; None for any other error.

    Args:
        error: What ended the job.
        job: The job's name, which begins with its rule's.
        folder: Where the job writes; named if the error names no file.
        resumes: Whether the same command continues with what is unfinished.
    """
    rule = job.split()[0]
    if is_out_of_gpu_memory(error):
        section = (
            "training"
            if rule.startswith(("train_model", "train_teacher", "evaluate_model"))
            else "features"
        )
        return (
            f"{job}: the GPU has too little free memory. End other programs that use it "
            f"(nvidia-smi lists them), or set {section}.device to cpu, and run the same command "
            f"again ({error})"
        )
    if is_out_of_memory(error):
        return f"{job}: out of memory. {less_memory(rule)} ({_first_line(error)})"
    if isinstance(error, BrokenProcessPool):
        return f"{job}: one of its processes was killed, {for_lack_of_memory(rule)}"
    fault = disk_fault(error)
    if fault is None:
        return None
    # A file without a name may be a temporary one.
    unnamed = min(folder, tempfile.gettempdir(), key=_free) if fault == errno.ENOSPC else folder
    place = _named_file(error) or unnamed
    text = _DISK[fault].format(place=place, free=_free(place) // 1_000_000)
    ending = ": it resumes where it stopped" if resumes else ""
    return f"{text}, and run the same command again{ending}"


def disk_fault(error: BaseException) -> int | None:
    """The errno of a disk fault (full, not writable, broken), from any library; None otherwise."""
    if isinstance(error, OSError) and error.errno in _DISK:
        return error.errno
    return next((code for code in _DISK if os.strerror(code) in str(error)), None)


def is_out_of_gpu_memory(error: BaseException) -> bool:
    """Whether the GPU is out of memory, by torch's class or the text of NVIDIA's libraries."""
    by_class = any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
    return by_class or bool(_NO_GPU_MEMORY.search(str(error)))


def is_gpu_fault(error: BaseException) -> bool:
    """Whether the GPU failed. After most of its errors the process cannot use it any more."""
    return is_out_of_gpu_memory(error) or "CUDA error" in str(error)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out.

    Python and NumPy raise `MemoryError`; torch, OpenCV and the system are known by their texts,
    which `robust_mer.files.naming` may prefix with a file's name.
    """
    by_class = isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError)
    return by_class or bool(_NO_MEMORY.search(str(error)))


def less_memory(rule: str) -> str:
    """A sentence on how a job of ``rule`` can use less memory."""
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
    """The likely reason why a process was killed, and what to do."""
    return f"probably by the system for lack of memory. {less_memory(rule)}"


def _named_file(error: BaseException) -> str | None:
    """The file that an error names; HDF5 names it in the text only."""
    if isinstance(error, OSError) and error.filename:
        return str(error.filename)
    match = re.search(r"filename = '([^']+)'", str(error))
    return match and match[1]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _free(place: str | Path) -> int:
    """Free bytes on the disk of a path, which need not exist yet."""
    path = Path(place).absolute()
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return shutil.disk_usage(existing).free
