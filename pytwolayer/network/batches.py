"""The batches of each epoch, and the dropout of each batch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_FEW_ROWS = 512


class EncodedRows(NamedTuple):
    """Encoded rows: the network's inputs, its targets and the rows' weights.

    Attributes
    ----------
    x, y : Tensor
        Shapes ``(rows, d_in)`` and ``(rows, d_out)``.
    weights : Tensor or None
        Shape ``(rows, 1)``.
    codes : Tensor or None
        Whole numbers, shape ``(rows, columns)``: of each column of many levels the network's input
        that is 1. These inputs come after those in ``x``.
    first : int
        Number of the first of these rows, where a process has a part of all only.
    total : int or None
        Number of all rows, where these are a part.
    """

    x: Tensor
    y: Tensor
    weights: Tensor | None
    codes: Tensor | None = None
    first: int = 0
    total: int | None = None

    @property
    def number(self) -> int:
        """Number of all rows, those included that other processes have."""
        return len(self.x) if self.total is None else self.total

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """What there is of the rows: ``x``, ``y``, ``weights`` and ``codes``."""
        return self.x, self.y, self.weights, self.codes

    def to(self, device: torch.device) -> "EncodedRows":
        """Move them to the device that trains.

        On the CPU ``y`` lies output after output in memory (column-major). The network's output
        gets the layout of ``y``, and with few outputs the products and the softmax over it then
        run along long contiguous vectors: a third of the time. On a GPU it lies row after row,
        wherever it comes from.
        """
        weights = None if self.weights is None else self.weights.to(device)
        y = self.y.to(device)
        y = y.t().contiguous().t() if device.type == "cpu" else y.contiguous()
        codes = None if self.codes is None else self.codes.to(device)
        return self._replace(x=self.x.to(device), y=y, weights=weights, codes=codes)


class Pages(Protocol):
    """The memory of rows that are in a file."""

    def fetch(self, first: int, last: int) -> None:
        """Have rows ``first`` to ``last`` read soon."""

    def release(self) -> None:
        """Give back the memory of what was read."""


class Batch:
    """The rows of one update, in memory that is the same at each use.

    So operations on it can be prepared once, and captured in a CUDA graph.

    Attributes
    ----------
    x, y, weights, codes : Tensor
        As in ``EncodedRows``.
    counts : list of int
        Number of rows of each network.
    d_out : int
    has_few_rows : bool
        Whether an operation on the rows, on the CPU, costs more than its arithmetic.
    """

    _with_ones: Tensor | None = None

    def __init__(self, rows: EncodedRows) -> None:
        self.x, self.y, self.weights, self.codes = rows.parts
        self.counts, self.d_out = [len(self.x)], self.y.shape[1]
        self.has_few_rows = _are_few(rows, len(self.x))

    def gather(self) -> None:
        """Copy the batch's rows into its memory; a batch of all rows has them there."""

    @property
    def with_ones(self) -> Tensor:
        """The rows with one more input, which is 1 and which biases are the weights of."""
        if self._with_ones is None:
            # Input after input in memory: else a product takes up to six times as long.
            self._with_ones = torch.cat([self.x.t(), self.x.new_ones(1, len(self.x))]).t()
        return self._with_ones


class DrawnBatch(Batch):
    """Rows drawn from others.

    Parameters
    ----------
    rows : EncodedRows
        All rows.
    size : int
        Number of rows of the batch.

    Attributes
    ----------
    indices : Tensor
        Of the rows drawn; to be written before ``gather()``.
    """

    def __init__(self, rows: EncodedRows, size: int) -> None:
        x, y, weights, codes = rows.parts
        self.indices = torch.empty(size, dtype=torch.int64, device=x.device)
        targets = y.new_empty(y.shape[1], size).t() if _is_by_output(y) else y[:size].clone()
        # Where rows are few, a 1 follows each in memory, for ``with_ones``.
        inputs = x.new_ones(size, x.shape[1] + _are_few(rows, size))[:, : x.shape[1]]
        super().__init__(
            EncodedRows(
                inputs,
                targets,
                None if weights is None else weights[:size].clone(),
                None if codes is None else codes[:size].clone(),
            )
        )
        pairs = [(x, self.x), (y, self.y), (weights, self.weights), (codes, self.codes)]
        self._selections = [
            _selection(every, self.indices, drawn)
            for every, drawn in pairs
            if every is not None and drawn is not None
        ]

    @property
    def with_ones(self) -> Tensor:
        """The rows, if they are few, with one more input, which is 1."""
        rows, inputs = self.x.shape
        return self.x.as_strided((rows, inputs + 1), (inputs + 1, 1))

    def gather(self) -> None:
        """Copy the rows of these indices into the batch's memory."""
        for select in self._selections:
            select()


