"""Inputs of columns of many levels, of which one is 1 in each row: sums of rows of the weights.

A product with zeros and ones would grow with the number of levels. Here the weights of the inputs
that are 1 are looked up and added, and their gradients are added up where they belong.
"""

from functools import partial

from pytwolayer.network.losses import Operation
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class CodedInputs:
    """The coded inputs of one batch's memory, and the weights, or gradients, of the first layer.

    Parameters
    ----------
    codes : Tensor
        Numbers of inputs, shape ``(rows, columns)``; of groups of networks that have rows of their
        own ``(groups, rows, columns)``.
    weights : Tensor
        Weights or gradients input after input in memory: shape ``(inputs, units)``, or
        ``(groups, inputs, units)``.
    """

    def __init__(self, codes: Tensor, weights: Tensor) -> None:
        inputs, self._units = weights.shape[-2:]
        self._weights, self._codes = weights, codes
        # As one matrix, in which each group's inputs follow those of the one before.
        self._flat = weights.view(-1, self._units)
        groups = len(weights) if weights.dim() == 3 else 1
        starts = torch.arange(groups, device=codes.device, dtype=codes.dtype) * inputs
        by_group = codes if codes.dim() == 3 else codes[None]
        rows = by_group.shape[1]
        # Column after column, so that each has its rows' places side by side.
        self._places = codes.new_empty(codes.shape[-1], groups, rows)
        shifted = (by_group.permute(2, 0, 1), starts[:, None])
        self._locate: Operation = partial(torch.add, *shifted, out=self._places)

    def add_to(self, z: Tensor) -> list[Operation]:
        """Add the weights of the inputs that are 1 to ``z``, ``([groups,] rows, units)``."""
        looked_up = self._flat.new_empty(self._places[0].numel(), self._units)
        added = looked_up.view(z.shape)
        operations = [self._locate]
        for places in self._places:
            flat = places.view(-1)
            operations.append(partial(torch.index_select, self._flat, 0, flat, out=looked_up))
            operations.append(partial(z.add_, added))
        return operations

    def gradient(self, d_hidden: Tensor, first: int) -> list[Operation]:
        """Add up ``d_hidden``, shaped as ``z``, in the gradients from input ``first`` on."""
        by_row = d_hidden.new_empty(self._places[0].numel(), self._units)
        operations: list[Operation] = [
            self._locate,
            self._weights[..., first:, :].zero_,
            partial(by_row.view(d_hidden.shape).copy_, d_hidden),
        ]
        for places in self._places:
            operations.append(partial(self._flat.index_add_, 0, places.view(-1), by_row))
        return operations
