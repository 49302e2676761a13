"""The optimisers: each turns the gradients at hand into one update of the parameters."""

from collections.abc import Callable
from typing import Protocol

from pytwolayer.network import FlatParameters
from pytwolayer.torch_loading import torch


class Optimizer(Protocol):
    """What the training loop asks of an optimiser."""

    def step(self) -> object:
        """Update the parameters in place."""


class GradientDescent:
    """``parameter - gradient * learning_rate``, rounded as the chapter's loop rounds it.

    ``torch.optim.SGD`` rounds product and difference together, so its last bits differ.
    """

    def __init__(self, parameters: FlatParameters, learning_rate: float) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._learning_rate = learning_rate

    def step(self) -> None:
        """Update the parameters in place; the gradients are used up."""
        self._values.sub_(self._gradients.mul_(self._learning_rate))


def _adam(parameters: FlatParameters, learning_rate: float) -> Optimizer:
    return torch.optim.Adam([parameters.values], lr=learning_rate)


OPTIMIZERS: dict[str, Callable[[FlatParameters, float], Optimizer]] = {
    "sgd": GradientDescent,
    "adam": _adam,
}
