"""Columns of doubles that are written once, in parts, and read in order: in memory, or on disk."""

import errno
import mmap
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import PytwolayerError, format_bytes
from pytwolayer.files.arrow_rows import Batch, any_wanted
from pytwolayer.preprocessing.row_source import Doubles, RowChoice

LARGEST_IN_MEMORY = 2**27  # bytes; what is larger goes to a temporary file


class RowSpool:
    """Rows as doubles, see ``Batches``.

    A large one is in a temporary file without a name, which is gone when it is no longer used,
    also if the process is killed.
    """

    def __init__(self) -> None:
        self._parts: list[NDArray[np.float64]] = []
        self._sizes: list[tuple[int, int]] = []  # rows, and where a part begins in the file
        self._bytes = 0
        self._file: Any = None
        self._map: mmap.mmap | None = None
        self.rows = 0
        self.recodings: dict[int, Doubles] = {}

    @property
    def on_disk(self) -> bool:
        """Whether it is in a temporary file."""
        return self._file is not None

    def add(self, columns: Sequence[Doubles]) -> None:
        """Add rows: the values of each column.

        Raises
        ------
        PytwolayerError
            If there is no room on the disk.
        """
        part = np.array(columns, dtype=np.float64).reshape(len(columns), -1)
        self._sizes.append((part.shape[1], self._bytes))
        self.rows += part.shape[1]
        self._bytes += part.nbytes
        self._parts.append(part)
        if self.on_disk or self._bytes > LARGEST_IN_MEMORY:
            self._write()

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="pytwolayer-")  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            for part in self._parts:
                self._file.write(part.data)
            self._file.flush()
        except OSError as problem:
            self._file = None
            if problem.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise PytwolayerError(
                f"There is no room for a copy of the table in {tempfile.gettempdir()}, where "
                f"{format_bytes(self._bytes)} and more are needed; the environment variable "
                "TMPDIR names another folder for temporary files."
            ) from problem
        self._parts.clear()

    def read(self, columns: Sequence[int], wanted: RowChoice | None) -> Iterator[Batch]:
        """Yield the batches; see ``Batches``."""
        start = 0
        for number, (rows, _) in enumerate(self._sizes):
            if rows and any_wanted(wanted, start, start + rows):
                part = self._part(number)
                yield Batch(start, rows, [self._column(part, column) for column in columns])
            start += rows

    def _part(self, number: int) -> NDArray[np.float64]:
        if self._file is None:
            return self._parts[number]
        if self._map is None:
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        rows, offset = self._sizes[number]
        width = self._bytes // (8 * self.rows)
        values = np.frombuffer(self._map, count=rows * width, offset=offset)
        return values.reshape(width, rows)

    def _column(self, part: NDArray[np.float64], column: int) -> Doubles:
        values: Doubles = part[column]
        recoding = self.recodings.get(column)
        if recoding is None:
            return values
        new: Doubles = np.append(recoding, np.nan)
        recoded: Doubles = new[np.where(np.isnan(values), len(recoding), values).astype(np.intp)]
        return recoded
