"""The weights that a run keeps: the best of each network, and the last good ones."""

from collections.abc import Callable, Sequence

from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class KeptWeights:
    """Copies of the parameters of one network, or of several that are trained together.

    Parameters
    ----------
    values : Tensor
        All parameters in one vector.
    networks : int
        Of how many networks.
    split : callable, optional
        Gives the views into a vector laid out like ``values``, the network first; needed for
        several.

    Attributes
    ----------
    values, best : Tensor
    good, candidate : Tensor
        Those with which the last epoch began and ended. A loss is that of the weights before
        the update. So an epoch whose loss is finite shows that the weights are good with which
        it began; those with which it ended are candidates until the next loss is known.
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
        """After an epoch with finite losses: these are the candidates now."""
        self.good, self.candidate = self.candidate, self.good
        self.candidate.copy_(values)

    def keep(self, networks: Sequence[int], values: Tensor) -> None:
        """Keep these values as the best of some of the networks."""
        self._copy(networks, values, self.best)

    def put_back(self, networks: Sequence[int]) -> None:
        """Give some of the networks the weights that were kept as their best."""
        self._copy(networks, self.best, self.values)

    def _copy(self, networks: Sequence[int], values: Tensor, target: Tensor) -> None:
        if len(networks) == self.networks:
            target.copy_(values)
        elif networks and self._split is not None:
            are = torch.zeros(self.networks, dtype=torch.bool)
            are[list(networks)] = True
            are = are.to(values.device)
            for new, old in zip(self._split(values), self._split(target), strict=True):
                torch.where(are.view(-1, *[1] * (new.dim() - 1)), new, old, out=old)
