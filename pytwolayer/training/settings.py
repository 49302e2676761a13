"""The settings of a fit: their valid ranges, in one table."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from pytwolayer import checks
from pytwolayer.errors import ArgumentError
from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.losses import LOSSES, REDUCTIONS, ForgottenLoss
from pytwolayer.optim.lr_schedule import SCHEDULES
from pytwolayer.optim.optimizer import OPTIMIZERS, Tuning
from pytwolayer.runtime.torch_loading import torch

AUTO = "auto"
_LARGEST = torch.finfo(torch.float32).max
_Check = Callable[[str, Any], Any]


def _one_of(choices: Any) -> _Check:
    return lambda argument, value: checks.one_of(argument, value, choices)


def _auto_or(check: _Check) -> _Check:
    return lambda argument, value: AUTO if _is_auto(value) else check(argument, value)


def _none_or(check: _Check) -> _Check:
    return lambda argument, value: None if value is None else check(argument, value)


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == AUTO


def _learning_rate(argument: str, value: Any) -> float:
    return checks.positive(argument, value, maximum=_LARGEST)


def _decay(argument: str, value: Any) -> float:
    return checks.between(argument, value, 0, _LARGEST)


def _share(argument: str, value: Any) -> float:
    return checks.between(argument, value, 0, 1, below=True)


def _loss(argument: str, value: Any) -> Any:
    return value if callable(value) else checks.one_of(argument, value, (AUTO, *LOSSES))


# What each setting may be. The device is checked where it is chosen.
_CHECKS: dict[str, _Check] = {
    "hidden_units": checks.size,
    "activation": _one_of(ACTIVATIONS),
    "epochs": _auto_or(checks.size),
    "batch_size": _auto_or(_none_or(checks.size)),
    "optimizer": _one_of(OPTIMIZERS),
    "learning_rate": _auto_or(_learning_rate),
    "momentum": _share,
    "nesterov": checks.flag,
    "schedule": _one_of((AUTO, *SCHEDULES)),
    "weight_decay": _auto_or(_decay),
    "dropout": _share,
    "gradient_clip": _none_or(_learning_rate),
    "input_clip": _none_or(_learning_rate),
    "loss": _loss,
    "reduction": _one_of(REDUCTIONS),
    "patience": _none_or(checks.size),
    "seed": checks.seed,
}


@dataclass(frozen=True)
class Settings:
    """The settings of a fit, checked. "auto" stands for what the data decide."""

    hidden_units: int
    activation: str
    epochs: Any
    batch_size: Any
    optimizer: str
    learning_rate: Any
    momentum: float
    nesterov: bool
    schedule: str
    weight_decay: Any
    dropout: float
    gradient_clip: float | None
    input_clip: float | None
    loss: Any
    reduction: str
    patience: int | None
    seed: int

    def __post_init__(self) -> None:
        for field in fields(self):
            checked = _CHECKS[field.name](field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, checked)
        self._refuse_clashes()

    def _refuse_clashes(self) -> None:
        kind = OPTIMIZERS[self.optimizer]
        if self.momentum and not kind.momentum:
            _refuse("momentum", f'0 with optimizer "{self.optimizer}"', self.momentum)
        if self.nesterov and not (kind.nesterov and self.momentum):
            _refuse("nesterov", 'False but with optimizer "sgd" and momentum above 0', True)
        if kind.make is None:
            if self.dropout:
                _refuse("dropout", f'0 with optimizer "{self.optimizer}"', self.dropout)
            if self.batch_size not in (AUTO, None):
                expected = f'"auto" or all rows with optimizer "{self.optimizer}"'
                _refuse("batch_size", expected, self.batch_size)
            if self.gradient_clip is not None:
                expected = f'not given with optimizer "{self.optimizer}"'
                _refuse("gradient_clip", expected, self.gradient_clip)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle of a loss that cannot be pickled, such as a lambda, the name alone.

        Only training needs the function.
        """
        return {
            **vars(self),
            "loss": self.loss if _pickles(self.loss) else ForgottenLoss(self.loss_name),
        }

    def __copy__(self) -> "Settings":
        return self  # nothing in it changes

    def __deepcopy__(self, memo: Any) -> "Settings":
        return self

    @property
    def tuning(self) -> Tuning:
        """What the optimiser is told."""
        return Tuning(
            self.learning_rate,
            self.momentum,
            self.nesterov,
            self.weight_decay,
            self.gradient_clip,
        )

    @property
    def loss_name(self) -> str:
        """The loss's name; that of a function is its own."""
        return self.loss if isinstance(self.loss, str) else function_name(self.loss)

    def plain(self) -> dict[str, Any]:
        """Give the settings as text and numbers alone."""
        return {**vars(self), "loss": self.loss_name}


def _pickles(function: Any) -> bool:
    try:
        pickle.dumps(function)
    except Exception:  # noqa: BLE001 - whatever a function of the user's raises there
        return False
    return True


def function_name(function: Any) -> str:
    """Name a function of the user's."""
    return getattr(function, "__name__", type(function).__name__)


def _refuse(argument: str, expected: str, value: Any) -> None:
    raise ArgumentError(argument, expected, checks.shown(value))
