"""``two_layer()``: fit the network to the user's data."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, cast

from pytwolayer import arguments
from pytwolayer.device import select_device
from pytwolayer.fitting import Fitting, Hooks, OnEpoch
from pytwolayer.model import TwoLayer
from pytwolayer.progress import Progress, bar
from pytwolayer.settings import Settings
from pytwolayer.torch_loading import torch
from pytwolayer.training_data import class_weighted, read_training_data


def two_layer(
    x: Any,
    y: Any = None,
    *,
    outcome: str | list[str] | None = None,
    hidden_units: int | str = "auto",
    activation: str = "relu",
    epochs: int | str = "auto",
    batch_size: int | str | None = "auto",
    optimizer: str = "adam",
    learning_rate: float | str = "auto",
    momentum: float = 0.0,
    nesterov: bool = False,
    schedule: str = "constant",
    weight_decay: float = 0.0,
    dropout: float = 0.0,
    gradient_clip: float | None = None,
    loss: str | Callable[[torch.Tensor, torch.Tensor], Any] = "auto",
    reduction: str = "mean",
    validation: Any = 0.0,
    patience: int | None = None,
    sample_weight: Any = None,
    class_weights: Mapping[Any, float] | str | None = None,
    na_action: str = "omit",
    device: str | torch.device = "cpu",
    on_epoch: OnEpoch | None = None,
    verbose: bool | Callable[[int], Progress] = True,
    seed: int | None = None,
) -> TwoLayer:
    """DOC."""
    settings = Settings(
        hidden_units=hidden_units,
        activation=activation,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=learning_rate,
        momentum=momentum,
        nesterov=nesterov,
        schedule=schedule,
        weight_decay=weight_decay,
        dropout=dropout,
        gradient_clip=gradient_clip,
        loss=loss,
        reduction=reduction,
        patience=patience,
        seed=secrets.randbits(31) if seed is None else seed,
    )
    arguments.function("on_epoch", on_epoch)
    progress = read_verbose(verbose)
    share, held_out = read_validation(validation)
    chosen = select_device(device)
    data = read_training_data(
        x, y, outcome, weights=sample_weight, held_out=held_out, na_action=na_action
    )
    hooks = Hooks(on_epoch, progress)
    return Fitting(class_weighted(data, class_weights), settings, share, chosen).train(hooks)


def read_verbose(verbose: Any) -> Callable[[int], Progress | None]:
    """Turn ``verbose`` into what makes the display of a run's progress."""
    if callable(verbose):
        return cast("Callable[[int], Progress | None]", verbose)
    shows = arguments.flag("verbose", verbose)
    return lambda epochs: bar(epochs) if shows else None


def read_validation(validation: Any) -> tuple[float, Any]:
    """Tell a share of held-out rows from the rows themselves."""
    if validation is None:
        return 0.0, None
    if isinstance(validation, (str, int, float)) and not isinstance(validation, bool):
        return arguments.between("validation", validation, 0, 1, below=True), None
    return 0.0, validation
