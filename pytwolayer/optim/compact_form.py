"""The small matrices of L-BFGS's compact form, on the host in double precision."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
Floats = NDArray[np.float64]


class CompactForm:
    """What turns products of steps ``S`` and changes ``Y`` with a gradient into the direction.

    After Byrd, Nocedal and Schnabel (Mathematical Programming 63, 1994). Kept up to date are the
    inverse of the upper triangle of ``S Y'``, in which a pair has its column once and for all,
    the diagonal of ``S Y'``, and ``Y Y'``. Rows and columns are in the order of slots, of which
    any is as good as that of time; a slot without a pair has zeros.

    Parameters
    ----------
    slots : int

    Attributes
    ----------
    found : Tensor
        To be filled with the products of steps and changes, a slot's one after the other, with a
        vector; ``turn()`` makes of them the factors of steps and changes.
    scale : float
        Of the identity matrix that the inverse Hessian is made from.
    """

    def __init__(self, slots: int) -> None:
        self.scale = 1.0
        host = torch.zeros(2 * slots + 6, slots, dtype=torch.float64, device="cpu")
        self._inverse, self._products = host[:slots], host[slots : 2 * slots]
        self._diagonal, self._changes, self._inner, self._steps = host[2 * slots : 2 * slots + 4]
        self.found = host[2 * slots + 4 :].view(-1)
        self._turned, self._of_steps, of_changes = self._inverse.t(), *self.found.view(-1, 2).t()
        # Views of the same memory: what is no matrix product takes NumPy less time than PyTorch.
        self._in_inverse: Floats = self._inverse.numpy()
        self._in_products: Floats = self._products.numpy()
        self._in_diagonal: Floats = self._diagonal.numpy()
        self._in_changes: Floats = self._changes.numpy()
        self._in_inner: Floats = self._inner.numpy()
        self._in_steps: Floats = self._steps.numpy()
        self._found_of_steps: Floats = self._of_steps.numpy()
        self._found_of_changes: Floats = of_changes.numpy()

    def of_slot(self, slot: int) -> tuple[float, float]:
        """Return what was found of a slot's step and change."""
        return float(self._found_of_steps[slot]), float(self._found_of_changes[slot])

    def enter(self, slot: int, curvature: float) -> None:
        """Enter a pair, whose change's products were found; ``curvature`` is that with its step."""
        with np.errstate(all="ignore"):
            torch.mv(self._inverse, self._of_steps, out=self._changes)
            self._in_changes *= -1 / curvature
            self._in_inverse[:, slot] = self._in_changes
            self._in_inverse[slot, slot] = 1 / curvature
            self._in_products[slot] = self._found_of_changes
            self._in_products[:, slot] = self._found_of_changes
            self._in_diagonal[slot] = curvature

    def free(self, slot: int) -> None:
        """Forget a pair. Its products may stay: they meet zeros of the inverse."""
        self._in_inverse[slot] = 0
        self._in_inverse[:, slot] = 0
        self._in_diagonal[slot] = 0

    def turn(self) -> None:
        """Make of a gradient's products the factors of steps and changes in the direction.

        Of products that are not finite they are not either, which the caller has to see.
        """
        with np.errstate(all="ignore"):
            torch.mv(self._inverse, self._of_steps, out=self._changes)
            torch.mv(self._products, self._changes, out=self._inner)
            self._in_inner -= self._found_of_changes
            self._in_inner *= self.scale
            self._in_inner += self._in_diagonal * self._in_changes
            torch.mv(self._turned, self._inner, out=self._steps)
            np.negative(self._in_steps, out=self._found_of_steps)
            np.multiply(self._in_changes, self.scale, out=self._found_of_changes)

    def state(self, used: int) -> dict[str, Any]:
        """Return what the first slots hold."""
        return {
            "inverse": self._inverse[:used, :used],
            "products": self._products[:used, :used],
            "diagonal": self._diagonal[:used],
            "scale": self.scale,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over a ``state()``, of no more slots than there are here."""
        used = len(state["diagonal"])
        self._inverse[:used, :used].copy_(state["inverse"])
        self._products[:used, :used].copy_(state["products"])
        self._diagonal[:used].copy_(state["diagonal"])
        self.scale = state["scale"]
