"""What prediction needs of a trained network, whatever class it is of."""

from collections.abc import Mapping
from typing import Protocol

from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.outcome import Outcome
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.settings import Settings


class Model(Protocol):
    """What prediction needs of a network; see ``TwoLayer``."""

    @property
    def inputs(self) -> Encoder:
        """Turns predictors into the network's input."""

    @property
    def outcome(self) -> Outcome:
        """Turns the network's output into predictions."""

    @property
    def settings(self) -> Settings:
        """The settings of the fit."""

    @property
    def formula(self) -> str | None:
        """The formula of R whose terms the columns are."""

    @property
    def offset(self) -> bool:
        """Whether it was fitted with an offset."""

    @property
    def data(self) -> Mapping[str, int]:
        """Checksums of the training data."""

    @property
    def network(self) -> torch.nn.Sequential:
        """The trained network."""

    def sd_of(self, output: torch.Tensor, mean: Doubles) -> Doubles:
        """Give the standard deviations of new observations."""
