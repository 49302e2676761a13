"""The optimisers: each turns the gradients at hand into one update of the parameters.

Weight decay and clipping are done here, alike for all: only weights decay, biases do not.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pytwolayer.lbfgs_state import refuse_other_lbfgs
from pytwolayer.network import FlatParameters
from pytwolayer.state_tree import refuse_other_form
from pytwolayer.torch_loading import torch

Tensor = torch.Tensor
_STATE = "the optimiser's state"  # in messages
Evaluate = Callable[[Tensor], object]


class Optimizer(Protocol):
    """What the training loop asks of an optimiser."""

    def step(self, evaluate: Evaluate, loss: Tensor) -> object:
        """Update the parameters in place.

        ``evaluate(loss)`` writes the loss of the parameters as they are into ``loss``, and
        their gradients. Afterwards ``loss`` is that before the update.
        """

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size from now on."""

    def state(self) -> dict[str, Any]:
        """Give what it remembers from step to step."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state()`` gave."""

    def refuse_other_state(self, state: Any) -> None:
        """Check what the ``state`` of ``state()`` was once, in a run of the same settings.

        Raises
        ------
        ValueError
            If it cannot go on from that.
        """


@dataclass(frozen=True)
class Tuning:
    """What an optimiser is told besides its name.

    Attributes
    ----------
    learning_rate, momentum : float
    nesterov : bool
    weight_decay : float
        The gradient of ``weight_decay / 2 * sum(weights ** 2)`` is added to the loss's; with
        AdamW the weights shrink by ``learning_rate * weight_decay`` instead.
    gradient_clip : float or None
        Largest norm of the loss's gradient.
    """

    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    gradient_clip: float | None = None


class GradientDescent:
    """``parameter - gradient * learning_rate``, rounded as the chapter's loop rounds it.

    ``torch.optim.SGD`` rounds product and difference together, so its last bits differ.
    """

    def __init__(self, parameters: FlatParameters, learning_rate: float) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._learning_rate = learning_rate

    def step(self, evaluate: Evaluate, loss: Tensor) -> None:
        """Update the parameters in place; the gradients are used up."""
        evaluate(loss)
        self.update()

    def update(self) -> None:
        """Use the gradients at hand."""
        self._values.sub_(self._gradients.mul_(self._learning_rate))

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size from now on."""
        self._learning_rate = learning_rate

    def state(self) -> dict[str, Any]:
        """Give what it remembers from step to step: nothing."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state()`` gave."""

    def refuse_other_state(self, state: Any) -> None:
        """Check that it is nothing."""
        refuse_other_form(state, {}, _STATE)


class OfTorch:
    """One of PyTorch's optimisers."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer: Any = optimizer

    def update(self, *closure: Any) -> None:
        """Use the gradients at hand, or those that the closure writes."""
        self._optimizer.step(*closure)

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size from now on."""
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate

    def state(self) -> dict[str, Any]:
        """Give what it remembers from step to step."""
        state: dict[str, Any] = self._optimizer.state_dict()
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a copy of what ``state()`` gave; what it was told, as its step size, stays."""
        told = self._optimizer.state_dict()["param_groups"]
        copied = copy.deepcopy(state["state"])
        self._optimizer.load_state_dict({"state": copied, "param_groups": told})

    def refuse_other_state(self, state: Any) -> None:
        """Check that it is like what a twin remembers after a step."""
        twin = copy.deepcopy(self._optimizer)
        (values,) = twin.param_groups[0]["params"]
        values.grad = torch.zeros_like(values)
        twin.step()
        refuse_other_form(state, twin.state_dict()["state"], _STATE)


class Shaped:
    """Another optimiser's update, after clipping and weight decay."""

    def __init__(
        self,
        parameters: FlatParameters,
        tuning: Tuning,
        update: GradientDescent | OfTorch,
        *,
        decoupled: bool,
    ) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._tuning, self._update, self._decoupled = tuning, update, decoupled
        self._learning_rate = tuning.learning_rate
        self._is_weight = parameters.is_weight if tuning.weight_decay else None

    def step(self, evaluate: Evaluate, loss: Tensor) -> None:
        """Update the parameters in place."""
        evaluate(loss)
        if self._tuning.gradient_clip is not None:
            clip(self._gradients, self._tuning.gradient_clip)
        if self._is_weight is not None:
            self._decay(self._is_weight)
        self._update.update()

    def _decay(self, is_weight: Tensor) -> None:
        decay = self._tuning.weight_decay
        if self._decoupled:
            self._values.addcmul_(self._values, is_weight, value=-self._learning_rate * decay)
        else:
            self._gradients.addcmul_(self._values, is_weight, value=decay)

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size from now on."""
        self._learning_rate = learning_rate
        self._update.set_learning_rate(learning_rate)

    def state(self) -> dict[str, Any]:
        """Give what the update remembers from step to step."""
        return self._update.state()

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state()`` gave."""
        self._update.set_state(state)

    def refuse_other_state(self, state: Any) -> None:
        """Check that it is one of the update."""
        self._update.refuse_other_state(state)


