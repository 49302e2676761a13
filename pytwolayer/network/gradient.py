"""The closed-form gradient of the two-layer network, on buffers allocated once."""

from collections.abc import Callable
from functools import partial

from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.architecture import FlatParameters
from pytwolayer.network.batches import Batch, EncodedRows
from pytwolayer.network.losses import Operation
from pytwolayer.network.objective import UsersLoss, objective
from pytwolayer.network.operations import Masks, Program, ProgrammedGradient
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
# Rows of which products are quicker with the hidden layer laid out unit after unit.
_FEW_ROWS = 512


class ClosedFormGradient(ProgrammedGradient):
    """Loss and gradient of one batch.

    Parameters
    ----------
    parameters : FlatParameters
        Where the weights are read and the gradients written.
    activation : str
        A key of ``ACTIVATIONS``.
    loss : str or callable
        A key of ``LOSSES`` or a function of the user's, see ``users_loss()``.
    reduction : str
        A key of ``REDUCTIONS``.
    rows : int
        Number of rows of an epoch.
    dropout : Masks, optional
    as_autograd : bool
        Whether to keep autograd's order of operations, and so its bits where they have them
        too; else the order that is quickest.

    Attributes
    ----------
    loss : Tensor
        Where each batch's loss is written, shape ``()``.
    scale : float
        What the losses of the batches are to be multiplied with to add up to the epoch's.
    """

    def __init__(
        self,
        parameters: FlatParameters,
        activation: str,
        loss: str | UsersLoss,
        reduction: str,
        rows: int,
        dropout: Masks | None = None,
        *,
        as_autograd: bool = False,
    ) -> None:
        super().__init__()
        self._weights = parameters.views
        self._gradients = parameters.gradient_views
        self._activation = ACTIVATIONS[activation]
        self._objective = objective(loss, reduction)
        self._rows, self._dropout, self._as_autograd = rows, dropout, as_autograd
        self._draws = dropout is not None
        self.loss = parameters.gradients.new_zeros(())
        self.scale = self._objective.scale(rows, self._d_out)
        self.on_fixed_memory = isinstance(loss, str)

    def evaluator(self, rows: EncodedRows) -> Callable[[Tensor], None]:
        """Make a function that writes the loss on these rows into the tensor it is given.

        It does without dropout, and leaves the gradients as they are.
        """
        program, batch, value = Program(), Batch(rows), torch.empty_like(self.loss)
        _, output = self._forward(program, batch, None)
        room, number = torch.empty_like(output), len(rows.x)
        program.operations += self._objective.operations(batch, output, room, value, number)
        scale = self._objective.scale(number, self._d_out)

        def evaluate(loss: Tensor) -> None:
            program()
            torch.mul(value, scale, out=loss)

        return evaluate

    @property
    def _d_out(self) -> int:
        return len(self._weights[3])

    def _prepare(self, batch: Batch) -> Program:
        program, mask = Program(), None
        if self._dropout is not None:
            mask = batch.x.new_empty(len(batch.x), len(self._weights[1]))
            program.draws.append(self._dropout.drawing(mask))
        layers, output = self._forward(program, batch, mask)
        d_output = torch.empty_like(output)
        program.operations += self._objective.operations(
            batch, output, d_output, self.loss, self._rows
        )
        self._back(program, batch, layers, d_output, mask)
        return program

    def _forward(
        self, program: Program, batch: Batch, mask: Tensor | None
    ) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        """Add what goes up to the output; give the hidden layer's buffers and the output."""
        w1, b1, w2, b2 = self._weights
        z = self._hidden_room(batch)
        a = torch.empty_like(z) if self._activation.keeps_input else z
        hidden = a if mask is None else torch.empty_like(a)
        output = torch.empty_like(batch.y)
        program.operations += [
            partial(torch.addmm, b1, batch.x, w1.t(), out=z),
            partial(self._activation.value, z, a),
        ]
        if mask is not None:
            program.operations.append(partial(torch.mul, a, mask, out=hidden))
        program.operations.append(partial(torch.addmm, b2, hidden, w2.t(), out=output))
        return (z, a, hidden), output

    def _hidden_room(self, batch: Batch) -> Tensor:
        rows, hidden_units = len(batch.x), len(self._weights[1])
        if self._as_autograd or batch.x.device.type != "cpu" or rows > _FEW_ROWS:
            return batch.x.new_empty(rows, hidden_units)
        return batch.x.new_empty(hidden_units, rows).t()

    def _back(
        self,
        program: Program,
        batch: Batch,
        layers: tuple[Tensor, Tensor, Tensor],
        d_output: Tensor,
        mask: Tensor | None,
    ) -> None:
        z, a, hidden = layers
        g_w1, g_b1, g_w2, g_b2 = self._gradients
        d_hidden = torch.empty_like(z)
        program.operations += [
            partial(torch.mm, d_output.t(), hidden, out=g_w2),
            self._summing(d_output, g_b2),
            partial(torch.mm, d_output, self._weights[2], out=d_hidden),
        ]
        if mask is not None:
            program.operations.append(partial(d_hidden.mul_, mask))
        program.operations += [
            partial(self._activation.back, d_hidden, z, a),
            partial(torch.mm, d_hidden.t(), batch.x, out=g_w1),
            self._summing(d_hidden, g_b1),
        ]

    def _summing(self, derivative: Tensor, bias: Tensor) -> Operation:
        """Give what sums a derivative over the rows; a product does it in half the time."""
        if self._as_autograd:
            return partial(torch.sum, derivative, 0, out=bias)
        return partial(torch.mv, derivative.t(), derivative.new_ones(len(derivative)), out=bias)
