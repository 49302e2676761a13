"""The closed-form gradient of several networks at once, each as if it were alone."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.architecture import FlatParameters
from pytwolayer.network.losses import LOSSES, Operation
from pytwolayer.network.operations import Masks, Program, ProgrammedGradient
from pytwolayer.network.stacked_batches import StackedBatch
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


def stack_parameters(parts: Sequence[FlatParameters], *, same_rows: bool) -> FlatParameters:
    """Put the parameters of networks of one shape side by side.

    The views have shapes ``(models, hidden_units, d_in)``, ``(models, hidden_units)``,
    ``(models, d_out, hidden_units)`` and ``(models, d_out)``. The first layer's weights lie
    input after input, as in ``flatten_parameters()``: each network's by themselves, or, where
    all see the same rows, all networks' together, so that they are one matrix.
    """
    w1, *others = [
        torch.stack(views) for views in zip(*(part.views for part in parts), strict=True)
    ]
    models, hidden_units, d_in = w1.shape
    in_memory = w1.permute(2, 0, 1) if same_rows else w1.mT
    values = torch.cat([in_memory.reshape(-1), *(each.reshape(-1) for each in others)])
    sizes = [w1.numel(), *(each.numel() for each in others)]

    def split(vector: Tensor) -> tuple[Tensor, ...]:
        first, *pieces = torch.split(vector, sizes)
        if same_rows:
            weights = first.view(d_in, models, hidden_units).permute(1, 2, 0)
        else:
            weights = first.view(models, d_in, hidden_units).mT
        return weights, *(p.view(each.shape) for p, each in zip(pieces, others, strict=True))

    gradients, is_weight = torch.zeros_like(values), torch.zeros_like(values)
    for view in split(is_weight):
        view.fill_(view.dim() == 3)
    flat = torch.nn.Parameter(values, requires_grad=False)
    flat.grad = gradients
    return FlatParameters(flat, gradients, split(values), split(gradients), is_weight, split)


class StackedGradient(ProgrammedGradient):
    """Losses and gradients of one batch of every network.

    Parameters
    ----------
    parameters : FlatParameters
        What ``stack_parameters()`` gave.
    activation, loss, reduction : str
        As those of ``ClosedFormGradient``.
    rows : sequence of int
        Number of rows of an epoch of each network.
    masks : sequence of Masks, optional
        What draws the dropout of each.
    gradient_clip : float, optional
        Largest norm of each network's gradient.

    Attributes
    ----------
    loss : Tensor
        Where the losses are written, shape ``(models,)``.
    scale : array
        What they are to be multiplied with.
    """

    def __init__(
        self,
        parameters: FlatParameters,
        activation: str,
        loss: str,
        reduction: str,
        rows: Sequence[int],
        masks: Sequence[Masks] | None = None,
        gradient_clip: float | None = None,
    ) -> None:
        super().__init__()
        self._weights, self._gradients = parameters.views, parameters.gradient_views
        self._activation, self._loss = ACTIVATIONS[activation], LOSSES[loss]
        self._summed, self._masks, self._clip = reduction == "sum", masks, gradient_clip
        self._draws = masks is not None
        models = len(rows)
        self.loss = parameters.gradients.new_zeros(models)
        self.scale = self._loss.sign / self._terms(rows)

    def _terms(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """Count what the sum over so many rows is divided by."""
        numbers = np.asarray(rows, dtype=np.float64)
        if self._summed:
            return np.ones_like(numbers)
        terms: NDArray[np.float64] = self._loss.terms(numbers, self._weights[3].shape[1])
        return terms

    def evaluator(
        self, batch: StackedBatch
    ) -> tuple[Callable[[Tensor], None], NDArray[np.float64]]:
        """Make a function that writes the losses on these rows, without dropout, into a tensor.

        Besides, give what they are to be multiplied with.
        """
        program, losses = Program(), torch.empty_like(self.loss)
        _, output = self._forward(program, batch, None)
        self._value(program, batch, output, losses)

        def evaluate(loss: Tensor) -> None:
            program()
            loss.copy_(losses)

        return evaluate, self._loss.sign / self._terms(batch.counts)

    def _prepare(self, batch: StackedBatch) -> Program:  # type: ignore[override]
        program, mask = Program(), None
        if self._masks is not None:
            mask = self._dropout(program, batch, self._masks)
        layers, output = self._forward(program, batch, mask)
        d_output = self._value(program, batch, output, self.loss)
        self._back(program, batch, layers, d_output, mask)
        if self._clip is not None:
            program.operations.append(partial(self._shorten, self._clip))
        return program

    def _dropout(self, program: Program, batch: StackedBatch, masks: Sequence[Masks]) -> Tensor:
        models, hidden_units = self._weights[1].shape
        mask = batch.x.new_zeros(models, batch.y.shape[2], hidden_units)
        for draws, one, count in zip(masks, mask, batch.counts, strict=True):
            program.draws.append(draws.drawing(one[:count]))
        return mask.mT

    def _forward(
        self, program: Program, batch: StackedBatch, mask: Tensor | None
    ) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        w1, b1, w2, b2 = self._weights
        models, hidden_units = b1.shape
        rows = batch.y.shape[2]
        z = batch.x.new_empty(models, hidden_units, rows)
        a = torch.empty_like(z) if self._activation.keeps_input else z
        hidden = a if mask is None else torch.empty_like(a)
        output = batch.x.new_empty(models, b2.shape[1], rows)
        wide = _as_one(w1)
        if wide is not None and batch.shared:
            bias, flat = b1.view(-1, 1), z.view(-1, rows)
            first = partial(torch.addmm, bias, wide, batch.x.t(), out=flat)
        else:
            each = batch.x.expand(models, *batch.x.shape[-2:])
            first = partial(torch.baddbmm, b1[:, :, None], w1, each.mT, out=z)
        program.operations += [first, partial(self._activation.value, z, a)]
        if mask is not None:
            program.operations.append(partial(torch.mul, a, mask, out=hidden))
        program.operations.append(partial(torch.baddbmm, b2[:, :, None], w2, hidden, out=output))
        return (z, a, hidden), output

    def _value(self, program: Program, batch: StackedBatch, output: Tensor, loss: Tensor) -> Tensor:
        losses, d_output = torch.empty_like(output), torch.empty_like(output)
        y = batch.y.expand_as(output)
        program.operations += self._loss.operations(output, y, losses, d_output)
        if batch.weights is not None:
            program.operations += [partial(e.mul_, batch.weights) for e in (losses, d_output)]
        program.operations.append(partial(torch.sum, losses, (1, 2), out=loss))
        slopes = self._loss.slope / self._terms(batch.counts)
        if (slopes != 1).any():
            factor = output.new_tensor(slopes)[:, None, None]
            factor = factor[0, 0, 0] if len(set(slopes)) == 1 else factor
            program.operations.append(partial(torch.mul, d_output, factor, out=d_output))
        return d_output

    def _back(
        self,
        program: Program,
        batch: StackedBatch,
        layers: tuple[Tensor, Tensor, Tensor],
        d_output: Tensor,
        mask: Tensor | None,
    ) -> None:
        z, a, hidden = layers
        g_w1, g_b1, g_w2, g_b2 = self._gradients
        d_hidden = torch.empty_like(z)
        program.operations += [
            partial(torch.bmm, d_output, hidden.mT, out=g_w2),
            partial(torch.sum, d_output, 2, out=g_b2),
            partial(torch.bmm, self._weights[2].mT, d_output, out=d_hidden),
        ]
        if mask is not None:
            program.operations.append(partial(d_hidden.mul_, mask))
        program.operations.append(partial(self._activation.back, d_hidden, z, a))
        program.operations += [
            self._first_layers(batch, d_hidden, g_w1),
            partial(torch.sum, d_hidden, 2, out=g_b1),
        ]

    def _first_layers(self, batch: StackedBatch, d_hidden: Tensor, g_w1: Tensor) -> Operation:
        wide = _as_one(g_w1)
        if wide is not None and batch.shared:
            flat = d_hidden.view(-1, d_hidden.shape[2])
            return partial(torch.mm, batch.x.t(), flat.t(), out=wide.t())
        each = batch.x.expand(len(d_hidden), *batch.x.shape[-2:])
        return partial(torch.bmm, each.mT, d_hidden.mT, out=g_w1.mT)

    def _shorten(self, largest: float) -> None:
        """Shorten each network's gradient to a norm of at most ``largest``."""
        parts = list(self._gradients)
        squares = [part.square().flatten(1).sum(1) for part in parts]
        norms = torch.stack(squares).sum(0).sqrt()
        factors = (largest / (norms + 1e-6)).clamp_(max=1)
        for part in parts:
            part.mul_(factors.view(-1, *[1] * (part.dim() - 1)))


def _as_one(weights: Tensor) -> Tensor | None:
    """Give all networks' first layers as one matrix, if they lie like that."""
    by_input = weights.permute(2, 0, 1)
    return by_input.view(len(by_input), -1).t() if by_input.is_contiguous() else None
