"""Warnings that point at the user's own line, however deep in this package they arise."""

import sys
import warnings
from pathlib import Path
from typing import Any

_PACKAGE = str(Path(__file__).parent)


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the first line outside this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


class EachOnce:
    """Warns once, in the end, of what is warned of again and again in the same words."""

    def __enter__(self) -> None:
        self._catching = warnings.catch_warnings(record=True)
        self._caught = self._catching.__enter__()
        warnings.simplefilter("always")

    def __exit__(self, *problem: Any) -> None:
        self._catching.__exit__(*problem)
        told = dict.fromkeys((str(one.message), one.category) for one in self._caught or ())
        for message, category in told:
            warn_user(message, category)
