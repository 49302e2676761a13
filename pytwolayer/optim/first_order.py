"""The update rules of first order, each in a few operations on all parameters at once.

They are those of ``torch.optim``, without what that does around them in every step, which
with a small network takes longer than the step itself; nor do they load PyTorch's compiler,
as making one of its optimisers does.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from pytwolayer.files.state_tree import check_same_structure
from pytwolayer.network.architecture import FlatParameters
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_STATE = "the optimiser's state"  # in messages
_EPSILON = 1e-8


class UpdateRule:
    """What the rules share: the vectors, the step size, and what is remembered of each step.

    Attributes
    ----------
    on_fixed_memory : bool
        Whether a step is the same sequence of operations every time, which a GPU can repeat.
    """

    on_fixed_memory = True

    def __init__(self, parameters: FlatParameters, learning_rate: float) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._rate = self._values.new_tensor(learning_rate)
        self._memory: dict[str, Tensor] = {}
        self._has_begun = False

    def _remember(self, *names: str) -> list[Tensor]:
        """Make room for vectors, with zeros in it."""
        for name in names:
            self._memory[name] = torch.zeros_like(self._values)
        return [self._memory[name] for name in names]

    def _count_steps(self) -> Tensor:
        self._one = self._values.new_ones(())
        self._memory["step"] = self._values.new_zeros(())
        return self._memory["step"]

    def step(self, evaluate: Callable[[], object], loss: Tensor, scale: float) -> None:
        """Update the parameters in place; the gradients are used up."""
        evaluate()
        self.update()

    def update(self) -> None:
        """Use the gradients at hand."""
        self._has_begun = True
        self._move()

    def _move(self) -> None:
        raise NotImplementedError

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size from now on."""
        self._rate.fill_(learning_rate)

    def state(self) -> dict[str, Any]:
        """Give what it remembers from step to step, as ``torch.optim`` does."""
        return {"state": {0: dict(self._memory)} if self._has_begun and self._memory else {}}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state()`` gave."""
        for remembered in state.get("state", {}).values():
            for name, value in remembered.items():
                self._memory[name].copy_(value)
            self._has_begun = True

    def refuse_other_state(self, state: Any) -> None:
        """Check that it has the form of this one's."""
        check_same_structure(state, {0: self._memory} if self._memory else {}, _STATE)


class GradientDescent(UpdateRule):
    """``parameter - gradient * learning_rate``, rounded as the chapter's loop rounds it.

    One operation, such as that of ``torch.optim.SGD``, would round product and difference
    together, and its last bits would differ.
    """

    def _move(self) -> None:
        torch.mul(self._gradients, self._rate, out=self._gradients)
        self._values.sub_(self._gradients)


class Momentum(UpdateRule):
    """Gradient descent with momentum, also Nesterov's."""

    def __init__(
        self, parameters: FlatParameters, learning_rate: float, momentum: float, *, nesterov: bool
    ) -> None:
        super().__init__(parameters, learning_rate)
        self._momentum, self._nesterov = self._values.new_tensor(momentum), nesterov
        (self._velocity,) = self._remember("momentum_buffer")

    def _move(self) -> None:
        torch.mul(self._velocity, self._momentum, out=self._velocity)
        self._velocity.add_(self._gradients)
        way = self._velocity
        if self._nesterov:
            way = self._gradients.addcmul_(self._velocity, self._momentum)
        self._values.addcmul_(way, self._rate, value=-1)


class Adam(UpdateRule):
    """Adam, by the one operation that PyTorch has for all of it."""

    def __init__(self, parameters: FlatParameters, learning_rate: float) -> None:
        super().__init__(parameters, learning_rate)
        # A GPU that repeats a step reads the rate anew; elsewhere a number is quicker.
        self._told = learning_rate if self._values.device.type == "cpu" else self._rate
        self._steps = self._count_steps()
        self._mean, self._square = self._remember("exp_avg", "exp_avg_sq")
        vectors = self._values, self._gradients, self._mean, self._square
        self._at_once = partial(
            torch._fused_adam_,
            *([vector] for vector in vectors),
            [],
            [self._steps],
            beta1=0.9,
            beta2=0.999,
            weight_decay=0.0,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def _move(self) -> None:
        self._steps.add_(self._one)
        self._at_once(lr=self._told)

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step size from now on."""
        if self._told is self._rate:
            self._rate.fill_(learning_rate)
        else:
            self._told = learning_rate


class RMSprop(UpdateRule):
    """RMSprop, also with momentum."""

    def __init__(self, parameters: FlatParameters, learning_rate: float, momentum: float) -> None:
        super().__init__(parameters, learning_rate)
        self._steps = self._count_steps()
        (self._square,) = self._remember("square_avg")
        self._way = torch.empty_like(self._values)
        self._velocity = None
        if momentum:
            self._momentum = self._values.new_tensor(momentum)
            (self._velocity,) = self._remember("momentum_buffer")

    def _move(self) -> None:
        self._steps.add_(self._one)
        self._square.mul_(0.99).addcmul_(self._gradients, self._gradients, value=1 - 0.99)
        torch.sqrt(self._square, out=self._way).add_(_EPSILON)
        way = torch.div(self._gradients, self._way, out=self._way)
        if self._velocity is not None:
            way = torch.mul(self._velocity, self._momentum, out=self._velocity).add_(way)
        self._values.addcmul_(way, self._rate, value=-1)
