"""The fit that another run starts from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.history import run_of
from pytwolayer.training.tracker import Run


@dataclass(frozen=True)
class Remembered:
    """State of optimiser and generator, for a run that continues as if there were no break."""

    optimizer: dict[str, Any]
    generator: torch.Tensor


@dataclass(frozen=True)
class Start:
    """The start of a run: weights and encoding of a fit.

    Attributes
    ----------
    fit : TwoLayer
    memory : Remembered or None
        If the run continues as if there were no break.
    appended : bool
        Whether the new epochs are appended to the fit's history; the data must be the same.
    """

    fit: TwoLayer
    memory: Remembered | None = None
    appended: bool = False

    @property
    def run(self) -> Run | None:
        """The run that is continued, if its epochs count."""
        return run_of(self.fit.history, self.fit.best_epoch) if self.appended else None

    @property
    def seed(self) -> int:
        """A seed for the new epochs; with the fit's own, its first batches would be drawn again."""
        entropy = [self.fit.settings.seed, len(self.fit.history)]
        return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]) >> 1


def on_cpu(value: Any) -> Any:
    """Copy the tensors of an optimiser's state to the CPU, where every machine can load them."""
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: on_cpu(part) for key, part in value.items()}
    return [on_cpu(part) for part in value] if isinstance(value, list) else value
