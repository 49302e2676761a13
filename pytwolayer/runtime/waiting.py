"""How long processes that train together wait for each other, in seconds."""

import os

from pytwolayer.checks import describe
from pytwolayer.errors import ArgumentError

START, SILENCE = "PYTWOLAYER_WORKER_START", "PYTWOLAYER_WORKER_SILENCE"
_USUAL = {START: 300.0, SILENCE: 600.0}


def seconds(variable: str) -> float:
    """Return what an environment variable says, or the usual time.

    Raises
    ------
    ArgumentError
    """
    text = os.environ.get(variable)
    try:
        number = _USUAL[variable] if text is None else float(text)
    except ValueError:
        number = -1.0
    if not number > 0:
        raise ArgumentError(variable, "a number of seconds", describe(text))
    return number
