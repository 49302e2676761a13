"""Which BLAS torch really calls in this process, read from its own call table.

``torch.__config__`` tells what torch was built with, not what the loader bound it to.
"""

import ctypes
import sys
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytwolayer.shared_libraries import foreign_blas_visible, library_at, libtorch_cpu

_ROUTINE = b"sgemm_"
_SECTION = np.dtype(
    [
        ("name", "<u4"),
        ("type", "<u4"),
        ("flags", "<u8"),
        ("addr", "<u8"),
        ("offset", "<u8"),
        ("size", "<u8"),
        ("link", "<u4"),
        ("info", "<u4"),
        ("align", "<u8"),
        ("entsize", "<u8"),
    ]
)
_SYMBOL = np.dtype(
    [
        ("name", "<u4"),
        ("info", "u1"),
        ("other", "u1"),
        ("section", "<u2"),
        ("value", "<u8"),
        ("size", "<u8"),
    ]
)
_RELOCATION = np.dtype([("offset", "<u8"), ("info", "<u8"), ("addend", "<i8")])
_RELA, _DYNSYM = 4, 11  # section types of the ELF format

_Array = NDArray[np.void]


def _sections(image: NDArray[np.uint8]) -> _Array:
    start = int(image[0x28:0x30].view("<u8")[0])
    number = int(image[0x3C:0x3E].view("<u2")[0])
    return image[start : start + number * _SECTION.itemsize].view(_SECTION)


def _table(image: NDArray[np.uint8], section: np.void, entry: np.dtype[np.void]) -> _Array:
    start, size = int(section["offset"]), int(section["size"])
    return image[start : start + size - size % entry.itemsize].view(entry)


def _symbol_number(image: NDArray[np.uint8], sections: _Array) -> int:
    """Find the routine in the library's table of dynamic symbols."""
    dynamic = sections[sections["type"] == _DYNSYM][0]
    strings = sections[int(dynamic["link"])]
    start = int(strings["offset"])
    text = image[start : start + int(strings["size"])].tobytes()
    places, at = [], text.find(_ROUTINE + b"\0")
    while at >= 0:  # one name may be the tail of another
        places.append(at)
        at = text.find(_ROUTINE + b"\0", at + 1)
    names = _table(image, dynamic, _SYMBOL)["name"]
    return int(np.flatnonzero(np.isin(names, places))[0])


def _slot(library: Path) -> int:
    """Offset, in the loaded library, of the slot that holds the routine's address."""
    image = np.memmap(library, dtype=np.uint8, mode="r")
    sections = _sections(image)
    symbol = _symbol_number(image, sections)
    for section in sections[sections["type"] == _RELA]:
        relocations = _table(image, section, _RELOCATION)
        hits = np.flatnonzero(relocations["info"] >> np.uint64(32) == symbol)
        if len(hits):
            return int(relocations["offset"][hits[0]])
    raise LookupError("the library does not call the routine through a slot")


def _base_address(library: Path) -> int:
    wanted = str(library.resolve())
    with Path("/proc/self/maps").open() as maps:
        for line in maps:
            if line.rstrip("\n").endswith(wanted) and line.split()[2] == "00000000":
                return int(line.split("-")[0], 16)
    raise LookupError("the library is not loaded")


@cache
def blas_in_use() -> str | None:
    """Path of the library whose matrix product torch calls, or None where it cannot be told.

    It can be told on 64-bit Linux; torch must be loaded.
    """
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return None
    library = libtorch_cpu(_folder_of_torch())
    try:
        slot = _base_address(library) + _slot(library)
    except (LookupError, OSError, ValueError):
        return None
    return library_at(ctypes.c_void_p.from_address(slot).value or 0) or None


def _folder_of_torch() -> Path:
    return Path(str(sys.modules["torch"].__file__)).parent


def foreign_blas() -> str | None:
    """Path of the BLAS that has taken the place of torch's own, or None."""
    if not foreign_blas_visible():
        return None
    return _foreign(blas_in_use())


def _foreign(used: str | None) -> str | None:
    if used is None:
        return None
    package = _folder_of_torch().resolve()
    own = package, package.parent / "torch.libs"
    inside = any(Path(used).resolve().is_relative_to(folder) for folder in own)
    return None if inside or "mkl" in Path(used).name else used