class Lbfgs(OfTorch):
    """L-BFGS with a strong Wolfe line search: one iteration a step, on all rows."""

    def __init__(self, parameters: FlatParameters, tuning: Tuning) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._weight_decay, self._is_weight = tuning.weight_decay, parameters.is_weight
        super().__init__(
            torch.optim.LBFGS(
                [parameters.values],
                lr=tuning.learning_rate,
                max_iter=1,
                max_eval=25,
                tolerance_grad=0,
                tolerance_change=0,
                line_search_fn="strong_wolfe",
            )
        )

    def step(self, evaluate: Evaluate, loss: Tensor) -> None:
        """Update the parameters in place."""
        first: list[Tensor] = []

        def objective() -> Tensor:
            evaluate(loss)
            if not first:
                first.append(loss.clone())
            return loss + self._penalty() if self._weight_decay else loss.clone()

        self.update(objective)
        loss.copy_(first[0])

    def refuse_other_state(self, state: Any) -> None:
        """Check it piece by piece: it grows from step to step."""
        refuse_other_lbfgs(state, self._values)

    def _penalty(self) -> Tensor:
        decayed = self._values * self._is_weight
        self._gradients.add_(decayed, alpha=self._weight_decay)
        return decayed.square().sum() * (self._weight_decay / 2)


def clip(gradients: Tensor, largest: float) -> None:
    """Shorten the gradient to a norm of at most ``largest``."""
    gradients.mul_((largest / (gradients.norm() + 1e-6)).clamp_(max=1))


def _one_kernel() -> dict[str, Any]:
    """Have the whole update done by one kernel, where this PyTorch has it for the CPU too."""
    fused = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 4)
    return {"fused": True} if fused else {"foreach": False}


def _sgd(values: torch.nn.Parameter, t: Tuning) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        [values], lr=t.learning_rate, momentum=t.momentum, nesterov=t.nesterov, **_one_kernel()
    )


def _adam(values: torch.nn.Parameter, t: Tuning) -> torch.optim.Optimizer:
    return torch.optim.Adam([values], lr=t.learning_rate, **_one_kernel())


def _rmsprop(values: torch.nn.Parameter, t: Tuning) -> torch.optim.Optimizer:
    return torch.optim.RMSprop([values], lr=t.learning_rate, momentum=t.momentum, foreach=False)


@dataclass(frozen=True)
class Kind:
    """One optimiser.

    Attributes
    ----------
    learning_rate : float
        Its usual step size, which "auto" stands for.
    make : callable or None
        Makes PyTorch's optimiser of the values; None for L-BFGS, which has its own ways.
    momentum, nesterov, decoupled : bool
        Whether it takes momentum, and Nesterov's; whether weight decay is decoupled.
    """

    learning_rate: float
    make: Callable[[torch.nn.Parameter, Tuning], torch.optim.Optimizer] | None
    momentum: bool = False
    nesterov: bool = False
    decoupled: bool = False


OPTIMIZERS: dict[str, Kind] = {
    "sgd": Kind(0.05, _sgd, momentum=True, nesterov=True),
    "adam": Kind(0.003, _adam),
    "adamw": Kind(0.003, _adam, decoupled=True),
    "rmsprop": Kind(0.001, _rmsprop, momentum=True),
    "lbfgs": Kind(1.0, None),
}


def make_optimizer(name: str, parameters: FlatParameters, tuning: Tuning) -> Optimizer:
    """Make an optimiser by its name, a key of ``OPTIMIZERS``."""
    kind = OPTIMIZERS[name]
    if kind.make is None:
        return Lbfgs(parameters, tuning)
    plain = name == "sgd" and not tuning.momentum
    if plain and not tuning.weight_decay and tuning.gradient_clip is None:
        return GradientDescent(parameters, tuning.learning_rate)
    update = (
        GradientDescent(parameters, tuning.learning_rate)
        if plain
        else OfTorch(kind.make(parameters.values, tuning))
    )
    return Shaped(parameters, tuning, update, decoupled=kind.decoupled)
