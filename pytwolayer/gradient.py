"""The closed-form gradient of the two-layer network, on buffers allocated once."""

from collections.abc import Callable
from typing import Any

from pytwolayer.activation import ACTIVATIONS
from pytwolayer.loss import LOSSES, users_loss
from pytwolayer.network import FlatParameters
from pytwolayer.torch_loading import torch

Tensor = torch.Tensor


class _Buffers:
    """Room for one batch: hidden layer, output, and the loss's derivative at each."""

    def __init__(self, rows: int, hidden_units: int, d_out: int, like: Tensor) -> None:
        self.z = like.new_empty(rows, hidden_units)
        self.a = like.new_empty(rows, hidden_units)
        self.output = like.new_empty(rows, d_out)
        self.losses = like.new_empty(rows, d_out)
        self.d_output = like.new_empty(rows, d_out)
        self.d_hidden = like.new_empty(rows, hidden_units)


class ClosedFormGradient:
    """Loss and gradient of one batch, in the order of operations of autograd.

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
    dropout : callable, optional
        Gives for a number of rows what the hidden layer is multiplied with, shape
        ``(rows, hidden_units)``.
    """

    def __init__(
        self,
        parameters: FlatParameters,
        activation: str,
        loss: str | Callable[[Tensor, Tensor], Any],
        reduction: str,
        dropout: Callable[[int], Tensor] | None = None,
    ) -> None:
        self._weights = parameters.views
        self._gradients = parameters.gradient_views
        self._activation = ACTIVATIONS[activation]
        self._loss = LOSSES[loss] if isinstance(loss, str) else loss
        self._summed = reduction == "sum"
        self._dropout = dropout
        self._buffers: dict[int, _Buffers] = {}

    def __call__(self, x: Tensor, y: Tensor, loss: Tensor, weights: Tensor | None = None) -> None:
        """Write the batch's loss into ``loss`` and its gradients where they belong.

        Parameters
        ----------
        x, y : Tensor
            Shapes ``(rows, d_in)`` and ``(rows, d_out)``.
        loss : Tensor
            Shape ``()``.
        weights : Tensor, optional
            Weights of the rows, shape ``(rows, 1)``.
        """
        buffers = self._room(len(x))
        mask = None if self._dropout is None else self._dropout(len(x))
        hidden = self._forward(x, buffers, mask)
        self._value(buffers, y, loss, weights)
        self._back(x, buffers, hidden, mask)

    def evaluator(self, x: Tensor, y: Tensor, weights: Tensor | None) -> Callable[[Tensor], None]:
        """Make a function that writes the loss on these rows into the tensor it is given.

        It does without dropout, and leaves the gradients as they are.
        """

        def evaluate(loss: Tensor) -> None:
            buffers = self._room(len(x))
            self._forward(x, buffers, None)
            self._value(buffers, y, loss, weights)

        return evaluate

    def _forward(self, x: Tensor, buffers: _Buffers, mask: Tensor | None) -> Tensor:
        """Fill the buffers up to the output; give what the output layer was fed."""
        w1, b1, w2, b2 = self._weights
        torch.addmm(b1, x, w1.t(), out=buffers.z)
        self._activation.value(buffers.z, buffers.a)
        hidden = buffers.a if mask is None else buffers.a * mask
        torch.addmm(b2, hidden, w2.t(), out=buffers.output)
        return hidden

    def _value(self, buffers: _Buffers, y: Tensor, loss: Tensor, weights: Tensor | None) -> None:
        """Write the loss, and its derivative at the output into the buffer."""
        output, d_output = buffers.output, buffers.d_output
        if callable(self._loss):
            total, derivative, terms = users_loss(self._loss, output, y, weights)
            loss.copy_(total)
            d_output.copy_(derivative)
        else:
            self._loss.values(output, y, buffers.losses, d_output)
            if weights is not None:
                buffers.losses.mul_(weights)
                d_output.mul_(weights)
            torch.sum(buffers.losses, (0, 1), out=loss)
            terms = len(output) if self._loss.per_row else output.numel()
        if not self._summed:
            loss.div_(terms)
            d_output.div_(terms)

    def _back(self, x: Tensor, buffers: _Buffers, hidden: Tensor, mask: Tensor | None) -> None:
        w2 = self._weights[2]
        g_w1, g_b1, g_w2, g_b2 = self._gradients
        d_output, d_hidden = buffers.d_output, buffers.d_hidden
        torch.mm(d_output.t(), hidden, out=g_w2)
        torch.sum(d_output, 0, out=g_b2)
        torch.mm(d_output, w2, out=d_hidden)
        if mask is not None:
            d_hidden.mul_(mask)
        self._activation.back(d_hidden, buffers.z, buffers.a)
        torch.mm(d_hidden.t(), x, out=g_w1)
        torch.sum(d_hidden, 0, out=g_b1)

    def _room(self, rows: int) -> _Buffers:
        if rows not in self._buffers:
            hidden_units, d_out = len(self._weights[1]), len(self._weights[3])
            self._buffers[rows] = _Buffers(rows, hidden_units, d_out, self._weights[0])
        return self._buffers[rows]
