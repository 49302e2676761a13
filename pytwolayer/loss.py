"""The losses: each one's value and its derivative at the network's output."""

from collections.abc import Callable

from pytwolayer.torch_loading import torch

Tensor = torch.Tensor

# How a loss is summed over all elements; the last is an old name that the chapter uses.
REDUCTIONS = ("mean", "sum", "elementwise_mean")
_HUBER_DELTA = 1.0


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


# name -> function of output and y that writes each element's loss into e and its
# derivative at the output into d.
LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], None]] = {
    "mse": _squared_error,
    "mae": _absolute_error,
    "huber": _huber,
}
