"""The shared libraries of this process: which there are, and what may be done to them."""

import ctypes
import os
from pathlib import Path
from typing import Any


def foreign_blas_visible() -> bool:
    """Tell whether the process shows everyone a BLAS, as R does."""
    return hasattr(ctypes.CDLL(None), "sgemm_")


def deepbind_is_safe() -> bool:
    """With another malloc than libc's, or a sanitizer, deep binding kills the process."""
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
    # A program that takes malloc's address shows a stub of its own in its place.
    try:
        from pytwolayer.runtime.elf_symbols import provider_of
    except ImportError:  # it takes NumPy
        return False
    provider = provider_of("malloc", Path("/proc/self/exe").resolve())
    return provider is not None and Path(provider).name.startswith("libc.")


def _name_of_program() -> str:
    """Name of this process's program, as the loader has it."""
    try:
        started_as = Path("/proc/self/cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return ""
    return Path(os.fsdecode(started_as)).name


class _DlInfo(ctypes.Structure):
    _fields_ = (
        ("path", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


class _LinkMap(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("path", ctypes.c_char_p))


_LINK_MAP = 2  # what dlinfo() is asked for


def library_at(address: int) -> str:
    """Path of the loaded library that holds ``address``, or an empty string."""
    info = _DlInfo()
    found = ctypes.CDLL(None).dladdr(ctypes.c_void_p(address), ctypes.byref(info))
    return os.fsdecode(info.path) if found and info.path else ""


def loaded_as(name: str) -> str:
    """Path of the library that is loaded here and that the loader knows as ``name``, or ""."""
    if not hasattr(os, "RTLD_NOLOAD"):
        return ""
    try:
        library = ctypes.CDLL(name, os.RTLD_NOW | os.RTLD_NOLOAD)
    except OSError:
        return ""
    place = ctypes.POINTER(_LinkMap)()
    found = ctypes.CDLL(None).dlinfo
    found.argtypes = ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
    if found(library._handle, _LINK_MAP, ctypes.byref(place)) != 0 or not place:
        return ""
    return os.fsdecode(place.contents.path or b"")


def _library_of(function: Any) -> str:
    return Path(library_at(ctypes.cast(function, ctypes.c_void_p).value or 0)).name


def libtorch_cpu(torch_folder: Path) -> Path:
    """Where a torch package keeps the library that does its CPU arithmetic."""
    return torch_folder / "lib" / "libtorch_cpu.so"
