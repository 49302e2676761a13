"""The closed-form gradient of the two-layer network, on buffers allocated once.

For each batch's memory there is a program: a list of operations that is made once and done at
every step, so that a step costs little more than its operations. This module has their order,
the same for one network and for several; the layout decides which operation each one is.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any

from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.batches import Batch, Dropout, Pages, SingleRows
from pytwolayer.network.layouts import Layout
from pytwolayer.network.losses import Operation, shares_rows
from pytwolayer.network.objective import UsersLoss, make_objective
from pytwolayer.network.recorded_operations import Repeated
from pytwolayer.network.windowed_batches import read_in_turn
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_KEPT = 4  # batches whose program is kept; a fit has batches of two sizes


class Program:
    """The operations of one batch, in order: functions without arguments, on their own buffers.

    Attributes
    ----------
    draws : list of callable
        Drawing dropout, which is done on the host.
    operations : list of callable
        All others, done on the device.
    """

    def __init__(self) -> None:
        self.draws: list[Operation] = []
        self.operations: list[Operation] = []

    def __call__(self) -> None:
        """Do the operations of the device."""
        for operation in self.operations:
            operation()


class ClosedFormGradient:
    """Computes loss and gradient of one batch, of every network.

    Parameters
    ----------
    layout : Layout
        Holds weights and gradients.
    activation : str
        A key of ``ACTIVATIONS``.
    loss : str or callable
        A key of ``LOSSES``, or for one network a function of the user's, see ``users_loss()``.
    reduction : str
        A key of ``REDUCTIONS``.
    rows : sequence of int
        Number of rows of an epoch of each network.
    dropout : sequence of Dropout
        One of each network; empty: no dropout.
    gradient_clip : float, optional
        Largest norm of each network's gradient.
    quantile_levels : sequence of float, optional
        Of the loss "quantile".

    Attributes
    ----------
    loss : Tensor
        Receives each batch's loss, shape ``()``; with several networks ``(networks,)``.
    scale : float or array
        Factor by which the sum of an epoch's batch losses becomes the epoch's loss.
    on_fixed_memory : bool
        Whether a batch's operations are the same every time, so that a graph can repeat them.
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
        quantile_levels: Sequence[float] | None = None,
    ) -> None:
        self._layout, self._activation = layout, ACTIVATIONS[activation]
        self._objective = make_objective(loss, reduction, quantile_levels)
        self._rows, self._dropout, self._clip = rows, dropout, gradient_clip
        self._shares_rows = shares_rows(loss)
        self._programs: dict[Batch, Program] = {}
        self._kept = _KEPT
        self.loss = layout.loss
        on_device, on_host = layout.scales(self._objective.scale(rows, layout.d_out))
        self.scale = on_device * on_host
        self.on_fixed_memory = isinstance(loss, str)

    def keep_programs(self, number: int) -> None:
        """Keep the programs of at least so many batches."""
        self._kept = max(self._kept, number)

    def draw_dropout(self, batch: Batch) -> None:
        """Draw the dropout of a batch, on the host; to be called before each gradient."""
        if self._dropout:
            for draw in self.program(batch).draws:
                draw()

    def operations(self, batch: Batch) -> list[Operation]:
        """Return what writes the loss into ``loss`` and the gradients into the layout's."""
        return self.program(batch).operations

    def __call__(self, batch: Batch) -> None:
        """Write the batch's loss into ``loss`` and its gradients into the layout's."""
        self.program(batch)()

    def make_validation_step(self, batch: Batch) -> tuple[Callable[[Tensor], None], Any]:
        """Make a function that writes the loss of these rows into the tensor it is given.

        It uses no dropout and leaves the gradients alone. Also return the factor that the host
        multiplies the loss by.
        """
        program, value = Program(), torch.empty_like(self.loss)
        _, output = self._add_forward(program, batch, None)
        self._add_loss(program, batch, output, value, batch.counts)
        on_device, on_host = self._layout.scales(
            self._objective.scale(batch.counts, self._layout.d_out)
        )

        records = self.on_fixed_memory and value.device.type == "cpu"
        compute = Repeated(program.operations, records=records)

        def validation_step(loss: Tensor) -> None:
            compute()
            torch.mul(value, on_device, out=loss)

        return validation_step, on_host

    def outputs(self, batch: Batch) -> list[Tensor]:
        """Return the output of each of several networks for its rows, on the CPU."""
        program = Program()
        _, output = self._add_forward(program, batch, None)
        program()
        return [one[:, :count].t().cpu() for one, count in zip(output, batch.counts, strict=True)]

    def make_validation_step_of_chunks(
        self, rows: SingleRows, chunk: int, pages: Pages | None = None
    ) -> tuple[Callable[[Tensor], None], Any]:
        """Make the same of one network's rows, of which so many at a time are in memory.

        The losses of the chunks are summed in double precision.
        """
        value = torch.empty_like(self.loss)
        total = torch.zeros_like(self.loss, dtype=torch.float64)
        spans = [(at, min(at + chunk, rows.number)) for at in range(0, rows.number, chunk)]
        batches = {size: rows.drawn(size) for size in {last - first for first, last in spans}}
        programs = {size: Program() for size in batches}
        for size, program in programs.items():
            _, output = self._add_forward(program, batches[size], None)
            self._add_loss(program, batches[size], output, value, rows.counts)
        on_device, on_host = self._layout.scales(
            self._objective.scale(rows.counts, self._layout.d_out)
        )

        def validation_step(loss: Tensor) -> None:
            total.zero_()
            for first, last in read_in_turn(spans, pages):
                batch = batches[last - first]
                batch.indices.copy_(rows.indices([torch.arange(first, last, device="cpu")]))
                batch.gather()
                programs[last - first]()
                total.add_(value)
            torch.mul(total, on_device, out=loss)

        return validation_step, on_host

    def program(self, batch: Batch) -> Program:
        """Return the operations for a batch; made at its first use."""
        program = self._programs.get(batch)
        if program is None:
            if len(self._programs) >= self._kept:
                del self._programs[next(islice(self._programs, 1))]
            # Tensors made in inference mode could not enter the autograd of a user's loss.
            with torch.inference_mode(False):
                program = self._programs[batch] = self._make_program(batch)
        return program

    def _make_program(self, batch: Batch) -> Program:
        program, mask = Program(), None
        if self._dropout:
            mask, parts = self._layout.new_dropout_mask(batch)
            pairs = zip(self._dropout, parts, strict=True)
            program.draws += [each.drawing(part) for each, part in pairs]
        hidden_layer, output = self._add_forward(program, batch, mask)
        d_output = self._add_loss(program, batch, output, self.loss, self._rows)
        self._add_backward(program, batch, hidden_layer, d_output, mask)
        if self._clip is not None:
            program.operations.append(partial(self._layout.clip, self._clip))
        return program

    def _add_forward(
        self, program: Program, batch: Batch, mask: Tensor | None
    ) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """Add the forward pass; return the hidden layer's buffers and the output.

        The buffers are the hidden layer before its activation (``z``), after it (``a``) and
        after dropout. They share memory wherever the backward pass does not need all of them.
        """
        z = self._layout.new_hidden(batch)
        a = self._layout.new_hidden(batch) if self._activation.keeps_input else z
        hidden = a if mask is None else self._layout.new_hidden(batch)
        output = self._layout.new_output(batch)
        program.operations += self._layout.first_layer(batch, z)
        program.operations.append(partial(self._activation.forward, z, a))
        if mask is not None:
            program.operations.append(partial(torch.mul, a, mask, out=hidden))
        program.operations.append(self._layout.second_layer(batch, hidden, output))
        return (z, a, hidden), output

    def _add_loss(
        self, program: Program, batch: Batch, output: Tensor, loss: Tensor, rows: Sequence[int]
    ) -> Tensor:
        """Add the loss; return the buffer of its derivative at the output."""
        d_output = torch.empty_like(output)
        total = partial(self._layout.sum_losses, loss=loss)
        program.operations += self._objective.operations(batch, output, d_output, total, rows)
        return d_output

    def _add_backward(
        self,
        program: Program,
        batch: Batch,
        hidden_layer: tuple[Tensor, Tensor, Tensor],
        d_output: Tensor,
        mask: Tensor | None,
    ) -> None:
        """Add the backward pass, in autograd's order: from the output to the input."""
        z, a, hidden = hidden_layer
        d_hidden = torch.empty_like(z)
        layers = d_output, hidden, d_hidden
        program.operations += self._layout.second_layer_backward(batch, *layers)
        if self._shares_rows:
            program.operations.append(self._layout.clear_second_half())
        if mask is not None:
            program.operations.append(partial(d_hidden.mul_, mask))
        program.operations.append(partial(self._activation.backward, d_hidden, z, a))
        program.operations += self._layout.first_layer_backward(d_hidden, batch)
