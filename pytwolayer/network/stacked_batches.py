"""The batches of several networks that are trained side by side.

Everything lies feature after feature, ``(networks, features, rows)``, so that a product of all
networks is one call with contiguous rows. Networks with fewer rows than others are filled up
with rows of weight 0 at their end. Networks of one group have the same rows in the same order,
which are drawn once for all of them.
"""

from collections.abc import Callable, Sequence
from functools import partial

from pytwolayer.network.batches import Batch, EncodedRows, SingleRows
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class StackedBatch(Batch):
    """Rows of one update of every network.

    Attributes
    ----------
    x : Tensor
        Shape ``(rows, d_in)`` where all networks have the same rows, else
        ``(groups, rows, d_in)``; without groups each network is one.
    y : Tensor
        Shape ``(networks, d_out, rows)``; the first is 1 where all networks have the same rows.
    weights : Tensor or None
        Shape ``(networks, 1, rows)``, likewise.
    codes : Tensor or None
        Shape ``(rows, columns)`` or ``(groups, rows, columns)``, as ``x``.
    counts : list of int
        Number of rows of each network, without those that fill it up.
    d_out : int
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        weights: Tensor | None,
        counts: list[int],
        codes: Tensor | None = None,
    ) -> None:
        self.x, self.y, self.weights, self.codes = x, y, weights, codes
        self.counts, self.d_out = counts, y.shape[1]


def stack_rows(rows: Sequence[EncodedRows], members: int = 1) -> StackedBatch:
    """Put all rows of every network into one batch; ``rows`` has those of each group."""
    counts = [len(each.x) for each in rows for _ in range(members)]
    first = rows[0]
    if _are_same(rows):
        weights = None if first.weights is None else first.weights.t()[None]
        return StackedBatch(first.x, first.y.t().contiguous()[None], weights, counts, first.codes)
    x = torch.stack([_filled(each.x, max(counts)) for each in rows])
    y = torch.stack([_filled(each.y, max(counts)).t() for each in rows]).contiguous()
    weights = _stack_weights(rows, counts)
    if members > 1:
        y = y.repeat_interleave(members, 0)
        weights = None if weights is None else weights.repeat_interleave(members, 0)
    codes = [_filled(each.codes, max(counts)) for each in rows if each.codes is not None]
    return StackedBatch(x, y, weights, counts, torch.stack(codes) if codes else None)


def _stack_weights(rows: Sequence[EncodedRows], counts: list[int]) -> Tensor | None:
    if len(set(counts)) == 1 and all(each.weights is None for each in rows):
        return None
    ones = (each.x.new_ones(len(each.x), 1) for each in rows)
    pairs = zip(rows, ones, strict=True)
    given = [one if each.weights is None else each.weights for each, one in pairs]
    return torch.stack([_filled(each, max(counts)).t() for each in given])


def _are_same(rows: Sequence[EncodedRows]) -> bool:
    """Whether all networks have the same rows, in the same memory."""
    return all(each.x is rows[0].x and each.y is rows[0].y for each in rows)


def _filled(values: Tensor, rows: int) -> Tensor:
    """Append rows of zeros up to a number of rows."""
    return torch.nn.functional.pad(values, (0, 0, 0, rows - len(values)))


class DrawnStackedBatch(StackedBatch):
    """Rows drawn from those of each network.

    Parameters
    ----------
    rows : EncodedRows
        Those of all groups, one after the other.
    groups, size : int
        Number of groups, and of rows of each.
    members : int
        Number of networks of each group.

    Attributes
    ----------
    indices : Tensor
        Of the rows drawn, shape ``(groups, size)``; to be written before ``gather()``.
    """

    def __init__(self, rows: EncodedRows, groups: int, size: int, members: int = 1) -> None:
        x, y, weights, codes = rows.parts
        flat = torch.empty(groups * size, dtype=torch.int64, device=x.device)
        self.indices = flat.view(groups, size)
        drawn = x.new_empty(groups * size, x.shape[1])
        of_group = (groups, members, -1, size)
        super().__init__(
            drawn.view(groups, size, -1),
            y.new_empty(groups * members, y.shape[1], size),
            None if weights is None else weights.new_empty(groups * members, 1, size),
            [size] * (groups * members),
            None if codes is None else codes.new_empty(groups, size, codes.shape[1]),
        )
        self._steps: list[Callable[[], object]] = [
            partial(torch.index_select, x, 0, flat, out=drawn)
        ]
        if codes is not None and self.codes is not None:
            selected = self.codes.view(groups * size, -1)
            self._steps.append(partial(torch.index_select, codes, 0, flat, out=selected))
        for every, to in ((y, self.y), (weights, self.weights)):
            if every is not None and to is not None:
                selected = every.new_empty(groups * size, every.shape[1])
                by_feature = selected.view(groups, 1, size, -1).mT
                self._steps += [
                    partial(torch.index_select, every, 0, flat, out=selected),
                    partial(to.view(of_group).copy_, by_feature),
                ]

    def gather(self) -> None:
        """Copy the rows of these indices into the batch's memory."""
        for step in self._steps:
            step()


class StackedRows(SingleRows):
    """The rows of several networks; as many of each where batches are drawn.

    Parameters
    ----------
    rows : sequence of EncodedRows
        Those of each group of networks.
    members : int
        Number of networks of each group; of 1 each network draws its own batches.
    """

    def __init__(self, rows: Sequence[EncodedRows], members: int = 1) -> None:
        self._rows, self._members = rows, members
        self._joined: EncodedRows | None = None
        self.number = max(len(each.x) for each in rows)

    def whole(self) -> StackedBatch:
        """Make a batch of all rows of every network."""
        return stack_rows(self._rows, self._members)

    def drawn(self, size: int) -> DrawnStackedBatch:
        """Allocate a batch of ``size`` rows of every group, whose ``indices`` come later."""
        if self._joined is None:
            self._joined = self._join()
        return DrawnStackedBatch(self._joined, len(self._rows), size, self._members)

    def _join(self) -> EncodedRows:
        """Join the rows of all groups, one after the other; once where they are the same."""
        first = self._rows[0]
        if _are_same(self._rows):
            return EncodedRows(first.x, first.y.contiguous(), first.weights, first.codes)
        weights = [each.weights for each in self._rows if each.weights is not None]
        codes = [each.codes for each in self._rows if each.codes is not None]
        return EncodedRows(
            torch.cat([each.x for each in self._rows]),
            torch.cat([each.y for each in self._rows]).contiguous(),
            torch.cat(weights) if weights else None,
            torch.cat(codes) if codes else None,
        )

    def indices(self, permutations: Sequence[Tensor]) -> Tensor:
        """Make row indices among the rows of all groups, shape ``(groups, rows)``."""
        step = 0 if _are_same(self._rows) else self.number
        starts = torch.arange(len(permutations), device="cpu")[:, None] * step
        return (torch.stack(list(permutations)) + starts).to(self._rows[0].x.device)
