"""The batches of rows in shards: each shard's part of every batch, drawn from its own rows.

A shard is a range of consecutive rows with random numbers of its own, which depend on the seed, the
epoch and the shard alone. So what is drawn does not depend on which process draws it, and nothing
of it has to be kept to resume a run.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from pytwolayer.network.batches import (
    Batch,
    Batches,
    DrawnBatch,
    EncodedRows,
    Pages,
    SingleRows,
    batch_sizes,
)
from pytwolayer.network.windowed_batches import Window, choose_batches
from pytwolayer.runtime.device import is_gpu
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_B = TypeVar("_B", bound=Batch)
_ALIGNMENT = 512  # bytes, of what PyTorch allocates on a GPU


class ShardRows(SingleRows):
    """The rows of one shard.

    Parameters
    ----------
    rows : EncodedRows
        Those of all shards, or the part that this process has.
    first, last : int
        The shard's among all, the last excluded.
    place : float
        Where the shard is among all, from 0 to below 1.
    drawn : dict
        Batches by their sizes: all shards of a process use the same memory, one after the other.

    Attributes
    ----------
    first : int
        Where the shard begins among the rows that are here.
    """

    def __init__(
        self,
        rows: EncodedRows,
        first: int,
        last: int,
        place: float,
        drawn: dict[int, DrawnBatch],
    ) -> None:
        super().__init__(rows)
        self._total, self.number, self._place, self._drawn = self.number, last - first, place, drawn
        self.first = first - rows.first

    @property
    def counts(self) -> list[int]:
        """Number of rows of all shards."""
        return [self._total]

    def sizes(self, batch_size: int | None) -> list[int]:
        """Return the sizes of the shard's parts of an epoch's batches; some may be 0.

        Each shard rounds at another place, so that the batches of all shards are of about a size.
        """
        parts = len(batch_sizes(self._total, batch_size))
        offset = int(parts * self._place)
        ends = [(self.number * part + offset) // parts for part in range(parts + 1)]
        return [end - start for start, end in pairwise(ends)]

    def whole(self) -> Batch:
        """Make a batch of all rows of the shard."""
        own = slice(self.first, self.first + self.number)
        parts = [None if each is None else _aligned(each[own]) for each in self._all.parts]
        return self._counted(Batch(EncodedRows(*parts)))  # type: ignore[arg-type]

    def drawn(self, size: int) -> DrawnBatch:
        """Return the batch of ``size`` rows that is there for this, or allocate it."""
        if size not in self._drawn:
            self._drawn[size] = self._counted(DrawnBatch(self._all, size))
        return self._drawn[size]

    def indices(self, permutations: Sequence[Tensor]) -> Tensor:
        """Make row indices, among the rows that are here, from those within the shard."""
        return super().indices([permutations[0] + self.first])

    def _counted(self, batch: _B) -> _B:
        batch.counts = self.counts
        return batch


def _aligned(rows: Tensor) -> Tensor:
    """Return rows that begin where PyTorch begins memory, if they are on a GPU.

    Products there may be computed in another way where memory begins elsewhere, and where a
    shard's rows begin depends on how many others the process has.
    """
    return rows.clone() if is_gpu(rows.device) and rows.data_ptr() % _ALIGNMENT else rows


class _PagesFrom:
    """The memory of a shard's rows, counted from its first."""

    def __init__(self, pages: Pages, first: int) -> None:
        self._pages, self.first = pages, first

    def fetch(self, first: int, last: int) -> None:
        """Have rows read soon."""
        self._pages.fetch(first + self.first, last + self.first)

    def release(self) -> None:
        """Give back the memory of what was read."""
        self._pages.release()


def shard_rows(rows: EncodedRows, shards: int) -> list[ShardRows]:
    """Cut rows into shards."""
    drawn: dict[int, DrawnBatch] = {}
    found = []
    for shard in range(shards):
        own = rows_of_shards(rows.number, shards, range(shard, shard + 1))
        found.append(ShardRows(rows, own.start, own.stop, shard / shards, drawn))
    return found


def move_shards(rows: EncodedRows, shards: int, own: range, device: torch.device) -> EncodedRows:
    """Move the rows of some shards to a device, from those of all or a part that has them."""
    numbers = rows_of_shards(rows.number, shards, own)
    here = slice(numbers.start - rows.first, numbers.stop - rows.first)
    parts = [None if each is None else each[here] for each in rows.parts]
    own_rows = EncodedRows(*parts)._replace(  # type: ignore[arg-type]
        first=numbers.start, total=rows.number
    )
    return own_rows.to(device)


def rows_of_shards(rows: int, shards: int, own: range) -> range:
    """Return which of so many rows are those of consecutive shards."""
    return range(rows * own.start // shards, rows * own.stop // shards)


def pages_of(pages: Pages | None, first: int) -> Pages | None:
    """Return the pages of a shard that begins with row ``first``."""
    return None if pages is None else _PagesFrom(pages, first)


@dataclass(eq=False)
class ShardedBatch:
    """The rows of one update.

    Attributes
    ----------
    rows : int
        Number of rows, of all shards.
    parts : dict
        For each of this process's shards what gives its parts, one batch after the other.
    generators : dict
        The random numbers of each shard.
    """

    rows: int
    parts: dict[int, Iterator[Batch]]
    generators: dict[int, torch.Generator]
    _asked: dict[int, Batch] = field(default_factory=dict)

    def part(self, shard: int) -> Batch:
        """Return a shard's part, with its rows gathered."""
        if shard not in self._asked:
            self._asked[shard] = next(self.parts[shard])
        self._asked[shard].gather()
        return self._asked[shard]

    def gather(self) -> None:
        """Leave it to the shards, whose rows have the same memory, one after the other."""


class ShardedBatches:
    """Yields the batches of an epoch.

    Parameters
    ----------
    rows : sequence of ShardRows
        Of all shards.
    own : range
        The shards of this process.
    batch_size : int or None
        Largest number of rows of a batch, of all shards together; None: all.
    seed : int
    window : Window or None
        How a shard's rows are drawn where they are more than memory holds.
    pages : Pages or None
        Of all rows, where these are in a file.
    """

    def __init__(
        self,
        rows: Sequence[ShardRows],
        own: range,
        batch_size: int | None,
        seed: int,
        window: Window | None = None,
        pages: Pages | None = None,
    ) -> None:
        self._seed = seed
        sizes = [each.sizes(batch_size) for each in rows]
        self._sizes = [sum(of_shards) for of_shards in zip(*sizes, strict=True)]
        if window is not None:  # shards draw at the same time
            window = Window(window.block_rows, max(1, window.blocks // len(rows)))
        self._generators = {shard: cpu_generator(0) for shard in own}
        self._batches: dict[int, Batches] = {}
        for shard in own:
            memory = pages_of(pages, rows[shard].first)
            drawing = batch_size, [self._generators[shard]], window, memory
            self._batches[shard] = choose_batches(rows[shard], *drawing)

    def __call__(self, epoch: int) -> Iterator[ShardedBatch]:
        """Yield the batches of an epoch, counted from 0."""
        for shard, generator in self._generators.items():
            generator.manual_seed(stream_seed(self._seed, epoch, shard))
        parts = {shard: iter(batches(epoch)) for shard, batches in self._batches.items()}
        for rows in self._sizes:
            yield ShardedBatch(rows, parts, self._generators)


def stream_seed(seed: int, epoch: int, shard: int) -> int:
    """Return the seed of a shard's random numbers in an epoch."""
    digest = hashlib.blake2b(f"{seed} {epoch} {shard}".encode(), digest_size=4)
    return int.from_bytes(digest.digest(), "little")
