"""Where the encoded rows of a fit live: in memory, or in a file that is mapped."""

import hashlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pytwolayer._version import __version__
from pytwolayer.errors import RowsOnDiskWarning, format_bytes, warn_user
from pytwolayer.files.row_file import (
    GradualWriter,
    RowFile,
    find_rows,
    kept_rows,
    temporary_folder,
    temporary_rows,
)
from pytwolayer.files.row_layout import RowLayout
from pytwolayer.network.batches import EncodedRows
from pytwolayer.network.windowed_batches import Window
from pytwolayer.preprocessing.block_writer import EncodedInputs
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.usable_memory import usable_memory

_SMALL = 2**25  # bytes that are in memory without a look at how much there is
_SHARE = 0.8  # of the memory that may be used, for the rows
_ROW_BYTES = 24  # of each row that is read, besides the encoded one
FLOATS, CODES = np.dtype(np.float32), np.dtype(np.int32)
Matrices = dict[str, tuple[tuple[int, ...], "np.dtype[Any]"]]
_INPUTS = ("x", "codes")


class Part(NamedTuple):
    """How many of the rows a process encodes, and how many processes of its machine do so."""

    rows: int
    processes: int


class FilePages:
    """The memory of the network's inputs in a file; see ``Pages``."""

    def __init__(self, file: RowFile) -> None:
        self._file = file

    def fetch(self, first: int, last: int) -> None:
        """Have rows ``first`` to ``last`` read soon."""
        for name in self._file.matrices:
            if name in _INPUTS:
                self._file.fetch(name, first, last)

    def release(self) -> None:
        """Give back the memory of what was read."""
        self._file.release()


@dataclass(frozen=True)
class KeptRows:
    """Where another process finds rows that are on disk; see ``find_rows()``.

    ``first`` is the number of the first of them, of ``total`` rows.
    """

    path: Path
    key: str
    matrices: Matrices
    first: int
    total: int

    def open(self, window: Window | None) -> tuple[EncodedRows, FilePages]:
        """Map the rows, which were checked when they were written or found.

        Raises
        ------
        FileNotFoundError
            If they are gone.
        """
        found = find_rows(self.path, self.key, RowLayout(self.matrices), whole=True)
        if found is None:
            raise FileNotFoundError(f'no encoded rows in "{self.path}"')
        rows = StoredRows(found, window, is_new=False).encoded()
        return rows._replace(first=self.first, total=self.total), FilePages(found)


