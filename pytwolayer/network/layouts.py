"""How the numbers of a gradient lie in memory, and by which matrix products it is computed.

``gradient`` has the order of the operations, the same for one network and for several; here is
what differs. One network has its rows first, ``(rows, features)``, and products of matrices.
Several have the network first and the rows last, ``(networks, features, rows)``, and batched
products. One network does not use the batched products: they take up to twice the time there,
and they sum in another order, which would change last bits.

Everything is written into buffers that exist already (``out=``): a step allocates nothing, and
a CUDA graph can repeat it.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwolayer.network.architecture import FlatParameters
from pytwolayer.network.batches import Batch
from pytwolayer.network.coded_inputs import CodedInputs
from pytwolayer.network.losses import Operation
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class Single:
    """One network.

    Methods that return operations return functions to be called at every step. With few rows, on
    the CPU, an operation costs more than its arithmetic: biases are then weights of an input that
    is 1, so that a layer is one product, and so are its gradients. Products are also quicker
    there with the hidden layer unit after unit in memory.

    Parameters
    ----------
    parameters : FlatParameters
    as_autograd : bool
        Whether to use autograd's operations and memory layouts, and so get its bits, as the
        chapter needs; else the quickest ones.

    Attributes
    ----------
    loss : Tensor
        Receives losses, shape ``()``.
    d_out : int
    """

    def __init__(self, parameters: FlatParameters, *, as_autograd: bool = False) -> None:
        self._weights, self._gradients = parameters.views, parameters.gradient_views
        self._all_gradients, self._as_autograd = parameters.gradients, as_autograd
        self._layers = None if as_autograd else _join_layers(parameters)
        self.loss = parameters.gradients.new_zeros(())
        self.d_out = len(self._weights[3])

    def scales(self, scale: NDArray[np.float64]) -> tuple[float, Any]:
        """Split the factor of a loss: that of the device, in float32, and that of the host."""
        return float(scale[0]), 1.0

    def new_hidden(self, batch: Batch) -> Tensor:
        """Allocate a hidden layer."""
        rows, hidden_units = len(batch.x), len(self._weights[1])
        if self._layers_for(batch) is not None:
            return batch.x.new_ones(hidden_units + 1, rows)[:-1].t()  # for ``_with_ones()``
        return batch.x.new_empty(rows, hidden_units)

    def _layers_for(self, batch: Batch) -> "_Layers | None":
        """Return the layers with their biases, if the batch is computed with these."""
        return self._layers if batch.has_few_rows else None

    def new_output(self, batch: Batch) -> Tensor:
        """Allocate an output, in the layout of ``y``; see ``EncodedRows.to()``."""
        return torch.empty_like(batch.y)

    def new_dropout_mask(self, batch: Batch) -> tuple[Tensor, Sequence[Tensor]]:
        """Allocate a mask; return it, and each network's part, ``(rows, hidden_units)``."""
        mask = batch.x.new_empty(len(batch.x), len(self._weights[1]))
        return mask, [mask]

    def first_layer(self, batch: Batch, z: Tensor) -> list[Operation]:
        """Compute ``z``, the hidden layer before its activation."""
        layers = self._layers_for(batch)
        if layers is not None:
            return [partial(torch.mm, layers.first.t(), batch.with_ones.t(), out=z.t())]
        # `addmm` is what `Linear` calls: a product and then an addition would round differently.
        w1, b1, _, _ = self._weights
        product = partial(torch.addmm, b1, batch.x, _dense(w1, batch).t(), out=z)
        return [product, *_add_coded(batch, w1.t(), z)]

    def second_layer(self, batch: Batch, hidden: Tensor, output: Tensor) -> Operation:
        """Compute the output from the hidden layer."""
        layers = self._layers_for(batch)
        if layers is not None:
            return partial(torch.mm, layers.second.t(), _with_ones(hidden), out=output.t())
        _, _, w2, b2 = self._weights
        return partial(torch.addmm, b2, hidden, w2.t(), out=output)

    def sum_losses(self, losses: Tensor, loss: Tensor) -> Operation:
        """Sum the losses of the batch, for each network."""
        # As one vector in the order of its memory: another order would be another sum.
        in_memory = losses if losses.is_contiguous() else losses.t()
        return partial(torch.sum, in_memory.view(-1), 0, out=loss)

    def second_layer_backward(
        self, batch: Batch, d_output: Tensor, hidden: Tensor, d_hidden: Tensor
    ) -> list[Operation]:
        """Compute the second layer's gradients, and the loss's derivative at the hidden layer."""
        back = partial(torch.mm, d_output, self._weights[2], out=d_hidden)
        layers = self._layers_for(batch)
        if layers is not None:
            out = layers.second_gradient
            return [partial(torch.mm, _with_ones(hidden), d_output, out=out), back]
        _, _, g_w2, g_b2 = self._gradients
        product = partial(torch.mm, d_output.t(), hidden, out=g_w2)
        return [product, self._sum_over_rows(d_output, g_b2), back]

    def clear_second_half(self) -> Operation:
        """Leave out the gradient of the weights of the second half of the outputs."""
        return self._gradients[2][..., self.d_out // 2 :, :].zero_

    def first_layer_backward(self, d_hidden: Tensor, batch: Batch) -> list[Operation]:
        """Compute the first layer's gradients."""
        layers = self._layers_for(batch)
        if layers is not None:
            out = layers.first_gradient
            return [partial(torch.mm, batch.with_ones.t(), d_hidden, out=out)]
        g_w1, g_b1, _, _ = self._gradients
        product = partial(torch.mm, d_hidden.t(), batch.x, out=_dense(g_w1, batch))
        coded = _coded_gradient(batch, g_w1.t(), d_hidden)
        return [product, self._sum_over_rows(d_hidden, g_b1), *coded]

    def _sum_over_rows(self, derivative: Tensor, bias: Tensor) -> Operation:
        # A product with ones takes half the time of the sum, but sums in another order.
        if self._as_autograd:
            return partial(torch.sum, derivative, 0, out=bias)
        return partial(torch.mv, derivative.t(), derivative.new_ones(len(derivative)), out=bias)

    def clip(self, largest: float) -> None:
        """Shorten each network's gradient to a norm of at most ``largest``."""
        clip(self._all_gradients, largest)


class Stacked:
    """Several networks of one form, side by side; methods as those of ``Single``.

    Parameters
    ----------
    parameters : FlatParameters
        Made by ``stack_parameters()``.

    Attributes
    ----------
    loss : Tensor
        Receives losses, shape ``(networks,)``.
    d_out : int
    """

    def __init__(self, parameters: FlatParameters) -> None:
        self._weights, self._gradients = parameters.views, parameters.gradient_views
        self._networks, self.d_out = self._weights[3].shape
        self.loss = parameters.gradients.new_zeros(self._networks)

    def scales(self, scale: NDArray[np.float64]) -> tuple[float, Any]:
        """Split the factor of a loss: that of the device, in float32, and that of the host."""
        return 1.0, scale  # each network's own, in double precision

    def new_hidden(self, batch: Batch) -> Tensor:
        """Allocate the hidden layers."""
        return batch.x.new_empty(*self._weights[1].shape, batch.y.shape[2])

    def new_output(self, batch: Batch) -> Tensor:
        """Allocate the outputs."""
        return batch.x.new_empty(self._networks, self.d_out, batch.y.shape[2])

    def new_dropout_mask(self, batch: Batch) -> tuple[Tensor, Sequence[Tensor]]:
        """Allocate a mask; return it, and each network's part, ``(rows, hidden_units)``."""
        # Zeros: the rows that fill up a network with fewer are not drawn.
        hidden_units = self._weights[1].shape[1]
        mask = batch.x.new_zeros(self._networks, batch.y.shape[2], hidden_units)
        return mask.mT, [one[:count] for one, count in zip(mask, batch.counts, strict=True)]

    def first_layer(self, batch: Batch, z: Tensor) -> list[Operation]:
        """Compute ``z``, the hidden layers before their activation."""
        w1, b1, _, _ = self._weights
        wide = _as_one(w1)
        if wide is not None and batch.x.dim() == 2:
            # All have the same rows: one large product in place of many small ones.
            bias, flat = b1.view(-1, 1), z.view(-1, z.shape[2])
            if batch.codes is None:
                layer = _with_biases(wide.t(), b1)
                return [partial(torch.mm, layer.t(), batch.with_ones.t(), out=flat)]
            product = partial(torch.addmm, bias, _dense(wide, batch), batch.x.t(), out=flat)
            return [product, *_add_coded(batch, wide.t(), flat.t())]
        rows, dense = self._rows_of_each(batch).mT, _dense(w1, batch)
        product = partial(torch.baddbmm, b1[:, :, None], dense, rows, out=z)
        return [product, *_add_coded(batch, w1.mT, z.mT)]

    def second_layer(self, batch: Batch, hidden: Tensor, output: Tensor) -> Operation:
        """Compute the outputs from the hidden layers."""
        _, _, w2, b2 = self._weights
        return partial(torch.baddbmm, b2[:, :, None], w2, hidden, out=output)

    def sum_losses(self, losses: Tensor, loss: Tensor) -> Operation:
        """Sum the losses of the batch, for each network."""
        return partial(torch.sum, losses, (1, 2), out=loss)

    def second_layer_backward(
        self, batch: Batch, d_output: Tensor, hidden: Tensor, d_hidden: Tensor
    ) -> list[Operation]:
        """Compute the second layers' gradients, and the derivatives at the hidden layers."""
        _, _, g_w2, g_b2 = self._gradients
        return [
            partial(torch.bmm, d_output, hidden.mT, out=g_w2),
            partial(torch.sum, d_output, 2, out=g_b2),
            partial(torch.bmm, self._weights[2].mT, d_output, out=d_hidden),
        ]

    def clear_second_half(self) -> Operation:
        """Leave out the gradient of the weights of the second half of the outputs."""
        return self._gradients[2][..., self.d_out // 2 :, :].zero_

    def first_layer_backward(self, d_hidden: Tensor, batch: Batch) -> list[Operation]:
        """Compute the first layers' gradients."""
        g_w1, g_b1, _, _ = self._gradients
        wide = _as_one(g_w1)
        if wide is not None and batch.x.dim() == 2:
            flat = d_hidden.view(-1, d_hidden.shape[2])
            if batch.codes is None:
                out = _with_biases(wide.t(), g_b1)
                return [partial(torch.mm, batch.with_ones.t(), flat.t(), out=out)]
            product = partial(torch.mm, batch.x.t(), flat.t(), out=_dense(wide, batch).t())
            coded = _coded_gradient(batch, wide.t(), flat.t())
        else:
            rows, dense = self._rows_of_each(batch).mT, _dense(g_w1, batch)
            product = partial(torch.bmm, rows, d_hidden.mT, out=dense.mT)
            coded = _coded_gradient(batch, g_w1.mT, d_hidden.mT)
        return [product, partial(torch.sum, d_hidden, 2, out=g_b1), *coded]

    def _rows_of_each(self, batch: Batch) -> Tensor:
        return batch.x.expand(self._networks, *batch.x.shape[-2:])

    def clip(self, largest: float) -> None:
        """Shorten each network's gradient to a norm of at most ``largest``."""
        clip_each(self._gradients, largest)


class Grouped(Stacked):
    """Several groups of networks; those of one group have the same rows.

    Parameters
    ----------
    parameters : FlatParameters
        Made by ``repeat_parameters()``.
    """

    def first_layer(self, batch: Batch, z: Tensor) -> list[Operation]:
        """Compute ``z``, the hidden layers before their activation."""
        w1, b1, _, _ = self._weights
        bias, out = b1.view(len(w1), -1, 1), z.view(len(w1), -1, z.shape[2])
        rows, dense = self._rows_of_each(batch).mT, _dense(w1, batch)
        product = partial(torch.baddbmm, bias, dense, rows, out=out)
        return [product, *_add_coded(batch, w1.mT, out.mT)]

    def first_layer_backward(self, d_hidden: Tensor, batch: Batch) -> list[Operation]:
        """Compute the first layers' gradients."""
        g_w1, g_b1, _, _ = self._gradients
        by_group = d_hidden.view(len(g_w1), -1, d_hidden.shape[2])
        rows, dense = self._rows_of_each(batch), _dense(g_w1, batch)
        product = partial(torch.bmm, rows.mT, by_group.mT, out=dense.mT)
        coded = _coded_gradient(batch, g_w1.mT, by_group.mT)
        return [product, partial(torch.sum, d_hidden, 2, out=g_b1), *coded]

    def _rows_of_each(self, batch: Batch) -> Tensor:
        return batch.x if batch.x.dim() == 3 else batch.x[None]

    def clip(self, largest: float) -> None:
        """Shorten each network's gradient to a norm of at most ``largest``."""
        g_w1, *others = self._gradients
        groups, hidden_units = len(g_w1), others[0].shape[1]
        first = g_w1.view(groups, -1, hidden_units, g_w1.shape[2])
        of_each = [part.view(groups, -1, *part.shape[1:]) for part in others]
        clip_each([first, *of_each], largest, dims=2)


Layout = Single | Stacked


def _dense(weights: Tensor, batch: Batch) -> Tensor:
    """Return the part of the first layers' weights that is of the inputs in ``batch.x``."""
    return weights if batch.codes is None else weights[..., : batch.x.shape[-1]]


def _add_coded(batch: Batch, weights: Tensor, z: Tensor) -> list[Operation]:
    """Add what the coded inputs give to ``z``, shape ``([groups,] rows, units)``."""
    return [] if batch.codes is None else CodedInputs(batch.codes, weights).add_to(z)


def _coded_gradient(batch: Batch, gradients: Tensor, d_hidden: Tensor) -> list[Operation]:
    """Write the gradients of the coded inputs' weights; shapes as in ``_add_coded()``."""
    if batch.codes is None:
        return []
    return CodedInputs(batch.codes, gradients).gradient(d_hidden, batch.x.shape[-1])


def clip(gradients: Tensor, largest: float) -> None:
    """Shorten one network's gradient to a norm of at most ``largest``."""
    # On tensors alone: the norm is not read, so that no GPU is waited for.
    gradients.mul_((largest / (gradients.norm() + 1e-6)).clamp_(max=1))


def clip_each(gradients: Sequence[Tensor], largest: float, dims: int = 1) -> None:
    """Shorten the gradients of several networks, which are the first dimensions of each part."""
    squares = [part.square().flatten(dims).sum(dims) for part in gradients]
    norms = torch.stack(squares).sum(0).sqrt()
    factors = (largest / (norms + 1e-6)).clamp_(max=1)
    for part in gradients:
        part.mul_(factors.view(*factors.shape, *[1] * (part.dim() - dims)))


def _as_one(weights: Tensor) -> Tensor | None:
    """Return all networks' first layers as one matrix, if they lie side by side in memory."""
    by_input = weights.permute(2, 0, 1)
    return by_input.view(len(by_input), -1).t() if by_input.is_contiguous() else None


class _Layers(NamedTuple):
    """Weights and gradients of both layers by ``_with_biases()``."""

    first: Tensor
    second: Tensor
    first_gradient: Tensor
    second_gradient: Tensor


def _join_layers(parameters: FlatParameters) -> _Layers | None:
    """Return the layers of one network with their biases; None: they do not lie so."""
    found = []
    for w1, b1, w2, b2 in (parameters.views, parameters.gradient_views):
        for weights, biases in ((w1.t(), b1), (w2.t(), b2)):
            if not _are_followed_by(weights, biases):
                return None
            found.append(_with_biases(weights, biases))
    return _Layers(*found)


def _are_followed_by(weights: Tensor, biases: Tensor) -> bool:
    end = weights.storage_offset() + weights.numel()
    return weights.is_contiguous() and biases.storage_offset() == end


def _with_biases(weights: Tensor, biases: Tensor) -> Tensor:
    """Return weights by input, and the biases that follow in memory as those of one more input."""
    if not _are_followed_by(weights, biases):
        raise ValueError("the biases do not follow the weights in memory")
    inputs, units = weights.shape
    return weights.as_strided((inputs + 1, units), (units, 1))


def _with_ones(hidden: Tensor) -> Tensor:
    """Return a hidden layer of few rows unit after unit, and the ones that follow in memory."""
    rows, hidden_units = hidden.shape
    return hidden.as_strided((hidden_units + 1, rows), (rows, 1))
