"""PyTorch's own optimisers, used for L-BFGS, and for Adam where there is no fused operation."""

import copy
from collections.abc import Callable
from typing import Any

from pytwolayer.files.state_tree import check_same_structure
from pytwolayer.network.architecture import FlatParameters
from pytwolayer.optim.lbfgs_state import refuse_other_lbfgs
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_STATE = "the optimiser's state"  # in messages


class TorchOptimizer:
    """One of PyTorch's optimisers."""

    on_fixed_memory = False

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer: Any = optimizer

    def update(self, *closure: Any) -> None:
        """Update from the present gradients, or from those that the closure computes."""
        self._optimizer.step(*closure)

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


class TorchAdam(TorchOptimizer):
    """Adam of ``torch.optim``, in every version and on every device."""

    def __init__(self, parameters: FlatParameters, learning_rate: float) -> None:
        super().__init__(torch.optim.Adam([parameters.values], lr=learning_rate, foreach=False))

    def step(self, evaluate: Callable[[], object], loss: Tensor, scale: float) -> None:
        """Update the parameters in place."""
        evaluate()
        self.update()

    def refuse_other_state(self, state: Any) -> None:
        """Check that it has the form of a copy's state after one step."""
        other = copy.deepcopy(self._optimizer)
        (values,) = other.param_groups[0]["params"]
        values.grad = torch.zeros_like(values)
        other.step()
        check_same_structure(state, other.state_dict()["state"], _STATE)


class Lbfgs(TorchOptimizer):
    """L-BFGS with a strong Wolfe line search: one iteration a step, on all rows."""

    def __init__(
        self, parameters: FlatParameters, learning_rate: float, weight_decay: float
    ) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._weight_decay, self._is_weight = weight_decay, parameters.is_weight
        super().__init__(
            torch.optim.LBFGS(
                [parameters.values],
                lr=learning_rate,
                max_iter=1,
                max_eval=25,
                tolerance_grad=0,
                tolerance_change=0,
                line_search_fn="strong_wolfe",
            )
        )

    def step(self, evaluate: Callable[[], object], loss: Tensor, scale: float) -> None:
        """Update the parameters in place."""
        first: list[Tensor] = []

        def objective() -> Tensor:
            evaluate()
            if not first:
                first.append(loss.clone())
            return loss * scale + self._penalty() if self._weight_decay else loss * scale

        self.update(objective)
        loss.copy_(first[0])

    def refuse_other_state(self, state: Any) -> None:
        """Check it entry by entry: it grows from step to step."""
        refuse_other_lbfgs(state, self._values)

    def _penalty(self) -> Tensor:
        decayed = self._values * self._is_weight
        self._gradients.add_(decayed, alpha=self._weight_decay)
        return decayed.square().sum() * (self._weight_decay / 2)
