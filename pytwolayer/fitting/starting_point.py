"""Where a run goes on from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.history import run_of
from pytwolayer.training.tracker import Run


@dataclass(frozen=True)
class Remembered:
    """What a run leaves besides the network, for one that goes on from there."""

    optimizer: dict[str, Any]
    generator: torch.Tensor


@dataclass(frozen=True)
class Start:
    """Where a run goes on from: a fit, with its weights and encoding.

    Attributes
    ----------
    fit : TwoLayer
    memory : Remembered or None
        If it is to go on as if it had not been stopped.
    appended : bool
        Whether its epochs come first in the history, and the data have to be the same.
    """

    fit: TwoLayer
    memory: Remembered | None = None
    appended: bool = False

    @property
    def run(self) -> Run | None:
        """What was done before, where that counts."""
        return run_of(self.fit.history, self.fit.best_epoch) if self.appended else None

    @property
    def seed(self) -> int:
        """The seed of what is drawn from here on, or the first epochs' batches came again."""
        entropy = [self.fit.settings.seed, len(self.fit.history)]
        return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]) >> 1


def on_cpu(value: Any) -> Any:
    """Move what an optimiser remembers to where every machine can load it."""
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: on_cpu(part) for key, part in value.items()}
    return [on_cpu(part) for part in value] if isinstance(value, list) else value
