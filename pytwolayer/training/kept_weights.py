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
    values : Tensor
    best : Tensor or None
        None until something is saved in it: most runs look for no best epoch, and are spared its
        memory.
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
        self.good, self.candidate = values.clone(), values.clone()
        self.best: Tensor | None = None
        self._owner: Tensor | None = None

    def advance(self, values: Tensor) -> None:
        """After an epoch with finite losses: candidates become good, ``values`` candidates."""
        self.good, self.candidate = self.candidate, self.good  # swapped: nothing is allocated
        self.candidate.copy_(values)

    def save_best(self, networks: Sequence[int], values: Tensor) -> None:
        """Copy the parameters of some networks from ``values`` to ``best``."""
        if self.best is None and networks:
            # Training is in inference mode, whose tensors could not be written to after it.
            with torch.inference_mode(False):
                self.best = self.values.clone()
        if self.best is not None:
            self._copy(networks, values, self.best)

    def restore_best(self, networks: Sequence[int]) -> None:
        """Copy the parameters of some networks from ``best`` back to ``values``."""
        if self.best is not None:
            self._copy(networks, self.best, self.values)

    def _copy(self, networks: Sequence[int], values: Tensor, target: Tensor) -> None:
        if len(networks) == self.networks:
            target.copy_(values)
        elif networks and self._split is not None:
            if self._owner is None:
                self._owner = self._owners(self._split)
            chosen = torch.zeros(self.networks, dtype=torch.bool)
            chosen[list(networks)] = True
            own = chosen.to(values.device)[self._owner]
            torch.where(own, values, target, out=target)

    def _owners(self, split: Callable[[Tensor], tuple[Tensor, ...]]) -> Tensor:
        """Return of each parameter the number of its network."""
        owners = torch.zeros_like(self.values, dtype=torch.int64)
        numbers = torch.arange(self.networks, device=owners.device)
        for part in split(owners):
            part.copy_(numbers.view(-1, *[1] * (part.dim() - 1)))
        return owners