@dataclass
class RowStore:
    """Gives the encoded rows of one fit their place.

    Attributes
    ----------
    folder : Path or None
        Where they are kept; None: nowhere.
    on_disk : bool
        Whether they are in files.
    fits : bool
        Whether memory has room for them.
    window : Window or None
        How batches are drawn of rows that are more than memory holds; None: from all rows.
    pages : dict
        Those of the rows on disk, by what they came in.
    kept : dict
        Where the rows in the folder are, by what they came in.
    """

    folder: Path | None = None
    on_disk: bool = False
    fits: bool = True
    window: Window | None = None
    pages: dict[str, FilePages] = field(default_factory=dict)
    kept: dict[str, KeptRows] = field(default_factory=dict)
    _size: int = 0
    _is_scratch: bool = False
    _found: list[bool] = field(default_factory=list)

    @classmethod
    def choose(
        cls,
        folder: Path | None,
        rows: int,
        row_bytes: int,
        copies: int = 1,
        scratch: Path | None = None,
        part: Part | None = None,
    ) -> "RowStore":
        """Choose the place of so many rows of this size.

        ``copies`` is how many fits have as many rows of their own at the same time; several of
        them in memory are also put together there. ``scratch`` is a folder of this fit alone,
        where they have to be unless ``folder`` is given. ``part`` says which rows this process
        encodes. How batches are drawn depends on all rows, so that it does not depend on the number
        of processes.
        """
        size = rows * row_bytes
        needed = rows * (row_bytes + _ROW_BYTES) * (copies if copies == 1 else 2 * copies)
        usable = None if needed <= _SMALL else usable_memory()
        window = None
        if usable is not None and size > _SHARE * usable:
            window = Window.suited(row_bytes, usable)
        if part is not None:
            size = part.rows * row_bytes
            needed = (size + rows * _ROW_BYTES) * part.processes
        fits = usable is None or needed <= _SHARE * usable
        own = folder is None and scratch is not None
        folder = folder or scratch
        on_disk = folder is not None or not fits
        return cls(folder, on_disk, fits, window, _size=size, _is_scratch=own)

    @contextmanager
    def file(
        self, argument: str, matrices: Matrices, key: Callable[[], str], place: tuple[int, int]
    ) -> Iterator["StoredRows"]:
        """Yield rows to fill, or those that are there from before; on disk without an error then.

        Parameters
        ----------
        argument : str
            What the rows came in.
        matrices : dict
            Shape and type of each by its name, of ``x`` and ``y`` in any case.
        key : callable
            Makes what identifies the rows.
        place : tuple of int
            Number of the first row, and how many all are.
        """
        layout = RowLayout(matrices)
        with self._file(layout, key) as stored:
            yield stored
        if stored.place is not None:
            self.kept[argument] = KeptRows(*stored.place, matrices, *place)
        self._found.append(not stored.is_new)
        self.pages[argument] = FilePages(stored.file)

    @contextmanager
    def _file(self, layout: RowLayout, key: Callable[[], str]) -> Iterator["StoredRows"]:
        if self.folder is None:
            yield StoredRows(temporary_rows(temporary_folder(), layout), self.window)
            return
        name = key()
        path = self.folder / f"rows-{name[:16]}.safetensors"
        found = find_rows(path, name, layout)
        if found is not None:
            yield StoredRows(found, self.window, (path, name), is_new=False)
            return
        with kept_rows(path, name, layout, temporary=self._is_scratch) as file:
            yield StoredRows(file, self.window, (path, name))

    def tell(self) -> None:
        """Tell the user where the rows are, if they are on disk."""
        if not self.on_disk or (self._is_scratch and self.fits):
            return
        size = format_bytes(self._size)
        if self.folder is None or self._is_scratch:
            text = (
                f"The encoded rows take {size}, more than memory has room for: until the fit is "
                f'done they are in a temporary file in "{self.folder or temporary_folder()}".'
            )
        else:
            how = "were found" if all(self._found) else "are kept"
            text = f'The encoded rows, {size}, {how} in the folder "{self.folder}".'
        if self.window is not None:
            rows = self.window.rows
            text += f" Batches are drawn from {rows:,} rows at a time; see docs/large-data.md."
        warn_user(text, RowsOnDiskWarning)


class StoredRows:
    """Encoded rows in a file.

    Attributes
    ----------
    is_new : bool
        Whether they are still to be written.
    place : tuple or None
        The file's path and key, if it is kept.
    """

    def __init__(
        self,
        file: RowFile,
        window: Window | None,
        place: tuple[Path, str] | None = None,
        *,
        is_new: bool = True,
    ) -> None:
        self.file, self.is_new, self.place, self._window = file, is_new, place, window
        self.matrices = file.matrices
        names = [] if window is None else [name for name in _INPUTS if name in file.matrices]
        self._writers = [GradualWriter(file, name) for name in names]

    @property
    def inputs(self) -> EncodedInputs:
        """Where the network's inputs are to be written to."""
        return EncodedInputs(*(self.matrices.get(name) for name in _INPUTS))

    def written(self, rows: int) -> None:
        """Take note that the inputs of so many rows are written."""
        for writer in self._writers:
            writer(rows)

    def encoded(self) -> EncodedRows:
        """Return the rows as tensors on the file."""
        if self._window is not None:
            self.file.release()
            self.file.read_at_random()
        with warnings.catch_warnings():  # of memory that cannot be written to; nobody does
            warnings.simplefilter("ignore", UserWarning)
            tensors = {name: torch.from_numpy(each) for name, each in self.matrices.items()}
        y = tensors["y"]  # output after output
        # With one output both layouts are the same memory; the usual one has the usual strides.
        y = y.reshape(-1, 1) if len(y) == 1 else y.t()
        return EncodedRows(tensors["x"], y, tensors.get("weights"), tensors.get("codes"))


def digest(*parts: Any) -> str:
    """Return what identifies these values: arrays by their bytes, others by their text.

    Another version of this package may encode in another way.
    """
    total = hashlib.blake2b(__version__.encode(), digest_size=32)
    for part in parts:
        if isinstance(part, np.ndarray):
            total.update(repr((part.dtype.str, part.shape)).encode())
            total.update(np.ascontiguousarray(part).data.cast("B"))
        else:
            total.update(repr(part).encode())
    return total.hexdigest()
