"""The optimisers: each turns the gradients at hand into one update of the parameters.

Weight decay and clipping are done here, alike for all: only weights decay, biases do not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pytwolayer.network.architecture import FlatParameters
from pytwolayer.network.layouts import clip
from pytwolayer.optim.first_order import Adam, GradientDescent, Momentum, RMSprop, UpdateRule
from pytwolayer.optim.torch_optimizers import Lbfgs, TorchAdam
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class Optimizer(Protocol):
    """What the training loop asks of an optimiser.

    Attributes
    ----------
    on_fixed_memory : bool
        Whether a step is the same sequence of operations every time, which a GPU can repeat.
    """

    on_fixed_memory: bool

    def step(self, evaluate: Callable[[], object], loss: Tensor, scale: float) -> object:
        """Update the parameters in place.

        ``evaluate()`` writes the loss of the parameters as they are, divided by ``scale``, into
        ``loss``, and their gradients. Afterwards ``loss`` is that before the update.
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


class ClipAndDecay:
    """Another optimiser's update, after clipping and weight decay."""

    def __init__(
        self,
        parameters: FlatParameters,
        tuning: Tuning,
        update: UpdateRule | TorchAdam,
        *,
        decoupled: bool,
    ) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._tuning, self._update = tuning, update
        self._decay = parameters.is_weight * tuning.weight_decay if tuning.weight_decay else None
        # Of decoupled decay: what is left of each parameter.
        self._left = torch.ones_like(self._values) if decoupled and tuning.weight_decay else None
        self.on_fixed_memory = update.on_fixed_memory
        self.set_learning_rate(tuning.learning_rate)

    def step(self, evaluate: Callable[[], object], loss: Tensor, scale: float) -> None:
        """Update the parameters in place."""
        evaluate()
        if self._tuning.gradient_clip is not None:
            clip(self._gradients, self._tuning.gradient_clip)
        if self._left is not None:
            self._values.mul_(self._left)
        elif self._decay is not None:
            self._gradients.addcmul_(self._values, self._decay)
        self._update.update()

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size from now on."""
        self._update.set_learning_rate(learning_rate)
        if self._left is not None and self._decay is not None:
            torch.mul(self._decay, -learning_rate, out=self._left).add_(1)

    def state(self) -> dict[str, Any]:
        """Give what the update remembers from step to step."""
        return self._update.state()

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state()`` gave."""
        self._update.set_state(state)

    def refuse_other_state(self, state: Any) -> None:
        """Check that it is one of the update."""
        self._update.refuse_other_state(state)


def _sgd(parameters: FlatParameters, t: Tuning) -> UpdateRule:
    if not t.momentum:
        return GradientDescent(parameters, t.learning_rate)
    return Momentum(parameters, t.learning_rate, t.momentum, nesterov=t.nesterov)


def _adam(parameters: FlatParameters, t: Tuning) -> UpdateRule | TorchAdam:
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    at_once = version >= (2, 4) and parameters.values.device.type in ("cpu", "cuda")
    return (Adam if at_once else TorchAdam)(parameters, t.learning_rate)


def _rmsprop(parameters: FlatParameters, t: Tuning) -> UpdateRule:
    return RMSprop(parameters, t.learning_rate, t.momentum)


@dataclass(frozen=True)
class OptimizerEntry:
    """One optimiser.

    Attributes
    ----------
    learning_rate : float
        Its usual step size, which "auto" stands for.
    make : callable or None
        Makes its update; None for L-BFGS, which has its own ways.
    momentum, nesterov, decoupled : bool
        Whether it takes momentum, and Nesterov's; whether weight decay is decoupled.
    """

    learning_rate: float
    make: Callable[[FlatParameters, Tuning], UpdateRule | TorchAdam] | None
    momentum: bool = False
    nesterov: bool = False
    decoupled: bool = False


OPTIMIZERS: dict[str, OptimizerEntry] = {
    "sgd": OptimizerEntry(0.05, _sgd, momentum=True, nesterov=True),
    "adam": OptimizerEntry(0.003, _adam),
    "adamw": OptimizerEntry(0.003, _adam, decoupled=True),
    "rmsprop": OptimizerEntry(0.001, _rmsprop, momentum=True),
    "lbfgs": OptimizerEntry(1.0, None),
}


def make_optimizer(name: str, parameters: FlatParameters, tuning: Tuning) -> Optimizer:
    """Make an optimiser by its name, a key of ``OPTIMIZERS``."""
    kind = OPTIMIZERS[name]
    if kind.make is None:
        return Lbfgs(parameters, tuning.learning_rate, tuning.weight_decay)
    update = kind.make(parameters, tuning)
    if tuning.weight_decay or tuning.gradient_clip is not None:
        return ClipAndDecay(parameters, tuning, update, decoupled=kind.decoupled)
    return update
