"""Vectors of parameters as checkpoints of format 1 have them.

There each parameter began at a multiple of 64 bytes, and only the first layer's weights lay input
after input. See ``flatten_parameters()`` for how they lie now.
"""

from collections.abc import Sequence
from typing import Any

from pytwolayer.network.architecture import FlatParameters, places_of
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_VECTORS = ("values", "best", "good", "candidate", "optimizer")


def join_layers(state: Any, parameters: FlatParameters) -> Any:
    """Return the state of a run with its vectors as they lie in ``parameters``.

    What has another form is left as it is.
    """
    sizes = [view.numel() for view in parameters.views]
    starts, size = places_of(sizes, joined=False)

    def converted(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {key: converted(part) for key, part in tree.items()}
        if isinstance(tree, list):
            return [converted(part) for part in tree]
        is_vector = isinstance(tree, Tensor) and tree.dtype == torch.float32
        if not is_vector or tree.shape[-1:] != (size,):
            return tree
        if tree.dim() == 1:
            return _joined(tree, starts, parameters)
        rows = [_joined(row, starts, parameters) for row in tree]
        return torch.stack(rows) if rows else tree.new_empty(0, len(parameters.values))

    if not isinstance(state, dict):
        return state
    return state | {name: converted(state[name]) for name in _VECTORS if name in state}


def _joined(padded: Tensor, starts: Sequence[int], parameters: FlatParameters) -> Tensor:
    vector = torch.zeros_like(parameters.values.data, device="cpu")
    for number, (start, view) in enumerate(zip(starts, parameters.split(vector), strict=True)):
        part = padded[start : start + view.numel()]
        by_input = number == 0
        view.copy_(part.view(view.shape[::-1]).t() if by_input else part.view(view.shape))
    return vector
