"""R's vectors as NumPy arrays, without a copy.

reticulate copies what it hands over, but for an R function: of that Python gets one of its own
that holds R's. Here vectors travel as an attribute of a function, and R's own interface tells
where their numbers are. The arrays keep the function, and so the vectors, alive.
"""

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VECTORS, _MARK = b"pytwolayer_vectors", b"pytwolayer_mark"
# R's types of objects.
_PAIRLIST, _CLOSURE, _LOGICAL, _INTEGER, _DOUBLE, _LIST = 2, 3, 10, 13, 14, 19
MISSING = -(2**31)  # R's NA in integers and logicals
_C_TYPES: dict[int, Any] = {
    _LOGICAL: ctypes.c_int,
    _INTEGER: ctypes.c_int,
    _DOUBLE: ctypes.c_double,
}
_DTYPES: dict[int, Any] = {kind: np.dtype(own) for kind, own in _C_TYPES.items()}


# Declared once: to declare them takes as long as to call them.
_name_of, _pointer_in = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
_name_of.restype, _name_of.argtypes = ctypes.c_char_p, (ctypes.py_object,)
_pointer_in.restype, _pointer_in.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)


class UnsharedError(Exception):
    """The vectors cannot be had in this way."""


class _R:
    """The few functions of R's C interface that are needed."""

    def __init__(self, library: str) -> None:
        api = ctypes.CDLL(None)
        if not hasattr(api, "REAL_GET_REGION"):
            api = ctypes.CDLL(library)
        pointer, number = ctypes.c_void_p, ctypes.c_ssize_t
        self.type_of = self._typed(api.TYPEOF, ctypes.c_int, pointer)
        self.tag = self._typed(api.TAG, pointer, pointer)
        self.symbol = self._typed(api.Rf_install, pointer, ctypes.c_char_p)
        self.attribute = self._typed(api.Rf_getAttrib, pointer, pointer, pointer)
        self.length = self._typed(api.Rf_xlength, number, pointer)
        self.element = self._typed(api.VECTOR_ELT, pointer, pointer, number)
        self.numbers = self._typed(api.DATAPTR_OR_NULL, pointer, pointer)
        region = number, pointer, number, number, pointer
        self.copy = {
            _LOGICAL: self._typed(api.LOGICAL_GET_REGION, *region),
            _INTEGER: self._typed(api.INTEGER_GET_REGION, *region),
            _DOUBLE: self._typed(api.REAL_GET_REGION, *region),
        }

    @staticmethod
    def _typed(function: Any, result: Any, *arguments: Any) -> Any:
        function.restype, function.argtypes = result, arguments
        return function


_loaded: dict[str, _R] = {}


def vectors_of(holder: Callable[..., Any], library: str) -> list[NDArray[Any]]:
    """Give the vectors that an R function holds, as arrays that cannot be written.

    Parameters
    ----------
    holder : callable
        What Python got of the R function.
    library : str
        Path of R's library, where it is not there for all to see.

    Raises
    ------
    UnsharedError
        If this reticulate, or this R, does it in another way.
    """
    try:
        r = _loaded.get(library) or _loaded.setdefault(library, _R(library))
        function = _r_function(holder, r)
        vectors = r.attribute(function, r.symbol(_VECTORS))
        mark = _array(r, r.attribute(function, r.symbol(_MARK)), holder)
        if r.type_of(vectors) != _LIST or mark.tolist() != [r.length(vectors)]:
            raise UnsharedError
        return [_array(r, r.element(vectors, n), holder) for n in range(r.length(vectors))]
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as problem:
        raise UnsharedError from problem


def sent_vectors(sent: Mapping[str, Any]) -> list[NDArray[Any]]:
    """Give the vectors that R sent: where it has them, or as bytes of doubles."""
    if sent["holder"] is None:
        return [np.frombuffer(each, dtype=np.float64) for each in sent["values"]]
    return vectors_of(sent["holder"], sent["library"])


def _r_function(holder: Callable[..., Any], r: _R) -> int:
    """Find the R function in what reticulate made of it."""
    inside: Any = holder
    cells = [cell.cell_contents for cell in inside.__closure__]
    (capsule,) = [held for held in cells if type(held).__name__ == "PyCapsule"]
    found: int = _pointer_in(capsule, _name_of(capsule))
    if r.type_of(found) == _PAIRLIST:  # newer reticulates keep it in a cell
        found = r.tag(found)
    if r.type_of(found) != _CLOSURE:
        raise UnsharedError
    return found


def _array(r: _R, vector: int, holder: Callable[..., Any]) -> NDArray[Any]:
    kind, length = r.type_of(vector), r.length(vector)
    if length == 0:
        return np.empty(0, dtype=_DTYPES[kind])
    address = r.numbers(vector)
    if address is None:
        return _copy(r, vector)
    numbers = (_C_TYPES[kind] * length).from_address(address)
    numbers._holder = holder
    array = np.frombuffer(numbers, dtype=_DTYPES[kind])
    array.flags.writeable = False
    return array


def _copy(r: _R, vector: int) -> NDArray[Any]:
    """Copy a vector that is nowhere in memory, such as ``1:9`` is in R, where it stays so."""
    kind, length = r.type_of(vector), r.length(vector)
    array = np.empty(length, dtype=_DTYPES[kind])
    if r.copy[kind](vector, 0, length, array.ctypes.data) != length:
        raise UnsharedError
    return array
