"""The closed-form gradient of the two-layer network, on buffers allocated once.

It is a program for each batch's memory: a list of operations that is written once and then
done step after step. Here is their order, for one network as for many; what each of them is,
the layout decides.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any

from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.batches import Batch, Dropout
from pytwolayer.network.layouts import Layout
from pytwolayer.network.losses import Operation
from pytwolayer.network.objective import UsersLoss, objective
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_KEPT = 4  # batches for which a program is kept; those of a fit have two sizes


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


class ClosedFormGradient:
    """Loss and gradient of one batch, of every network.

    Parameters
    ----------
    layout : Layout
        Where the weights are read and the gradients written.
    activation : str
        A key of ``ACTIVATIONS``.
    loss : str or callable
        A key of ``LOSSES``, or for one network a function of the user's, see ``users_loss()``.
    reduction : str
        A key of ``REDUCTIONS``.
    rows : sequence of int
        Number of rows of an epoch of each network.
    dropout : sequence of Dropout
        What draws the dropout of each network; none: no dropout.
    gradient_clip : float, optional
        Largest norm of each network's gradient.

    Attributes
    ----------
    loss : Tensor
        Where each batch's loss is written, shape ``()``; of several networks ``(networks,)``.
    scale : float or array
        What the losses of the batches are to be multiplied with to add up to the epoch's.
    on_fixed_memory : bool
        Whether it is the same sequence of operations every time, which a GPU can repeat.
    """

    def __init__(
        self,
        layout: Layout,
        activation: str,
        loss: str | UsersLoss,
        reduction: str,
        rows: Sequence[int],
        dropout: Sequence[Dropout] = (),
        gradient_clip: float | None = None,
    ) -> None:
        self._layout, self._activation = layout, ACTIVATIONS[activation]
        self._objective = objective(loss, reduction)
        self._rows, self._dropout, self._clip = rows, dropout, gradient_clip
        self._programs: dict[Batch, Program] = {}
        self.loss = layout.loss
        on_device, on_host = layout.scales(self._objective.scale(rows, layout.d_out))
        self.scale = on_device * on_host
        self.on_fixed_memory = isinstance(loss, str)

    def draw(self, batch: Batch) -> None:
        """Draw the dropout of a batch, on the host, before its gradient is asked for."""
        if self._dropout:
            for draw in self.program(batch).draws:
                draw()

    def __call__(self, batch: Batch) -> None:
        """Write the batch's loss and its gradients where they belong."""
        self.program(batch)()

    def evaluator(self, batch: Batch) -> tuple[Callable[[Tensor], None], Any]:
        """Make a function that writes the loss of these rows into the tensor it is given.

        It does without dropout, and leaves the gradients as they are. Besides, give what the
        loss is to be multiplied with.
        """
        program, value = Program(), torch.empty_like(self.loss)
        _, output = self._forward(program, batch, None)
        self._write_loss(program, batch, output, value, batch.counts)
        on_device, on_host = self._layout.scales(
            self._objective.scale(batch.counts, self._layout.d_out)
        )

        def evaluate(loss: Tensor) -> None:
            program()
            torch.mul(value, on_device, out=loss)

        return evaluate, on_host

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
        program, mask = Program(), None
        if self._dropout:
            mask, parts = self._layout.mask(batch)
            pairs = zip(self._dropout, parts, strict=True)
            program.draws += [each.drawing(part) for each, part in pairs]
        layers, output = self._forward(program, batch, mask)
        d_output = self._write_loss(program, batch, output, self.loss, self._rows)
        self._back(program, batch, layers, d_output, mask)
        if self._clip is not None:
            program.operations.append(partial(self._layout.clip, self._clip))
        return program

    def _forward(
        self, program: Program, batch: Batch, mask: Tensor | None
    ) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """Add what goes up to the output; give the hidden layer's buffers and the output."""
        z = self._layout.hidden(batch)
        a = torch.empty_like(z) if self._activation.keeps_input else z
        hidden = a if mask is None else torch.empty_like(a)
        output = self._layout.output(batch)
        program.operations.append(self._layout.first_layer(batch, z))
        program.operations.append(partial(self._activation.value, z, a))
        if mask is not None:
            program.operations.append(partial(torch.mul, a, mask, out=hidden))
        program.operations.append(self._layout.second_layer(hidden, output))
        return (z, a, hidden), output

    def _write_loss(
        self, program: Program, batch: Batch, output: Tensor, loss: Tensor, rows: Sequence[int]
    ) -> Tensor:
        """Add what writes the loss; give the buffer of its derivative at the output."""
        d_output = torch.empty_like(output)
        total = partial(self._layout.total, loss=loss)
        program.operations += self._objective.operations(batch, output, d_output, total, rows)
        return d_output

    def _back(
        self,
        program: Program,
        batch: Batch,
        layers: tuple[Tensor, Tensor, Tensor],
        d_output: Tensor,
        mask: Tensor | None,
    ) -> None:
        z, a, hidden = layers
        d_hidden = torch.empty_like(z)
        program.operations += self._layout.back_to_hidden(d_output, hidden, d_hidden)
        if mask is not None:
            program.operations.append(partial(d_hidden.mul_, mask))
        program.operations.append(partial(self._activation.back, d_hidden, z, a))
        program.operations += self._layout.back_to_input(d_hidden, batch)
