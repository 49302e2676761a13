"""The estimators' docstrings, put together of parts that are each written once.

``two_layer()`` documents the parameters that the estimators share with it, and their base class
the others. Nothing depends on a docstring: without them, as under ``python -OO``, or where one has
another form, its parts are left out.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

_C = TypeVar("_C", bound=type)
_HEADING = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_ENTRY = re.compile(r"^(?=\w+ : )", re.MULTILINE)


def compose_docstring(function: Callable[..., Any], base: type) -> Callable[[_C], _C]:
    """Make a decorator that completes the docstring of an estimator, a dataclass.

    Parameters
    ----------
    function : callable
        Its docstring describes parameters of the estimator.
    base : type
        Its docstring describes the other parameters and the attributes, and has the notes.

    Returns
    -------
    callable
        It inserts the parameters in the order of the fields, with their defaults, and puts the
        base class's attributes before, and its notes after the estimator's own attributes.
    """

    def complete(estimator: _C) -> _C:
        own, shared = _sections(estimator), _sections(base)
        entries = _entries(_sections(function)) | _entries(shared)
        parameters = [
            _with_default(entries[field.name], field.default)
            for field in fields(estimator)
            if field.name in entries
        ]
        attributes = [part["Attributes"] for part in (shared, own) if "Attributes" in part]
        sections = {
            "": own.pop(""),
            "Parameters": "\n".join(parameters),
            "Attributes": "\n".join(attributes),
            "Notes": shared.get("Notes", ""),
            "Examples": own.get("Examples", ""),
        }
        estimator.__doc__ = "\n\n".join(
            f"{title}\n{'-' * len(title)}\n{text}" if title else text
            for title, text in sections.items()
            if text
        )
        return estimator

    return complete


def _sections(documented: Any) -> dict[str, str]:
    """Split a numpydoc docstring at its headings; what comes before the first has the key ""."""
    text, *others = _HEADING.split(inspect.cleandoc(documented.__doc__ or ""))
    pairs = zip(others[::2], others[1::2], strict=True)
    return {"": text.strip()} | {title: section.strip() for title, section in pairs}


def _entries(sections: dict[str, str]) -> dict[str, str]:
    """Split the section on parameters into their entries, by name."""
    _, *entries = _ENTRY.split(sections.get("Parameters", ""))
    return {entry.partition(" : ")[0]: entry.strip() for entry in entries}


def _with_default(entry: str, default: Any) -> str:
    """Write the default into the first line of an entry, as scikit-learn does."""
    first, newline, text = entry.partition("\n")
    shown = f'"{default}"' if isinstance(default, str) else str(default)
    return f"{first.removesuffix(', optional')}, default={shown}{newline}{text}"
