"""Whether a library may be loaded with ``RTLD_DEEPBIND``, which prefers its own symbols.

With deep binding a library calls the ``malloc`` of the C library that it was linked to. If another
allocator is preloaded (jemalloc, a sanitizer), memory from one is freed by the other, which ends
the process.
"""

import ctypes
import os
from pathlib import Path
from typing import Any

from pytwolayer.runtime.shared_libraries import library_at


def deepbind_is_safe() -> bool:
    """Tell whether the system has it, and this process libc's ``malloc`` and no sanitizer."""
    if not hasattr(os, "RTLD_DEEPBIND"):
        return False
    process = ctypes.CDLL(None)
    if hasattr(process, "__asan_init"):
        return False
    return _malloc_is_libcs(process.malloc)


def _malloc_is_libcs(malloc: Any) -> bool:
    library = _library_of(malloc)
    if library != _name_of_program():
        return library.startswith("libc.")
    # In a program that takes the address of malloc, that address is a stub in the program itself.
    try:
        from pytwolayer.runtime.elf_symbols import provider_of
    except ImportError:  # it needs NumPy
        return False
    provider = provider_of("malloc", Path("/proc/self/exe").resolve())
    return provider is not None and Path(provider).name.startswith("libc.")


def _name_of_program() -> str:
    """Name of this process's program, as the dynamic linker reports it."""
    try:
        started_as = Path("/proc/self/cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return ""
    return Path(os.fsdecode(started_as)).name


def _library_of(function: Any) -> str:
    return Path(library_at(ctypes.cast(function, ctypes.c_void_p).value or 0)).name
