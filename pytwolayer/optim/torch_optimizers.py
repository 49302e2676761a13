"""PyTorch's own Adam, used where there is no fused operation."""

import copy
from collections.abc import Sequence
from typing import Any

from pytwolayer.files.state_tree import check_same_structure
from pytwolayer.network.architecture import FlatParameters
from pytwolayer.network.losses import Operation
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_STATE = "the optimiser's state"  # in messages


class TorchAdam:
    """Adam of ``torch.optim``, in every version and on every device."""

    on_fixed_memory = False

    def __init__(self, parameters: FlatParameters, learning_rate: float) -> None:
        vectors = [parameters.values]
        self._optimizer: Any = torch.optim.Adam(vectors, lr=learning_rate, foreach=False)

    def operations(
        self, gradient: Sequence[Operation], loss: Tensor, scale: float
    ) -> list[Operation]:
        """Return the operations of a step: those of the gradient, and the update."""
        return [*gradient, *self.update()]

    def update(self) -> list[Operation]:
        """Return the operation that updates the parameters from the present gradients."""
        return [self._optimizer.step]

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size of the next steps."""
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate

    def state(self) -> dict[str, Any]:
        """Return the state that the next step depends on."""
        state: dict[str, Any] = self._optimizer.state_dict()
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a copy of a ``state()``; options such as the step size stay."""
        groups = self._optimizer.state_dict()["param_groups"]
        copied = copy.deepcopy(state["state"])
        self._optimizer.load_state_dict({"state": copied, "param_groups": groups})

    def refuse_other_state(self, state: Any) -> None:
        """Check that it has the form of a copy's state after one step."""
        other = copy.deepcopy(self._optimizer)
        (values,) = other.param_groups[0]["params"]
        values.grad = torch.zeros_like(values)
        other.step()
        check_same_structure(state, other.state_dict()["state"], _STATE)
