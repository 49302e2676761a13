"""The models that R predicted with last, so that not every call reads their bytes again.

R keeps a fit as bytes, which survive ``saveRDS()`` and go to other processes. Here stands what
was made of them, found by a checksum of the bytes: a fit that changes has other bytes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.two_layer import TwoLayer

_MOST_MODELS, _MOST_BYTES = 4, 2**26  # of the models' files together
_SECONDS = 60.0  # without use, after which a model goes with the next call

_Fit = TypeVar("_Fit", TwoLayer, TwoLayerEnsemble)
_Key = tuple[str, bytes]


@dataclass(frozen=True)
class _Entry:
    fit: TwoLayer | TwoLayerEnsemble
    size: int
    used: float


class ModelCache:
    """Fits by the bytes that they were read from, the last used last.

    A forked process has a copy of its own; there is no lock that a fork could leave closed.
    """

    def __init__(self) -> None:
        self._entries: dict[_Key, _Entry] = {}

    def read(self, data: bytes | bytearray, reader: Callable[[bytes | bytearray], _Fit]) -> _Fit:
        """Give what ``reader`` makes of the bytes, or made of them a moment ago."""
        key = reader.__name__, sha256(data).digest()
        entry = self._entries.pop(key, None)
        fit = reader(data) if entry is None else entry.fit
        self._entries[key] = _Entry(fit, len(data), time.monotonic())
        self.drop_unused()
        return fit  # type: ignore[return-value] # one reader makes one type

    def drop_unused(self) -> None:
        """Drop models that were not used for a while, and those for which there is no room."""
        oldest, room = time.monotonic() - _SECONDS, _MOST_BYTES
        for number, (key, entry) in enumerate(reversed([*self._entries.items()])):
            room -= entry.size
            if number >= _MOST_MODELS or room < 0 or entry.used < oldest:
                del self._entries[key]

    def __len__(self) -> int:
        return len(self._entries)


models = ModelCache()
