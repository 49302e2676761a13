"""Which library a loaded library calls for a routine, read from its relocations (ELF).

Several loaded libraries can define a routine such as ``sgemm_``. The dynamic linker chooses one and
writes its address into the caller's slot for the routine (in the global offset table), so the
slot is the only exact answer; names and versions of libraries are not. The path to it: symbol
table -> number of the symbol -> relocation with that number -> offset of the slot -> plus the
address at which the library is loaded. Only the parts of the format on that path are read, and
the names of the libraries that a library was linked to.
"""

import ctypes
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytwolayer.runtime.shared_libraries import library_at

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
_ENTRY = np.dtype([("tag", "<i8"), ("value", "<u8")])
_RELA, _DYNAMIC, _DYNSYM = 4, 6, 11  # section types of the ELF format
_NEEDED = 1  # tag of the entries that name a library
_KIND, _FIXED = 0x10, 2  # offset of the file type; ET_EXEC, a program at fixed addresses

_Array = NDArray[np.void]


def _sections(image: NDArray[np.uint8]) -> _Array:
    start = int(image[0x28:0x30].view("<u8")[0])
    number = int(image[0x3C:0x3E].view("<u2")[0])
    return image[start : start + number * _SECTION.itemsize].view(_SECTION)


def _table(image: NDArray[np.uint8], section: np.void, entry: np.dtype[np.void]) -> _Array:
    start, size = int(section["offset"]), int(section["size"])
    return image[start : start + size - size % entry.itemsize].view(entry)


def _string_table(image: NDArray[np.uint8], sections: _Array, section: np.void) -> bytes:
    """Return the table of names that the entries of a section refer to."""
    strings = sections[int(section["link"])]
    start = int(strings["offset"])
    return image[start : start + int(strings["size"])].tobytes()


def needed_by(library: Path) -> list[str]:
    """Names of the libraries that ``library`` was linked to; none where it cannot be read."""
    try:
        image = np.memmap(library, dtype=np.uint8, mode="r")
        sections = _sections(image)
        dynamic = sections[sections["type"] == _DYNAMIC][0]
        text = _string_table(image, sections, dynamic)
        entries = _table(image, dynamic, _ENTRY)
        places = entries["value"][entries["tag"] == _NEEDED]
        names = [text[int(place) :].split(b"\0")[0] for place in places]
    except (LookupError, OSError, ValueError):
        return []
    return [os.fsdecode(name) for name in names]


def _symbol_number(image: NDArray[np.uint8], sections: _Array, routine: bytes) -> int:
    """Find the number of a routine in the library's table of dynamic symbols."""
    dynamic = sections[sections["type"] == _DYNSYM][0]
    text = _string_table(image, sections, dynamic)
    places, at = [], text.find(routine + b"\0")
    while at >= 0:  # a name may be stored as the end of a longer one
        places.append(at)
        at = text.find(routine + b"\0", at + 1)
    names = _table(image, dynamic, _SYMBOL)["name"]
    found = np.flatnonzero(np.isin(names, places))
    if not len(found):
        raise LookupError("the library does not refer to the routine")
    return int(found[0])


def _slot(image: NDArray[np.uint8], routine: bytes) -> int:
    """Offset, in the loaded library, of the slot that holds the routine's address."""
    sections = _sections(image)
    symbol = _symbol_number(image, sections, routine)
    for section in sections[sections["type"] == _RELA]:
        relocations = _table(image, section, _RELOCATION)
        hits = np.flatnonzero(relocations["info"] >> np.uint64(32) == symbol)
        if len(hits):
            return int(relocations["offset"][hits[0]])
    raise LookupError("the library does not call the routine through a slot")


def _base_address(library: Path) -> int:
    with library.open("rb") as file:
        if file.read(_KIND + 1)[_KIND] == _FIXED:
            return 0
    wanted = str(library.resolve())
    with Path("/proc/self/maps").open() as maps:
        for line in maps:
            if line.rstrip("\n").endswith(wanted) and line.split()[2] == "00000000":
                return int(line.split("-")[0], 16)
    raise LookupError("the library is not loaded")


def provider_of(routine: str, library: Path) -> str | None:
    """Path of the library whose ``routine`` the loaded ``library`` calls.

    None where that cannot be determined; it can on 64-bit Linux.
    """
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return None
    try:
        base = _base_address(library)  # first, since reading the file below maps it again
        slot = base + _slot(np.memmap(library, dtype=np.uint8, mode="r"), routine.encode())
    except (LookupError, OSError, ValueError):
        return None
    return library_at(ctypes.c_void_p.from_address(slot).value or 0) or None
