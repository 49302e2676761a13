"""Batches of rows that are more than memory holds: drawn from one window after the other.

Consecutive rows are a block. Blocks are drawn at random, and some of them are a window, within
which rows are drawn at random. So what is read is read block by block, and what is in memory is a
window, and the next one.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pytwolayer.network.batches import Batches, Pages, SingleRows
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
Span = tuple[int, int]
# The more blocks a window has, the more it is like all of the rows, also of sorted ones; see
# ``benchmarks/windowed_loss.py``. Blocks of more bytes than the largest are hardly read quicker.
_BLOCKS, _LEAST_BLOCK, _MOST_BLOCK = 512, 2**15, 2**18
_INDEX_BYTES = 32  # of each row of a window, while its order is drawn
_LEAST_BYTES, _MOST_BYTES = 2**24, 2**30  # of a window
_SHARE = 8  # a window has this part of the memory, of which two are there at a time


class Window(NamedTuple):
    """How rows are drawn: so many rows are a block, and so many blocks a window."""

    block_rows: int
    blocks: int

    @classmethod
    def suited(cls, row_bytes: int, memory: int) -> "Window":
        """Return the window for rows of this size where so much memory may be used.

        It is rounded, so that a little more or less memory changes nothing.
        """
        wanted = min(max(memory // _SHARE, _LEAST_BYTES), _MOST_BYTES)
        wanted = 2 ** (wanted.bit_length() - 1)
        block_bytes = min(max(wanted // _BLOCKS, _LEAST_BLOCK), _MOST_BLOCK)
        block_rows = max(1, block_bytes // row_bytes)
        return cls(block_rows, max(1, wanted // (block_rows * (row_bytes + _INDEX_BYTES))))

    @property
    def rows(self) -> int:
        """Number of rows of a window."""
        return self.block_rows * self.blocks


class WindowedBatches(Batches):
    """Yields the batches of an epoch, drawn from windows; of one network.

    Parameters
    ----------
    rows : SingleRows
    batch_size : int
        Largest number of rows of a batch.
    generators : sequence of torch.Generator
        One, on the CPU.
    window : Window
    pages : Pages, optional
        Of the rows, where these are in a file.
    """

    def __init__(
        self,
        rows: SingleRows,
        batch_size: int | None,
        generators: Sequence[torch.Generator],
        window: Window,
        pages: Pages | None = None,
    ) -> None:
        super().__init__(rows, batch_size, generators)
        self._window, self._pages = window, pages

    def _order(self) -> Iterator[Tensor]:
        """Yield the indices of each batch."""
        sizes, pending = iter(self._sizes), torch.empty(0, dtype=torch.int64, device="cpu")
        size = next(sizes)
        for indices in self._windows():
            pending, start = torch.cat([pending, indices]), 0
            while size is not None and start + size <= len(pending):
                yield self._rows.indices([pending[start : start + size]])
                start, size = start + size, next(sizes, None)  # type: ignore[assignment]
            pending = pending[start:].clone()

    def _windows(self) -> Iterator[Tensor]:
        """Yield the row numbers of each window, in random order."""
        (generator,), number = self._generators, self._rows.number
        block_rows, blocks = self._window
        starts = self._permuted(-(-number // block_rows), generator) * block_rows
        parts = torch.tensor_split(starts, -(-len(starts) // blocks))  # as large as each other
        windows = [part.sort().values for part in parts]
        self._fetch(windows[0])
        for place, window in enumerate(windows):
            if self._pages is not None:
                self._pages.release()
            if place + 1 < len(windows):
                self._fetch(windows[place + 1])
            rows = (window[:, None] + torch.arange(block_rows, device="cpu")).flatten()
            rows = rows[rows < number]
            yield rows[self._permuted(len(rows), generator)]

    def _permuted(self, number: int, generator: torch.Generator) -> Tensor:
        return torch.randperm(number, generator=generator, device="cpu")

    def _fetch(self, window: Tensor) -> None:
        if self._pages is None:
            return
        number = self._rows.number
        for start in window.tolist():
            self._pages.fetch(start, min(start + self._window.block_rows, number))


def read_in_turn(spans: Sequence[Span], pages: Pages | None) -> Iterator[Span]:
    """Yield spans of rows, first and last; the next is read meanwhile, the one before let go."""
    for place, span in enumerate(spans):
        if pages is not None:
            for soon in spans[place : place + 2] if place == 0 else spans[place + 1 : place + 2]:
                pages.fetch(*soon)
        yield span
        if pages is not None:
            pages.release()


def choose_batches(
    rows: SingleRows,
    batch_size: int | None,
    generators: Sequence[torch.Generator],
    window: Window | None,
    pages: Pages | None,
) -> Batches:
    """Make the batches of a fit: drawn from all rows, or from windows."""
    if window is None:
        return Batches(rows, batch_size, generators)
    return WindowedBatches(rows, batch_size, generators, window, pages)
