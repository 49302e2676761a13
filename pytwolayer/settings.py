"""The settings of a fit: their valid ranges, in one table."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from pytwolayer import arguments
from pytwolayer.activation import ACTIVATIONS
from pytwolayer.loss import LOSSES, REDUCTIONS
from pytwolayer.optimizer import OPTIMIZERS
from pytwolayer.torch_loading import torch


def _one_of(choices: Any) -> Callable[[str, Any], str]:
    return lambda argument, value: arguments.one_of(argument, value, choices)


def _learning_rate(argument: str, value: Any) -> float:
    return arguments.positive(argument, value, maximum=torch.finfo(torch.float32).max)


# What each setting may be. The device is checked where it is chosen.
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "hidden_units": arguments.size,
    "activation": _one_of(ACTIVATIONS),
    "epochs": arguments.size,
    "optimizer": _one_of(OPTIMIZERS),
    "learning_rate": _learning_rate,
    "loss": _one_of(LOSSES),
    "reduction": _one_of(REDUCTIONS),
    "seed": arguments.seed,
}


@dataclass(frozen=True)
class Settings:
    """The settings of a fit, checked."""

    hidden_units: int
    activation: str
    epochs: int
    optimizer: str
    learning_rate: float
    loss: str
    reduction: str
    seed: int

    def __post_init__(self) -> None:
        for field in fields(self):
            checked = _CHECKS[field.name](field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, checked)
