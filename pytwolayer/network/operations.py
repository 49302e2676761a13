"""Gradients as programs: lists of operations, prepared once for each batch's memory."""

from collections.abc import Callable
from itertools import islice
from typing import Protocol

from pytwolayer.network.batches import Batch
from pytwolayer.network.losses import Operation
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_KEPT = 4  # batches for which a program is kept; those of a fit have two sizes


class Masks(Protocol):
    """What draws dropout."""

    def drawing(self, mask: Tensor) -> Callable[[], object]:
        """Make a function that draws what the hidden layer is multiplied with."""


class Program:
    """What is done for one batch, in order: functions without arguments, on their own buffers.

    Attributes
    ----------
    draws : list of callable
        What only the host can do.
    operations : list of callable
        What the device does.
    """

    def __init__(self) -> None:
        self.draws: list[Operation] = []
        self.operations: list[Operation] = []

    def __call__(self) -> None:
        """Have the device do its part."""
        for operation in self.operations:
            operation()


class ProgrammedGradient:
    """Loss and gradient of a batch, as a program.

    Attributes
    ----------
    on_fixed_memory : bool
        Whether it is the same sequence of operations every time, which a GPU can repeat.
    """

    on_fixed_memory = True
    _draws = False

    def __init__(self) -> None:
        self._programs: dict[Batch, Program] = {}

    def draw(self, batch: Batch) -> None:
        """Draw the dropout of a batch, on the host, before its gradient is asked for."""
        if self._draws:
            for draw in self.program(batch).draws:
                draw()

    def __call__(self, batch: Batch) -> None:
        """Write the batch's loss and its gradients where they belong."""
        self.program(batch)()

    def program(self, batch: Batch) -> Program:
        """Give what is done for a batch."""
        program = self._programs.get(batch)
        if program is None:
            if len(self._programs) >= _KEPT:
                del self._programs[next(islice(self._programs, 1))]
            with torch.inference_mode(False):  # or a user's loss could not work with its buffers
                program = self._programs[batch] = self._prepare(batch)
        return program

    def _prepare(self, batch: Batch) -> Program:
        raise NotImplementedError
