"""The first-order update rules, each in a few operations on the vector of all parameters.

They are those of ``torch.optim`` without its work around them at every step (hooks, checks,
grouping), which with a small network takes longer than the step itself. Nor do they import
PyTorch's compiler, as making one of its optimisers does. The learning rate and the step count
are tensors, which a CUDA graph reads anew at each replay.
"""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from pytwolayer.files.state_tree import check_same_structure
from pytwolayer.network.architecture import FlatParameters
from pytwolayer.network.losses import Operation
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_STATE = "the optimiser's state"  # in messages
_EPSILON = 1e-8


class UpdateRule:
    """The base of the rules: parameters, gradients, step size and state.

    Attributes
    ----------
    on_fixed_memory : bool
        Whether a step is the same operations every time, so that a graph can repeat them.
    """

    on_fixed_memory = True

    def __init__(self, parameters: FlatParameters, learning_rate: float) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._rate = self._values.new_tensor(learning_rate)
        self._update: list[Operation] = []
        self._memory: dict[str, Tensor] = {}
        self._has_begun = False

    def _new_state(self, *names: str) -> list[Tensor]:
        """Allocate state vectors of zeros."""
        for name in names:
            self._memory[name] = torch.zeros_like(self._values)
        return [self._memory[name] for name in names]

    def _count_steps(self) -> Tensor:
        self._one = self._values.new_ones(())
        self._memory["step"] = self._values.new_zeros(())
        return self._memory["step"]

    def operations(
        self, gradient: Sequence[Operation], loss: Tensor, scale: float
    ) -> list[Operation]:
        """Return the operations of a step: those of the gradient, and the update."""
        return [*gradient, *self.update()]

    def update(self) -> list[Operation]:
        """Return operations that update the parameters in place from the present gradients.

        They may overwrite the gradients.
        """
        self._has_begun = True
        return self._update

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size of the next steps."""
        self._rate.fill_(learning_rate)

    def state(self) -> dict[str, Any]:
        """Return the state that the next step depends on, in the form of ``torch.optim``."""
        return {"state": {0: dict(self._memory)} if self._has_begun and self._memory else {}}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a ``state()``."""
        for remembered in state.get("state", {}).values():
            for name, value in remembered.items():
                self._memory[name].copy_(value)
            self._has_begun = True

    def refuse_other_state(self, state: Any) -> None:
        """Check that it has the form of this rule's state."""
        check_same_structure(state, {0: self._memory} if self._memory else {}, _STATE)


class GradientDescent(UpdateRule):
    """``parameter - gradient * learning_rate``, rounded as the chapter's loop rounds it.

    That is after the product and after the difference. A fused operation, as in
    ``torch.optim.SGD``, rounds once, so that last bits would differ.

    Parameters
    ----------
    parameters : FlatParameters
    learning_rate : float
    keeps_rate : bool
        Whether the step size stays as it is. Then one pass over the memory suffices on the CPU,
        where two are a twentieth of the chapter's time.
    """

    def __init__(
        self, parameters: FlatParameters, learning_rate: float, *, keeps_rate: bool = False
    ) -> None:
        super().__init__(parameters, learning_rate)
        if keeps_rate and self._values.device.type == "cpu" and _one_pass_rounds_twice():
            one = self._values.new_ones(())
            self._update = [_subtraction(self._values, self._gradients, one, learning_rate)]
            return
        self._update = [
            partial(torch.mul, self._gradients, self._rate, out=self._gradients),
            partial(self._values.sub_, self._gradients),
        ]


def _subtraction(values: Tensor, gradients: Tensor, one: Tensor, learning_rate: float) -> Operation:
    # ``values + (-learning_rate * gradients) * 1``: processors add a product without rounding it,
    # but here that is the product with 1, which is exact.
    return partial(values.addcmul_, gradients, one, value=-learning_rate)


@cache
def _one_pass_rounds_twice() -> bool:
    """Whether PyTorch's operation multiplies in that order, which it does not promise."""
    gradients = torch.linspace(-3.3, 7.1, 1003, device="cpu")  # whole vectors and a rest
    values = torch.linspace(-1.0, 1.0, 1003, device="cpu")
    expected = values - gradients * 0.1
    _subtraction(values, gradients, values.new_ones(()), 0.1)()
    return torch.equal(values, expected)


class Momentum(UpdateRule):
    """Gradient descent with momentum, also Nesterov's."""

    def __init__(
        self, parameters: FlatParameters, learning_rate: float, momentum: float, *, nesterov: bool
    ) -> None:
        super().__init__(parameters, learning_rate)
        factor = self._values.new_tensor(momentum)
        (velocity,) = self._new_state("momentum_buffer")
        direction = self._gradients if nesterov else velocity
        self._update = [
            partial(torch.mul, velocity, factor, out=velocity),
            partial(velocity.add_, self._gradients),
        ]
        if nesterov:
            self._update.append(partial(direction.addcmul_, velocity, factor))
        self._update.append(partial(self._values.addcmul_, direction, self._rate, value=-1))


class Adam(UpdateRule):
    """Adam, by PyTorch's fused operation: one call in place of a dozen on each step."""

    def __init__(self, parameters: FlatParameters, learning_rate: float) -> None:
        super().__init__(parameters, learning_rate)
        if self._values.device.type == "cpu":  # as exact as a Python number
            self._rate = self._rate.new_tensor(learning_rate, dtype=torch.float64)
        steps = self._count_steps()
        mean, square = self._new_state("exp_avg", "exp_avg_sq")
        vectors = self._values, self._gradients, mean, square
        fused_step = partial(
            torch._fused_adam_,
            *([vector] for vector in vectors),
            [],
            [steps],
            lr=self._rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=0.0,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )
        self._update = [partial(steps.add_, self._one), fused_step]


class RMSprop(UpdateRule):
    """RMSprop, also with momentum."""

    def __init__(self, parameters: FlatParameters, learning_rate: float, momentum: float) -> None:
        super().__init__(parameters, learning_rate)
        steps, gradients = self._count_steps(), self._gradients
        (square,) = self._new_state("square_avg")
        direction = torch.empty_like(self._values)
        self._update = [
            partial(steps.add_, self._one),
            partial(square.mul_, 0.99),
            partial(square.addcmul_, gradients, gradients, value=1 - 0.99),
            partial(torch.sqrt, square, out=direction),
            partial(direction.add_, _EPSILON),
            partial(torch.div, gradients, direction, out=direction),
        ]
        if momentum:
            factor = self._values.new_tensor(momentum)
            (velocity,) = self._new_state("momentum_buffer")
            self._update += [partial(velocity.mul_, factor), partial(velocity.add_, direction)]
            direction = velocity
        self._update.append(partial(self._values.addcmul_, direction, self._rate, value=-1))
