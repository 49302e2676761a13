"""The closed-form gradient of the two-layer network, on buffers allocated once."""

from pytwolayer.activation import ACTIVATIONS
from pytwolayer.loss import LOSSES
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
    activation, loss, reduction : str
        Keys of ``ACTIVATIONS``, ``LOSSES`` and ``REDUCTIONS``.
    """

    def __init__(
        self, parameters: FlatParameters, activation: str, loss: str, reduction: str
    ) -> None:
        self._weights = parameters.views
        self._gradients = parameters.gradient_views
        self._activation, self._loss = ACTIVATIONS[activation], LOSSES[loss]
        self._summed = reduction == "sum"
        self._buffers: dict[int, _Buffers] = {}

    def __call__(self, x: Tensor, y: Tensor, loss: Tensor) -> None:
        """Write the batch's loss into ``loss`` and its gradients where they belong.

        Parameters
        ----------
        x, y : Tensor
            Shapes ``(rows, d_in)`` and ``(rows, d_out)``.
        loss : Tensor
            Shape ``()``.
        """
        w1, b1, w2, b2 = self._weights
        buffers = self._room(len(x))
        z, a, output = buffers.z, buffers.a, buffers.output
        torch.addmm(b1, x, w1.t(), out=z)
        self._activation.value(z, a)
        torch.addmm(b2, a, w2.t(), out=output)
        self._loss(output, y, buffers.losses, buffers.d_output)
        torch.sum(buffers.losses, (0, 1), out=loss)
        if not self._summed:
            loss.div_(output.numel())
            buffers.d_output.div_(output.numel())
        self._back(x, buffers)

    def _back(self, x: Tensor, buffers: _Buffers) -> None:
        w2 = self._weights[2]
        g_w1, g_b1, g_w2, g_b2 = self._gradients
        d_output, d_hidden = buffers.d_output, buffers.d_hidden
        torch.mm(d_output.t(), buffers.a, out=g_w2)
        torch.sum(d_output, 0, out=g_b2)
        torch.mm(d_output, w2, out=d_hidden)
        self._activation.back(d_hidden, buffers.z, buffers.a)
        torch.mm(d_hidden.t(), x, out=g_w1)
        torch.sum(d_hidden, 0, out=g_b1)

    def _room(self, rows: int) -> _Buffers:
        if rows not in self._buffers:
            hidden_units, d_out = len(self._weights[1]), len(self._weights[3])
            self._buffers[rows] = _Buffers(rows, hidden_units, d_out, self._weights[0])
        return self._buffers[rows]
