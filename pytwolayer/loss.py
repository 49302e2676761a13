"""The losses: each one's value and its derivative at the network's output."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytwolayer.errors import ArgumentError
from pytwolayer.torch_loading import torch

Tensor = torch.Tensor

# How a loss is summed; the last is an old name of the mean that the chapter uses.
REDUCTIONS = ("mean", "sum", "elementwise_mean")
_HUBER_DELTA = 1.0


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes
    ----------
    values : callable
        ``values(output, y, e, d)`` writes each element's loss into ``e`` and its derivative
        at the output into ``d``, all of shape ``(rows, d_out)``.
    per_row : bool
        Whether the mean is over rows, as where the elements of a row make one loss together,
        and not over all elements.
    """

    values: Callable[[Tensor, Tensor, Tensor, Tensor], object]
    per_row: bool = False


def _squared_error(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> None:
    torch.sub(output, y, out=d)
    torch.mul(d, d, out=e)
    d.mul_(2)


def _absolute_error(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> None:
    torch.sub(output, y, out=d)
    torch.abs(d, out=e)
    d.sign_()


def _huber(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> None:
    torch.ops.aten.huber_loss.out(output, y, 0, _HUBER_DELTA, out=e)
    torch.sub(output, y, out=d).clamp_(-_HUBER_DELTA, _HUBER_DELTA)


def _cross_entropy(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> None:
    """``y`` is 1 at the row's class, else 0; ``-log(probability of the class)`` in each row."""
    torch.ops.aten._log_softmax.out(output, 1, False, out=d)
    torch.mul(d, y, out=e).neg_()
    d.exp_().sub_(y)


def _poisson(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> None:
    """``rate - y * log(rate)``, the output being the log; the constant of ``y`` is left out."""
    torch.exp(output, out=d)
    torch.mul(output, y, out=e).neg_().add_(d)
    d.sub_(y)


LOSSES: dict[str, Loss] = {
    "mse": Loss(_squared_error),
    "mae": Loss(_absolute_error),
    "huber": Loss(_huber),
    "cross_entropy": Loss(_cross_entropy, per_row=True),
    "poisson": Loss(_poisson),
}


@dataclass(frozen=True)
class ForgottenLoss:
    """Stands for a loss that was a function, of which a file keeps the name alone.

    Attributes
    ----------
    __name__ : str
        Its name.
    """

    __name__: str

    def __call__(self, output: Tensor, y: Tensor) -> Tensor:
        """Say that it cannot be computed."""
        received = f"the name alone of the function `{self.__name__}`, which no file keeps"
        raise ArgumentError("loss", "given again", received)


def users_loss(
    function: Callable[[Tensor, Tensor], Any], output: Tensor, y: Tensor, weights: Tensor | None
) -> tuple[Tensor, Tensor, int]:
    """Call a loss of the user's and take its derivative at the output from autograd.

    Parameters
    ----------
    function : callable
        ``function(output, y)``: a loss per element, per row, or for all rows together.
    output, y : Tensor
        Shape ``(rows, d_out)``.
    weights : Tensor, optional
        Weights of the rows, shape ``(rows, 1)``.

    Returns
    -------
    total : Tensor
        The loss, summed where it came per element or per row, shape ``()``.
    derivative : Tensor
        Of the total, shape ``(rows, d_out)``.
    terms : int
        By how many the total is divided for the mean.

    Raises
    ------
    ArgumentError
        If it gives no loss.
    """
    with torch.enable_grad():
        leaf = output.detach().clone().requires_grad_()
        values = function(leaf, y)
        terms = _checked(values, output, weights)
        if weights is not None:
            values = values * (weights if values.dim() == 2 else weights[:, 0])
        total = values.sum()
        (derivative,) = torch.autograd.grad(total, leaf)
    return total.detach(), derivative, terms


def _checked(values: Any, output: Tensor, weights: Tensor | None) -> int:
    rows, d_out = output.shape
    if not isinstance(values, torch.Tensor) or not values.requires_grad:
        received = f"one that gives {'nothing' if values is None else type(values).__name__}"
        if isinstance(values, torch.Tensor):
            received = "one whose value does not depend on the network's output"
        raise ArgumentError("loss", "a function that computes with tensors", received)
    shapes: list[tuple[int, ...]] = [(rows, d_out), (rows,), ()]
    if tuple(values.shape) not in shapes:
        expected = f"a function that gives a loss of shape {shapes[0]}, {shapes[1]} or ()"
        raise ArgumentError("loss", expected, f"one of shape {tuple(values.shape)}")
    if values.dim() == 0 and weights is not None:
        expected = "a function that gives a loss per row where rows have weights"
        raise ArgumentError("loss", expected, "one that gives one number")
    return max(values.numel(), 1)
