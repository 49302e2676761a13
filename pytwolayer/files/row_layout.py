"""Matrices in a file, one after the other: where each begins, and the header that says so.

The file is a safetensors file, whose header is padded so that it can be written last.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PAGE = 4096
_LENGTH = 8  # bytes of the number in front of the header
_TYPES = {"F32": np.dtype(np.float32), "I32": np.dtype(np.int32), "I64": np.dtype(np.int64)}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}
_FORMAT = "pytwolayer rows 1"
Matrix = NDArray[Any]


class RowLayout:
    """Where matrices lie in a file.

    Parameters
    ----------
    matrices : mapping
        Their names to shape and type.

    Attributes
    ----------
    size : int
        Bytes of the file.
    """

    def __init__(self, matrices: "Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]") -> None:
        # Without gaps, as the format wants it; and so that each begins at a multiple of its type.
        by_size = sorted(matrices.items(), key=lambda pair: -pair[1][1].itemsize)
        self._matrices, self._starts, place = dict(by_size), dict[str, int](), _PAGE
        for name, (shape, dtype) in self._matrices.items():
            self._starts[name] = place
            place += self._bytes(shape, dtype)
        self.size = place

    @staticmethod
    def _bytes(shape: tuple[int, ...], dtype: "np.dtype[Any]") -> int:
        size = dtype.itemsize
        for length in shape:
            size *= length
        return size

    def span(self, name: str) -> tuple[int, int]:
        """Return where a matrix begins and how many bytes it has."""
        return self._starts[name], self._bytes(*self._matrices[name])

    def views(self, memory: Any) -> dict[str, Matrix]:
        """Return the matrices in the memory of a file of this layout."""
        views = {}
        for name, (shape, dtype) in self._matrices.items():
            start, size = self.span(name)
            flat = (
                np.frombuffer(memory, dtype, size // dtype.itemsize, start) if size else np.empty(0)
            )
            views[name] = flat.astype(dtype, copy=False).reshape(shape)
        return views

    def header(self, key: str, checksums: Mapping[str, int]) -> bytes:
        """Return the first bytes of a file whose rows are those of ``key``."""
        about = {"format": _FORMAT, "key": key, "checksums": json.dumps(checksums)}
        entries: dict[str, Any] = {"__metadata__": about}
        for name, (shape, dtype) in self._matrices.items():
            start, size = self.span(name)
            offsets = [start - _PAGE, start - _PAGE + size]
            entries[name] = {"dtype": _NAMES[dtype], "shape": shape, "data_offsets": offsets}
        text = json.dumps(entries).encode().ljust(_PAGE - _LENGTH)
        return len(text).to_bytes(_LENGTH, "little") + text

    def read_checksums(self, head: bytes, key: str) -> dict[str, int] | None:
        """Return the checksums in a header; None if it is not of this layout and key."""
        try:
            found: dict[str, int] = json.loads(
                json.loads(head[_LENGTH:_PAGE])["__metadata__"]["checksums"]
            )
            return found if self.header(key, found) == head[:_PAGE] else None
        except (ValueError, LookupError, TypeError):
            return None
