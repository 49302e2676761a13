"""Weak references to the data of a fit, so that it can be continued without giving them again."""

import weakref
from collections.abc import Callable
from typing import Any

from pytwolayer.files.arrow_objects import is_stream
from pytwolayer.files.local_paths import is_in_files, is_path, local_path


class DataReference:
    """Refers to the data of a fit without keeping arrays and frames in memory.

    It is valid in this process only: its copy in a file or in another process is None.

    Parameters
    ----------
    **given
        Arguments of ``two_layer()``.
    """

    def __init__(self, **given: Any) -> None:
        for name in _TABLES:
            given[name] = _absolute(given.get(name))
        self._given = {name: _reference(value) for name, value in given.items()}

    def data(self) -> dict[str, Any]:
        """Return the arguments whose data are still in memory; values may be None."""
        found = {name: get() for name, get in self._given.items()}
        return {name: value for name, value in found.items() if value is not _GONE}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()


_GONE = object()
_TABLES = ("x", "validation")  # what may be a path


def _absolute(value: Any) -> Any:
    """Return a path that stays valid where the working folder changes."""
    if is_path(value):
        return local_path("x", value).absolute()
    if type(value) is tuple or (isinstance(value, list) and is_in_files(value)):
        return type(value)(map(_absolute, value))
    return value


def _reference(value: Any) -> Callable[[], Any]:
    """Make a function that returns the value while it lives.

    What has no weak references, such as a list, is kept.
    """
    if type(value) is tuple:
        return _reference_to_parts(value)
    if is_stream(value):  # it has been read, and is at its end
        return lambda: _GONE
    try:
        watched = weakref.ref(value)
    except TypeError:
        return lambda: value

    def get() -> Any:
        found = watched()
        return _GONE if found is None else found

    return get


def _reference_to_parts(value: tuple[Any, ...]) -> Callable[[], Any]:
    parts = [_reference(part) for part in value]

    def get() -> Any:
        found = tuple(part() for part in parts)
        return _GONE if any(part is _GONE for part in found) else found

    return get
