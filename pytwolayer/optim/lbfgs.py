"""L-BFGS with a strong Wolfe line search, on all rows: one iteration a step."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pytwolayer.network.architecture import FlatParameters
from pytwolayer.network.losses import Operation
from pytwolayer.optim.curvature import CurvaturePairs
from pytwolayer.optim.line_search import LOST, LineSearch
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
Found = tuple[float, float, float]  # loss as it was written, objective, slope along the direction
_OF_TORCH = {"func_evals", "n_iter"}  # in states of PyTorch's L-BFGS
_ROUNDING = 2.0**-24  # of float32
_IDLE = 10  # steps after which a run ends that makes neither the objective nor the gradient smaller
_STATE = {"ended": bool, "idle": int, "least": float}


class Lbfgs:
    """L-BFGS: the direction from what is known of the curvature, the step by a line search.

    A step evaluates the gradient once, seldom more often: that of the last step's end is kept.
    Next to a minimum the objective no longer falls by more than its rounding, but the gradient
    still does, by some digits. The run has come to the minimum where neither becomes smaller for
    some steps, or where even the steepest descent finds nothing better; further steps leave the
    parameters as they are.
    """

    on_fixed_memory = False

    def __init__(
        self, parameters: FlatParameters, learning_rate: float, weight_decay: float
    ) -> None:
        self._values, self._gradients = parameters.values.data, parameters.gradients
        self._decay = parameters.mark_weights() * weight_decay if weight_decay else None
        self._rate = learning_rate
        self._pairs = CurvaturePairs(self._values)
        # The point that the next step starts from, with its gradient, and the way from there;
        # the gradient at the best point of a search that goes on; the penalty's gradient.
        vectors = torch.zeros(5, len(self._values), device=self._values.device).unbind()
        self._start, self._gradient, self._direction, self._kept, self._decayed = vectors
        self._slope = self._values.new_empty(())
        self._read = _read_here if self._values.device.type == "cpu" else _read_together
        self._here: tuple[float, float] | None = None  # loss and objective at the parameters
        self._has_ended = False
        # The smallest size of a gradient where the objective did not fall, and the steps since.
        self._least, self._idle = math.inf, 0

    def operations(
        self, gradient: Sequence[Operation], loss: Tensor, scale: float
    ) -> list[Operation]:
        """Return the operations of a step: one, which may evaluate several times."""

        def evaluate() -> None:
            for operation in gradient:
                operation()

        return [partial(self.step, evaluate, loss, scale)]

    def step(self, evaluate: Callable[[], object], loss: Tensor, scale: float) -> None:
        """Update the parameters in place."""
        look = partial(self._look, evaluate, loss, float(scale))
        if self._here is None:
            written, objective, _ = look()
            self._gradient.copy_(self._gradients)
            self._here = written, objective
        before = self._here[0]
        if not self._has_ended:
            self._start.copy_(self._values)
            try:
                self._has_ended = not self._move(look)
            except BaseException:
                self._values.copy_(self._start)
                self._here = None
                raise
        loss.fill_(before)

    def _look(self, evaluate: Callable[[], object], loss: Tensor, scale: float) -> Found:
        """Evaluate loss and gradient at the present parameters, with weight decay."""
        evaluate()
        if self._decay is None:
            torch.dot(self._direction, self._gradients, out=self._slope)
            written, slope = self._read(loss, self._slope)
            return written, written * scale, slope
        torch.mul(self._values, self._decay, out=self._decayed)
        self._gradients.add_(self._decayed)
        torch.dot(self._direction, self._gradients, out=self._slope)
        penalty = torch.dot(self._decayed, self._values)
        written, slope, twice = self._read(loss, self._slope, penalty)
        return written, written * scale + twice / 2, slope

    def _move(self, look: Callable[[], Found]) -> bool:
        """Take one step; return whether there was any to a lower objective."""
        while True:
            self._pairs.direction(self._gradient, self._direction)
            (slope,) = self._read(torch.dot(self._direction, self._gradient, out=self._slope))
            if slope < 0 and self._search(look, slope):
                return self._idle < _IDLE
            if not len(self._pairs):
                return False
            self._pairs.clear()

    def _search(self, look: Callable[[], Found], slope: float) -> bool:
        """Move along the direction; return whether the objective is lower there."""
        assert self._here is not None
        objective = self._here[1]
        rounding = abs(objective) * _ROUNDING
        search = LineSearch(objective, slope, self._first_step(), rounding)
        is_best = False
        while not search.is_over:
            self._go(search.step)
            written, value, slope = look()
            is_best = search.observe(value, slope)
            if is_best:
                self._here = written, value
                if not search.is_over:
                    self._kept.copy_(self._gradients)
        if not is_best:  # the last one that was tried
            self._go(search.best.step)
        if search.best.step == 0:
            return False
        gradient = self._gradients if is_best else self._kept
        self._pairs.add(self._values, self._start, gradient, self._gradient)
        self._gradient.copy_(gradient)
        self._count_idle(search.best.value < objective - LOST * rounding)
        return True

    def _count_idle(self, has_fallen: bool) -> None:
        """Count the steps since objective or gradient became smaller."""
        if has_fallen:
            self._least, self._idle = math.inf, 0
            return
        (square,) = self._read(torch.dot(self._gradient, self._gradient))
        self._idle = 0 if square < self._least else self._idle + 1
        self._least = min(self._least, square)

    def _first_step(self) -> float:
        """Return the step to be tried first: of nothing but a gradient the length is unknown."""
        if len(self._pairs):
            return self._rate
        (size,) = self._read(self._gradient.abs().sum())
        return self._rate * min(1.0, 1 / size)

    def _go(self, step: float) -> None:
        torch.add(self._start, self._direction, alpha=step, out=self._values)

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the step that is tried first."""
        self._rate = learning_rate

    def state(self) -> dict[str, Any]:
        """Return the state that the next step depends on.

        The gradient is not in it: it is evaluated anew, which gives the same bits.
        """
        if self._here is None:
            return {"state": {}}
        own = {"ended": self._has_ended, "idle": self._idle, "least": self._least}
        return {"state": {0: {**self._pairs.state(), **own}}}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a ``state()``."""
        self._here = None
        for own in state.get("state", {}).values():
            self._pairs.set_state(own)
            self._has_ended, self._idle, self._least = own["ended"], own["idle"], own["least"]

    def refuse_other_state(self, state: Any) -> None:
        """Check that L-BFGS can continue from it."""
        if not isinstance(state, dict) or list(state) != [0] or not isinstance(state[0], dict):
            raise ValueError("the optimiser's state is not that of L-BFGS")
        own = dict(state[0])
        if own.keys() >= _OF_TORCH:
            raise ValueError("it was written by a version of pytwolayer whose L-BFGS differs")
        if any(type(own.pop(name, None)) is not kind for name, kind in _STATE.items()):
            raise ValueError("the optimiser's state does not say how close L-BFGS is to its end")
        self._pairs.refuse_other_state(own)


def _read_here(*scalars: Tensor) -> Sequence[float]:
    return [scalar.item() for scalar in scalars]


def _read_together(*scalars: Tensor) -> Sequence[float]:
    """Read scalars of a GPU, which is waited for once."""
    read: Sequence[float] = torch.stack(scalars).tolist()
    return read