def _are_few(rows: EncodedRows, size: int) -> bool:
    return size <= _FEW_ROWS and rows.codes is None and rows.x.device.type == "cpu"


def _is_by_output(y: Tensor) -> bool:
    return not y.is_contiguous()


def _selection(every: Tensor, indices: Tensor, drawn: Tensor) -> Callable[[], Tensor]:
    if _is_by_output(every):  # along memory: its rows there are the outputs
        return partial(torch.index_select, every.t(), 1, indices, out=drawn.t())
    return partial(torch.index_select, every, 0, indices, out=drawn)


def batch_sizes(rows: int, batch_size: int | None) -> list[int]:
    """Return the sizes of an epoch's batches, which differ by at most one; None: one batch."""
    return cut_evenly(rows, 1 if batch_size is None else -(-rows // batch_size))


def cut_evenly(rows: int, parts: int) -> list[int]:
    """Return the sizes of so many parts of the rows, which differ by at most one."""
    ends = [rows * part // parts for part in range(parts + 1)]
    return [end - start for start, end in pairwise(ends)]


class SingleRows:
    """The rows of one network, from which its batches are made; for several ``StackedRows``.

    Attributes
    ----------
    number : int
        Rows of each network.
    """

    def __init__(self, rows: EncodedRows) -> None:
        self._all, self.number = rows, rows.number

    @property
    def counts(self) -> list[int]:
        """Number of rows that a mean over all of them is divided by."""
        return [self.number]

    def sizes(self, batch_size: int | None) -> list[int]:
        """Return the sizes of an epoch's batches."""
        return batch_sizes(self.number, batch_size)

    def whole(self) -> Batch:
        """Make a batch of all rows."""
        return Batch(self._all)

    def drawn(self, size: int) -> Any:
        """Allocate a batch of ``size`` rows, whose ``indices`` are written later."""
        return DrawnBatch(self._all, size)

    def indices(self, permutations: Sequence[Tensor]) -> Tensor:
        """Make row indices from each network's permutation; rows are the last dimension."""
        return permutations[0].to(self._all.x.device)


class Batches:
    """Yields the batches of an epoch: reshuffled every time, or one of all rows.

    Parameters
    ----------
    rows : SingleRows or StackedRows
    batch_size : int or None
        Largest number of rows of a batch; None: all.
    generators : sequence of torch.Generator
        One of each network, on the CPU, which draws the order of its rows.
    """

    def __init__(
        self, rows: SingleRows, batch_size: int | None, generators: Sequence[torch.Generator]
    ) -> None:
        self._rows, self._generators = rows, generators
        self._sizes = rows.sizes(batch_size)
        if len(self._sizes) == 1:
            self._all = (rows.whole(),)
        else:
            batch = {size: rows.drawn(size) for size in set(self._sizes)}
            self._drawn = [batch[size] for size in self._sizes]

    def __call__(self, epoch: int) -> Sequence[Batch] | Iterator[Batch]:
        """Return the batches of an epoch; batches of one size share memory, one after another."""
        return self._all if len(self._sizes) == 1 else self._draw()

    def _draw(self) -> Iterator[Batch]:
        for batch, indices in zip(self._drawn, self._order(), strict=True):
            batch.indices.copy_(indices)
            yield batch

    def _order(self) -> Iterable[Tensor]:
        """Return the indices of each batch."""
        number = self._rows.number
        orders = [torch.randperm(number, generator=g, device="cpu") for g in self._generators]
        return torch.split(self._rows.indices(orders), self._sizes, -1)


class Dropout:
    """Draws the factors of the hidden layer: 0, or 1 / (1 - share) to keep its mean.

    Parameters
    ----------
    share : float
        Of the hidden units that is left out in each row.
    generator : torch.Generator
        On the CPU, so that all devices leave out the same ones; may be set to another.
    """

    def __init__(self, share: float, generator: torch.Generator) -> None:
        self._keep, self.generator = 1 - share, generator

    def drawing(self, mask: Tensor) -> Callable[[], object]:
        """Make a function that draws into ``mask``, shape ``(rows, hidden_units)``."""
        drawn = mask if mask.device.type == "cpu" else torch.empty(mask.shape, device="cpu")

        def draw() -> None:
            drawn.bernoulli_(self._keep, generator=self.generator).div_(self._keep)
            if drawn is not mask:
                mask.copy_(drawn)

        return draw
