"""The optimisers: each makes one update of the parameters from their gradients.

Weight decay and clipping are done here, the same way for all: weights decay, biases do not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from pytwolayer.network.architecture import FlatParameters
from pytwolayer.network.layouts import clip
from pytwolayer.network.losses import Operation
from pytwolayer.optim.first_order import Adam, GradientDescent, Momentum, RMSprop, UpdateRule
from pytwolayer.optim.lbfgs import Lbfgs
from pytwolayer.optim.torch_optimizers import TorchAdam
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class Optimizer(Protocol):
    """What the training loop needs of an optimiser.

    Attributes
    ----------
    on_fixed_memory : bool
        Whether a step is the same operations every time, so that a graph can repeat them.
    """

    on_fixed_memory: bool

    def operations(
        self, gradient: Sequence[Operation], loss: Tensor, scale: float
    ) -> list[Operation]:
        """Return the operations of a step, to be done in order; they update the parameters.

        Those of ``gradient`` compute the gradients at the present parameters and write the loss,
        divided by ``scale``, into ``loss``. Afterwards ``loss`` is that before the update.
        """

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size of the next steps."""

    def state(self) -> dict[str, Any]:
        """Return the state that the next step depends on."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a ``state()``."""

    def refuse_other_state(self, state: Any) -> None:
        """Check a state, that of ``state()["state"]``, from a run of the same settings.

        Raises
        ------
        ValueError
            If the optimiser cannot continue from it.
        """


@dataclass(frozen=True)
class OptimizerOptions:
    """The settings of an optimiser.

    Attributes
    ----------
    learning_rate, momentum : float
    nesterov : bool
    weight_decay : float
        The gradient of ``weight_decay / 2 * sum(weights ** 2)`` is added to the loss's; with
        AdamW the weights shrink by ``learning_rate * weight_decay`` instead.
    decays : Tensor or None
        In place of ``weight_decay``, a factor for each parameter, such as of several networks
        that differ in it.
    gradient_clip : float or None
        Largest norm of the loss's gradient.
    """

    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    gradient_clip: float | None = None
    decays: Tensor | None = None


class ClipAndDecay:
    """An update rule preceded by clipping and weight decay, in that order, on all parameters."""

    def __init__(
        self,
        parameters: FlatParameters,
        options: OptimizerOptions,
        update: UpdateRule | TorchAdam,
        *,
        decoupled: bool,
    ) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._options, self._update = options, update
        self._decay = options.decays
        if self._decay is None and options.weight_decay:
            self._decay = parameters.mark_weights() * options.weight_decay
        # Decoupled decay: the factor of each parameter, kept as a tensor for the captured step.
        has_factors = decoupled and self._decay is not None
        self._left = torch.ones_like(self._values) if has_factors else None
        self.on_fixed_memory = update.on_fixed_memory
        self.set_learning_rate(options.learning_rate)

    def operations(
        self, gradient: Sequence[Operation], loss: Tensor, scale: float
    ) -> list[Operation]:
        """Return the operations of a step."""
        operations = list(gradient)
        if self._options.gradient_clip is not None:
            operations.append(partial(clip, self._gradients, self._options.gradient_clip))
        if self._left is not None:
            operations.append(partial(self._values.mul_, self._left))
        elif self._decay is not None:
            operations.append(partial(self._gradients.addcmul_, self._values, self._decay))
        return operations + self._update.update()

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size of the next steps."""
        self._update.set_learning_rate(learning_rate)
        if self._left is not None and self._decay is not None:
            torch.mul(self._decay, -learning_rate, out=self._left).add_(1)

    def state(self) -> dict[str, Any]:
        """Return the state of the update rule."""
        return self._update.state()

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a ``state()``."""
        self._update.set_state(state)

    def refuse_other_state(self, state: Any) -> None:
        """Check it against the update rule."""
        self._update.refuse_other_state(state)


def _sgd(parameters: FlatParameters, t: OptimizerOptions) -> UpdateRule:
    if not t.momentum:
        return GradientDescent(parameters, t.learning_rate)
    return Momentum(parameters, t.learning_rate, t.momentum, nesterov=t.nesterov)


def _adam(parameters: FlatParameters, t: OptimizerOptions) -> UpdateRule | TorchAdam:
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    has_fused = version >= (2, 4) and parameters.values.device.type in ("cpu", "cuda")
    return (Adam if has_fused else TorchAdam)(parameters, t.learning_rate)


def _rmsprop(parameters: FlatParameters, t: OptimizerOptions) -> UpdateRule:
    return RMSprop(parameters, t.learning_rate, t.momentum)


@dataclass(frozen=True)
class OptimizerEntry:
    """One optimiser.

    Attributes
    ----------
    learning_rate : float
        Its usual step size, the value of "auto".
    make : callable or None
        Makes its update rule; None for L-BFGS, whose line search evaluates several times a step.
    momentum, nesterov, decoupled : bool
        Whether it takes momentum, and Nesterov's; whether weight decay is decoupled.
    """

    learning_rate: float
    make: Callable[[FlatParameters, OptimizerOptions], UpdateRule | TorchAdam] | None
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


def make_optimizer(name: str, parameters: FlatParameters, options: OptimizerOptions) -> Optimizer:
    """Make an optimiser; ``name`` is a key of ``OPTIMIZERS``."""
    entry = OPTIMIZERS[name]
    if entry.make is None:
        return Lbfgs(parameters, options.learning_rate, options.weight_decay)
    update = entry.make(parameters, options)
    if options.decays is not None or options.weight_decay or options.gradient_clip is not None:
        return ClipAndDecay(parameters, options, update, decoupled=entry.decoupled)
    return update
