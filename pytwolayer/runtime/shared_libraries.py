"""The shared libraries that are loaded in this process."""

import ctypes
import os
from pathlib import Path


def foreign_blas_visible() -> bool:
    """Tell whether a BLAS is loaded with global visibility, as R does."""
    return hasattr(ctypes.CDLL(None), "sgemm_")


class _DlInfo(ctypes.Structure):
    _fields_ = (
        ("path", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


class _LinkMap(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("path", ctypes.c_char_p))


_LINK_MAP = 2  # RTLD_DI_LINKMAP, a request to dlinfo()


def library_at(address: int) -> str:
    """Path of the loaded library that holds ``address``, or an empty string."""
    info = _DlInfo()
    found = ctypes.CDLL(None).dladdr(ctypes.c_void_p(address), ctypes.byref(info))
    return os.fsdecode(info.path) if found and info.path else ""


def loaded_as(name: str) -> str:
    """Path of the loaded library that the dynamic linker finds as ``name``, or ""."""
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


def libtorch_cpu(torch_folder: Path) -> Path:
    """Path of the library with PyTorch's CPU kernels in a torch package."""
    return torch_folder / "lib" / "libtorch_cpu.so"
