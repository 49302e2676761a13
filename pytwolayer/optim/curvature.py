"""What L-BFGS knows of the curvature: pairs of a step and of the gradient's change along it.

The direction is made from all pairs at once by matrix products instead of in a loop over them.
"""

import math
from typing import Any

from pytwolayer.files.safetensors_format import check_keys
from pytwolayer.files.state_tree import check_same_structure
from pytwolayer.optim.compact_form import CompactForm
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
# Measured: with a tenth of it networks of some dozens of weights need up to twice as many steps.
PAIRS = 100
_SLOTS = PAIRS + 1  # one is free: a pair is written there before it is known to be of use
# Slots that memory is taken for when there is no more room: as many again as there were where that
# is little, since taking it costs more than multiplying with zeros.
_MORE = 8
_LITTLE = 4096  # numbers of a vector
_LEAST_CURVATURE = 1e-10
_STATE = "the optimiser's state"  # in messages


class CurvaturePairs:
    """The latest pairs, and the direction that they make of a gradient.

    Pairs have slots, and the newest takes that of the oldest. A slot's step is in one row of a
    matrix on the device, the gradient's change in the next; what is as long as the number of
    slots is on the host.

    Parameters
    ----------
    like : Tensor
        A vector of the parameters' length, type and device.
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self.clear()

    def clear(self) -> None:
        """Forget all pairs."""
        self._next = self._used = 0
        self._allocate(_MORE)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return min(self._used, PAIRS)

    def _allocate(self, slots: int) -> None:
        self._rows = self._like.new_zeros(2 * slots, len(self._like))
        self._by_weight, self._of_slot = self._rows.t(), self._rows.unbind()
        self._found = self._like.new_empty(2 * slots)
        self._form = CompactForm(slots)

    def _room_for(self, slots: int) -> int:
        """Return how many slots there are in a run that has come to use so many."""
        room = max(1, -(-slots // _MORE))
        if len(self._like) <= _LITTLE:
            room = 1 << (room - 1).bit_length()
        return min(room * _MORE, _SLOTS)

    def _grow(self) -> None:
        rows, state = self._rows, self._form.state(self._used)
        self._allocate(self._room_for(len(rows) // 2 + 1))
        self._rows[: len(rows)].copy_(rows)
        self._form.set_state(state)

    def _multiply(self, vector: Tensor) -> None:
        """Multiply all steps and all changes by a vector."""
        torch.mv(self._rows, vector, out=self._found)
        self._form.found.copy_(self._found)

    def add(self, after: Tensor, before: Tensor, gradient: Tensor, gradient_before: Tensor) -> None:
        """Add the pair of two points with their gradients, unless it shows no curvature."""
        slot = self._next
        if 2 * slot >= len(self._rows):
            self._grow()
        step, change = self._of_slot[2 * slot], self._of_slot[2 * slot + 1]
        torch.sub(after, before, out=step)
        torch.sub(gradient, gradient_before, out=change)
        self._multiply(change)
        curvature, square = self._form.of_slot(slot)
        # Comparisons that are false of what is not a number.
        if _LEAST_CURVATURE * square < curvature < math.inf and 0 < square < math.inf:
            self._used = max(self._used, slot + 1)
            self._next = (slot + 1) % _SLOTS
            if self._next < self._used:
                self._form.free(self._next)
            self._form.enter(slot, curvature)
            self._form.scale = curvature / square
        else:
            step.zero_()
            change.zero_()

    def direction(self, gradient: Tensor, out: Tensor) -> None:
        """Write the direction of descent for a gradient: minus the inverse Hessian's product."""
        if not self._used:
            torch.neg(gradient, out=out)
            return
        self._multiply(gradient)
        self._form.turn()
        self._found.copy_(self._form.found)
        torch.addmv(gradient, self._by_weight, self._found, beta=-self._form.scale, out=out)

    def state(self) -> dict[str, Any]:
        """Return what the next direction depends on."""
        rows = self._rows[: 2 * self._used]
        return {"rows": rows, "next": self._next, **self._form.state(self._used)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a ``state()``."""
        self._next, self._used = state["next"], len(state["diagonal"])
        # As many slots as there were: of other sizes a product's sums may be others.
        self._allocate(self._room_for(self._used))
        self._rows[: 2 * self._used].copy_(state["rows"])
        self._form.set_state(state)

    def refuse_other_state(self, state: dict[str, Any]) -> None:
        """Check that a state has the form of one.

        Raises
        ------
        ValueError
            If not.
        """
        wrong = ValueError(f"{_STATE} is not that of L-BFGS")
        check_keys(f"entries of {_STATE}", state, self.state())
        diagonal, free = state["diagonal"], state["next"]
        if not isinstance(diagonal, torch.Tensor) or diagonal.dim() != 1:
            raise wrong
        used = len(diagonal)
        if used > _SLOTS or type(free) is not int or not 0 <= free <= min(used, PAIRS):
            raise wrong
        square = torch.empty(used, used, dtype=torch.float64, device="cpu")
        form = {
            "rows": self._like.new_empty(2 * used, len(self._like), device="meta"),
            "next": 0,
            "inverse": square,
            "products": square,
            "diagonal": square.new_empty(used),
            "scale": 1.0,
        }
        check_same_structure(state, form, _STATE)
