"""The data of a fit, for as long as the user has them."""

import weakref
from collections.abc import Callable
from typing import Any


class DataReference:
    """Knows the data that a fit was given, without keeping arrays and frames in memory.

    It is of this session alone: a copy in a file or in another process is None.

    Parameters
    ----------
    **given
        Arguments of ``two_layer()``.
    """

    def __init__(self, **given: Any) -> None:
        self._given = {name: _reference(value) for name, value in given.items()}

    def data(self) -> dict[str, Any]:
        """Give the arguments of which the data are still there, None among them."""
        found = {name: get() for name, get in self._given.items()}
        return {name: value for name, value in found.items() if value is not _GONE}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()


_GONE = object()


def _reference(value: Any) -> Callable[[], Any]:
    """Make what gives the value while it lives; what nothing can watch, such as a list, stays."""
    if type(value) is tuple:
        return _reference_to_parts(value)
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
