"""The objective: a loss summed or averaged over a batch, weighted, with its derivative."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.network.batches import Batch
from pytwolayer.network.losses import LOSSES, Loss, Operation, users_loss
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
UsersLoss = Callable[[Tensor, Tensor], Any]
Total = Callable[[Tensor], Operation]


def make_objective(
    loss: str | UsersLoss, reduction: str, quantile_levels: Sequence[float] | None = None
) -> "TableObjective | UserObjective":
    """Make the objective of a key of ``LOSSES`` or a user's function, and of ``REDUCTIONS``."""
    summed = reduction == "sum"
    if isinstance(loss, str):
        return TableObjective(LOSSES[loss].at(quantile_levels), summed=summed)
    return UserObjective(loss, summed=summed)


class TableObjective:
    """A loss of ``LOSSES``, of one network or of several."""

    def __init__(self, loss: Loss, *, summed: bool) -> None:
        self._loss, self._summed = loss, summed

    def _terms(self, rows: Sequence[int], d_out: int) -> NDArray[np.float64]:
        """Return the divisors of the sums over so many rows."""
        numbers = np.asarray(rows, dtype=np.float64)
        if self._summed:
            return np.ones_like(numbers)
        terms: NDArray[np.float64] = self._loss.terms(numbers, d_out)
        return terms

    def scale(self, rows: Sequence[int], d_out: int) -> NDArray[np.float64]:
        """Return the factors by which sums of batch losses become each network's epoch loss."""
        return self._loss.sign / self._terms(rows, d_out)

    def operations(
        self, batch: Batch, output: Tensor, d_output: Tensor, total: Total, rows: Sequence[int]
    ) -> list[Operation]:
        """Return operations that write the batch's loss, and its derivative into ``d_output``.

        ``total(losses)`` returns the operation that sums the losses up; ``rows`` is the number
        of rows of an epoch of each network.
        """
        losses = torch.empty_like(output)
        operations = self._loss.operations(output, batch.y.expand_as(output), losses, d_output)
        if batch.weights is not None:
            operations += [partial(each.mul_, batch.weights) for each in (losses, d_output)]
        operations.append(total(losses))
        slopes = self._loss.slope / self._terms(batch.counts, batch.d_out)
        if (slopes != 1).any():
            slopes = slopes[0] if len(set(slopes)) == 1 else slopes[:, None, None]
            factor = output.new_tensor(slopes)  # quicker than a Python number
            operations.append(partial(torch.mul, d_output, factor, out=d_output))
        return operations


class UserObjective:
    """A loss function of the user's, of one network."""

    def __init__(self, loss: UsersLoss, *, summed: bool) -> None:
        self._loss, self._summed = loss, summed

    def scale(self, rows: Sequence[int], d_out: int) -> NDArray[np.float64]:
        """Return 1: the number of terms is only found in each batch, and applied there."""
        return np.ones(len(rows))

    def operations(
        self, batch: Batch, output: Tensor, d_output: Tensor, total: Total, rows: Sequence[int]
    ) -> list[Operation]:
        """Return operations that write the batch's loss, and its derivative at the output."""
        share, loss = len(output) / rows[0], output.new_empty(1)

        def call() -> None:
            value, derivative, terms = users_loss(self._loss, output, batch.y, batch.weights)
            loss.copy_(value)
            d_output.copy_(derivative)
            if not self._summed:
                loss.mul_(share / terms)
                d_output.div_(terms * (batch.counts[0] / len(output)))

        return [call, total(loss)]
