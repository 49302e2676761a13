"""The processes of a group compare what they are and what they were asked for."""

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from pytwolayer._version import __version__
from pytwolayer.checks import describe
from pytwolayer.errors import WorkerError
from pytwolayer.runtime.torch_loading import torch

# What only the first process does, and data, whose paths may differ from machine to machine.
_NOT_COMPARED = ("verbose", "on_epoch", "checkpoint", "checkpoint_every", "cache", "x", "y")
_ABSENT = "nothing"
_LONGEST = 200  # characters of a value in a message


@dataclass(frozen=True)
class Member:
    """What the processes of a group have to know of each other.

    Attributes
    ----------
    host : str
        The machine.
    versions : str
        Of this package and of PyTorch.
    asked : dict
        The arguments that can be compared: numbers, texts, and lists and dicts of them. Of others
        the kind.
    """

    host: str
    versions: str
    asked: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def here(cls, arguments: Mapping[str, Any]) -> "Member":
        """Describe this process."""
        given = arguments.items()
        asked = {name: _comparable(value) for name, value in given if _is_compared(name, value)}
        versions = f"pytwolayer {__version__} and torch {torch.__version__}"
        return cls(platform.node(), versions, asked)


def _is_compared(name: str, value: Any) -> bool:
    if name == "validation":  # a share of the rows, or data
        return isinstance(value, Real)
    if name == "sample_weight":  # a column's name, or data
        return isinstance(value, str)
    return name not in _NOT_COMPARED


def _comparable(value: Any) -> Any:
    """Return a plain value, which can be sent; of what is none, of which kind it is."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_comparable(each) for each in value]
    if isinstance(value, Mapping):
        return {_comparable(key): _comparable(each) for key, each in value.items()}
    if isinstance(value, torch.device):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return _Kind("a function" if callable(value) else f"a {type(value).__name__}")


class _Kind(str):
    """What stands for a value that cannot be compared."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def compare(members: Sequence[Member]) -> None:
    """Raise if a process is of another version, or was asked for another fit, than the first.

    Raises
    ------
    WorkerError
    """
    first = members[0]
    for rank, member in enumerate(members):
        if member.versions != first.versions:
            what = f"has {member.versions}, where worker 0 on {first.host} has {first.versions}"
            raise WorkerError(rank, member.host, what)
        for name in sorted(member.asked.keys() | first.asked.keys()):
            own, firsts = (each.asked.get(name, _Kind(_ABSENT)) for each in (member, first))
            if not _are_same(own, firsts):
                what = f"was given {_shown(own)} as `{name}`, where worker 0 on {first.host} was "
                raise WorkerError(rank, member.host, f"{what}given {_shown(firsts)}")


def _are_same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same; one that is not a number equals itself here."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_are_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_are_same(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else describe(value)
