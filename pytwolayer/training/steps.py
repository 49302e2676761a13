"""The step of each batch: its rows are gathered, the gradient is computed, the parameters updated.

What a step does is found out at a batch's first one, as a list of operations; later ones only go
through the list.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any, Protocol

from pytwolayer.network.losses import Operation
from pytwolayer.network.recorded_operations import Repeated
from pytwolayer.optim.optimizer import Optimizer
from pytwolayer.runtime.torch_loading import torch

_KEPT = 8  # batches whose operations are kept; a fit has batches of two sizes


class Gradient(Protocol):
    """Writes loss and gradient of a batch; as ``ClosedFormGradient`` does."""

    loss: torch.Tensor
    scale: Any
    on_fixed_memory: bool

    def draw_dropout(self, batch: Any) -> None:
        """Draw the dropout of a batch."""

    def operations(self, batch: Any) -> list[Operation]:
        """Return what writes the loss into ``loss``, and the gradient into the parameters'."""


class Steps:
    """Does the step of a batch.

    Parameters
    ----------
    gradient : Gradient
    optimizer : Optimizer
    last : sequence of callable
        Further operations at the end of each step.
    """

    def __init__(
        self, gradient: Gradient, optimizer: Optimizer, last: Sequence[Operation] = ()
    ) -> None:
        self._gradient, self._optimizer, self._last = gradient, optimizer, last
        self._made: dict[Any, Repeated] = {}
        on_cpu = gradient.loss.device.type == "cpu"
        self._records_gradient = on_cpu and gradient.on_fixed_memory
        self._records = self._records_gradient and optimizer.on_fixed_memory

    def __call__(self, batch: Any) -> None:
        """Do the step, on memory that is the same at every call with a batch."""
        step = self._made.get(batch)
        if step is None:
            step = self._make(batch)
        step()

    def _make(self, batch: Any) -> Repeated:
        if len(self._made) >= _KEPT:
            del self._made[next(islice(self._made, 1))]
        gradient, optimizer = self._gradient, self._optimizer
        of_gradient: Sequence[Operation] = gradient.operations(batch)
        if not optimizer.on_fixed_memory:  # a step may evaluate several times
            of_gradient = [Repeated(of_gradient, records=self._records_gradient)]
        step = optimizer.operations(of_gradient, gradient.loss, gradient.scale)
        operations = [batch.gather, *step, *self._last]
        self._made[batch] = made = Repeated(operations, records=self._records)
        return made
