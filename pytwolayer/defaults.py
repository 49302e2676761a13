"""What "auto" stands for, and how much of the data is one batch."""

from dataclasses import replace

from pytwolayer.optimizer import OPTIMIZERS
from pytwolayer.settings import AUTO, Settings

ONE_BATCH = 128  # most rows of which "auto" makes one batch


def resolve(settings: Settings, rows: int) -> Settings:
    """Put numbers in the place of "auto", for a number of training rows."""
    kind = OPTIMIZERS[settings.optimizer]
    batch_size = settings.batch_size
    if batch_size == AUTO:
        whole = kind.make is None or rows <= ONE_BATCH
        batch_size = None if whole else ONE_BATCH
    return replace(
        settings,
        hidden_units=64 if settings.hidden_units == AUTO else settings.hidden_units,
        epochs=200 if settings.epochs == AUTO else settings.epochs,
        batch_size=batch_size,
        learning_rate=(
            kind.learning_rate if settings.learning_rate == AUTO else settings.learning_rate
        ),
    )
