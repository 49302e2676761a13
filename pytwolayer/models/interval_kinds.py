"""The kinds of intervals that ``predict_interval()`` gives."""

from typing import Any

from pytwolayer import checks
from pytwolayer.errors import ArgumentError

CONFIDENCE, PREDICTION = "confidence", "prediction"


def read_interval_kind(kind: Any) -> str:
    """Check the kind of an interval."""
    return checks.one_of("kind", kind, (CONFIDENCE, PREDICTION))


def read_level(level: Any) -> float:
    """Check the level of an interval."""
    number = checks.between("level", level, 0, 1, below=True)
    if number == 0:
        raise ArgumentError("level", "above 0 and below 1", "0")
    return number
