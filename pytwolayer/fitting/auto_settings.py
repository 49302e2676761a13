"""The values of "auto", chosen by the measurements of ``benchmarks/quality.py``."""

import math
from typing import Any

from pytwolayer.optim.optimizer import OPTIMIZERS
from pytwolayer.preprocessing.deduplicate import merge_equal_rows
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.training.settings import AUTO, DECAY, Settings

ONE_BATCH = 128  # largest number of rows that are one batch
_SOME = 1024  # rows among which there mostly are more different ones, if there are any
SMALLEST_BATCH, LARGEST_BATCH, BATCHES = 32, 256, 40
EPOCHS, EPOCHS_OF_ONE_BATCH = 200, 1000
SCHEDULE, SCHEDULE_OF_LBFGS = "cosine", "constant"
DECAY_OF_ADAMW = 0.01
ENCODING = "linear"


def resolve_auto(
    settings: Settings, data: TrainingData, *, held_out: bool
) -> tuple[TrainingData, Settings]:
    """Replace "auto" by values, and merge equal rows where all rows are one batch.

    Equal rows are not merged where each is treated differently: with held-out rows, with
    dropout, and with a loss function of the user's, which may combine rows.
    """
    size = settings.batch_size
    small = isinstance(size, int) and size < data.expanded_rows
    if held_out or small or settings.dropout or callable(settings.loss):
        data = data.expand_frequencies()
        return data, resolve(settings, data)
    is_auto = size == AUTO and settings.optimizer != "lbfgs"
    some = data.take(slice(_SOME)) if is_auto and data.rows > _SOME else data
    merged = merge_equal_rows(some)
    if some is not data and merged.rows <= ONE_BATCH:
        merged = merge_equal_rows(data)
    if is_auto and merged.rows > ONE_BATCH:
        data = data.expand_frequencies()
        return data, resolve(settings, data)
    whole = settings if size == AUTO else settings.with_values(batch_size=None)
    return merged, resolve(whole, merged)


def resolve(settings: Settings, data: TrainingData) -> Settings:
    """Replace "auto" by values for these data."""
    batch_size = _batch_size(settings, data)
    lbfgs = settings.optimizer == "lbfgs"
    values: dict[str, Any] = {
        "batch_size": batch_size,
        "epochs": EPOCHS if lbfgs else usual_epochs(batch_size, data.all_rows),
        "learning_rate": OPTIMIZERS[settings.optimizer].learning_rate,
        "schedule": SCHEDULE_OF_LBFGS if lbfgs else SCHEDULE,
        "weight_decay": _weight_decay(settings, data),
        "encoding": ENCODING,
    }
    auto = {name: value for name, value in values.items() if getattr(settings, name) == AUTO}
    return settings.with_values(**auto) if auto else settings


def usual_epochs(batch_size: int | None, rows: int) -> int:
    """Return the number of epochs of "auto": more where each is one update."""
    return EPOCHS if batch_size is not None and batch_size < rows else EPOCHS_OF_ONE_BATCH


def _batch_size(settings: Settings, data: TrainingData) -> int | None:
    if settings.batch_size != AUTO:
        size: int | None = settings.batch_size
        return size
    if settings.optimizer == "lbfgs" or data.all_rows <= ONE_BATCH:
        return None
    power: int = 2 ** round(math.log2(data.all_rows / BATCHES))
    return min(max(power, SMALLEST_BATCH), LARGEST_BATCH)


def _weight_decay(settings: Settings, data: TrainingData) -> float:
    """Return a penalty with the same weight against the summed losses, whatever the rows.

    Frequencies count as rows; weights do not, since their scale is arbitrary.
    """
    if OPTIMIZERS[settings.optimizer].decoupled:
        return DECAY_OF_ADAMW
    return DECAY if settings.reduction == "sum" else DECAY / data.total_rows
