"""What is minimised: the loss summed or averaged over a batch, weighted, with its derivative."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from pytwolayer.network.batches import Batch
from pytwolayer.network.losses import LOSSES, Loss, Operation, users_loss
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
UsersLoss = Callable[[Tensor, Tensor], Any]


class Objective(Protocol):
    """The loss of a batch."""

    def scale(self, rows: int, d_out: int) -> float:
        """Give what the losses of batches are multiplied with to add up to that of so many rows."""

    def operations(
        self, batch: Batch, output: Tensor, d_output: Tensor, loss: Tensor, rows: int
    ) -> list[Operation]:
        """Give what writes the batch's loss into ``loss``, and its derivative at the output.

        ``rows`` is the number of rows of an epoch.
        """


def objective(loss: str | UsersLoss, reduction: str) -> Objective:
    """Make it of a key of ``LOSSES`` or a function of the user's, and a key of ``REDUCTIONS``."""
    summed = reduction == "sum"
    if isinstance(loss, str):
        return _TableObjective(LOSSES[loss], summed=summed)
    return _UserObjective(loss, summed=summed)


class _TableObjective:
    def __init__(self, loss: Loss, *, summed: bool) -> None:
        self._loss, self._summed = loss, summed

    def _terms(self, rows: int, d_out: int) -> int:
        """Count what the sum over so many rows is divided by."""
        return 1 if self._summed else int(self._loss.terms(rows, d_out))

    def scale(self, rows: int, d_out: int) -> float:
        return self._loss.sign / self._terms(rows, d_out)

    def operations(
        self, batch: Batch, output: Tensor, d_output: Tensor, loss: Tensor, rows: int
    ) -> list[Operation]:
        losses = torch.empty_like(output)
        operations = self._loss.operations(output, batch.y, losses, d_output)
        if batch.weights is not None:
            operations += [partial(each.mul_, batch.weights) for each in (losses, d_output)]
        in_memory = losses if losses.is_contiguous() else losses.t()
        operations.append(partial(torch.sum, in_memory.view(-1), 0, out=loss))
        slope = self._loss.slope / self._terms(*output.shape)
        if slope != 1:
            factor = output.new_tensor(slope)  # quicker than a number of Python's
            operations.append(partial(torch.mul, d_output, factor, out=d_output))
        return operations


class _UserObjective:
    def __init__(self, loss: UsersLoss, *, summed: bool) -> None:
        self._loss, self._summed = loss, summed

    def scale(self, rows: int, d_out: int) -> float:
        return 1.0  # what it gives, and so how many terms it has, is known only in each batch

    def operations(
        self, batch: Batch, output: Tensor, d_output: Tensor, loss: Tensor, rows: int
    ) -> list[Operation]:
        share = len(output) / rows

        def call() -> None:
            total, derivative, terms = users_loss(self._loss, output, batch.y, batch.weights)
            loss.copy_(total)
            d_output.copy_(derivative)
            if not self._summed:
                loss.mul_(share / terms)
                d_output.div_(terms)

        return [call]
