"""How much memory is in use, by which R decides when to collect garbage."""

import math
import os
from pathlib import Path

from pytwolayer.r_interop.tensors.values import called_from_r
from pytwolayer.runtime.torch_loading import torch


@called_from_r
def memory_in_use() -> list[float]:
    """Return the bytes that this process has in memory, and that PyTorch has on other devices."""
    return [_resident(), float(_on_devices())]


def _resident() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except OSError:
        return _peak()
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def _peak() -> float:
    """Return the peak where the present use is not to be had: it grows only with new garbage."""
    try:
        import resource  # not on Windows
    except ImportError:
        return _working_set()
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # bytes on a Mac


def _working_set() -> float:
    """Ask Windows; NaN elsewhere."""
    import ctypes

    try:
        library = ctypes.windll.psapi  # type: ignore[attr-defined]
        process = ctypes.c_void_p(-1)
        # PROCESS_MEMORY_COUNTERS: two 32-bit numbers, then sizes; the second size is meant.
        counters = (ctypes.c_size_t * 16)()
        fine = library.GetProcessMemoryInfo(process, counters, ctypes.sizeof(counters))
    except (AttributeError, OSError):
        return math.nan
    start = 8 // ctypes.sizeof(ctypes.c_size_t)
    return float(counters[start + 1]) if fine else math.nan


def _on_devices() -> int:
    used = 0
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        used += sum(map(torch.cuda.memory_allocated, range(torch.cuda.device_count())))
    if torch.backends.mps.is_available():
        used += torch.mps.current_allocated_memory()
    return used
