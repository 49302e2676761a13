"""What R's methods for tensors call: the functions marked ``@called_from_r``, by their names."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from pytwolayer.r_interop.tensors.values import R_FUNCTIONS

# Imported for the functions that they register. By name, since some have a function's name.
for _module in (
    "assign", "calls", "compare", "create", "dtypes", "elementwise", "index", "linalg", "memory",
    "modules", "ops", "reductions", "shape", "stats",
):  # fmt: skip
    import_module(f"pytwolayer.r_interop.tensors.{_module}")


def __getattr__(name: str) -> Callable[..., Any]:
    """Give the function that R asks for."""
    try:
        return R_FUNCTIONS[name]
    except KeyError:
        raise AttributeError(name) from None
