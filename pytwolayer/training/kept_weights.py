"""Copies of the weights that a run may return to: each network's best, and the last good ones."""

from collections.abc import Callable, Sequence

from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class KeptWeights:
    """The parameters of one network, or of several side by side, and copies of them.

    Parameters
    ----------
    values : Tensor
        All parameters in one vector, updated by the optimiser.
    networks : int
        Number of networks in it.
    split : callable, optional
        Gives the views into a vector laid out like ``values``, their first dimension the
        network; needed for several networks.

    Attributes
    ----------
    values, best : Tensor
    good, candidate : Tensor
        The parameters at the beginning and at the end of the last epoch. A training loss is
        computed before the update, so a finite loss of an epoch proves only that the parameters
        at its beginning were good. Those at its end stay candidates until the next loss.
    """

    def __init__(
        self,
        values: Tensor,
        networks: int = 1,
        split: Callable[[Tensor], tuple[Tensor, ...]] | None = None,
    ) -> None:
        self.values, self.networks, self._split = values, networks, split
        self.best, self.good, self.candidate = (values.clone() for _ in range(3))

    def advance(self, values: Tensor) -> None:
        """After an epoch with finite losses: candidates become good, ``values`` candidates."""
        self.good, self.candidate = self.candidate, self.good  # swapped: nothing is allocated
        self.candidate.copy_(values)

    def save_best(self, networks: Sequence[int], values: Tensor) -> None:
        """Copy the parameters of some networks from ``values`` to ``best``."""
        self._copy(networks, values, self.best)

    def restore_best(self, networks: Sequence[int]) -> None:
        """Copy the parameters of some networks from ``best`` back to ``values``."""
        self._copy(networks, self.best, self.values)

    def _copy(self, networks: Sequence[int], values: Tensor, target: Tensor) -> None:
        if len(networks) == self.networks:
            target.copy_(values)
        elif networks and self._split is not None:
            chosen = torch.zeros(self.networks, dtype=torch.bool)
            chosen[list(networks)] = True
            chosen = chosen.to(values.device)
            for new, old in zip(self._split(values), self._split(target), strict=True):
                torch.where(chosen.view(-1, *[1] * (new.dim() - 1)), new, old, out=old)
