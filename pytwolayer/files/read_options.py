"""Options for reading text files."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytwolayer.checks import describe, one_of
from pytwolayer.errors import ArgumentError

_SEPARATORS = {"tab": "\t", "\\t": "\t", "space": r"\s+", " ": r"\s+"}


@dataclass(frozen=True)
class FileOptions:
    """How to read text files.

    Attributes
    ----------
    separator : str or None
        Between columns; None: that of the file name's extension.
    decimal : str
        Decimal mark of numbers.
    missing : tuple of str
        Missing values besides the usual ones.
    encoding : str
        Of the text, a name known to Python.
    command_line : bool
        Whether they are options of a command line, which messages may name.
    """

    separator: str | None = None
    decimal: str = "."
    missing: tuple[str, ...] = ()
    encoding: str = "utf-8"
    command_line: bool = True

    @classmethod
    def from_arguments(cls, given: Any) -> "FileOptions":
        """Check the options of a command line."""
        return cls(
            None if given.sep is None else _separator(given.sep),
            "." if given.dec is None else one_of("dec", given.dec, (".", ",")),
            # argparse of Python 3.11 turns "--" into an empty list.
            tuple(mark if isinstance(mark, str) else "--" for mark in given.na or ()),
            "utf-8" if given.encoding is None else _encoding(given.encoding),
        )

    def also_missing(self, marks: Sequence[Any]) -> "FileOptions":
        """Add the marks that were missing values in the data of a fit."""
        more = (mark for mark in marks if isinstance(mark, str))
        return replace(self, missing=tuple(dict.fromkeys((*self.missing, *more))))


def _separator(given: str) -> str:
    if given in _SEPARATORS:
        return _SEPARATORS[given]
    if len(given) != 1 or given in '"\n\r\0' or given.isalnum():
        raise ArgumentError("sep", 'a single character, "tab" or "space"', describe(given))
    return given


def _encoding(given: str) -> str:
    try:
        "".encode(codecs.lookup(given).name)
    except (LookupError, ValueError):
        raise ArgumentError("encoding", "a known encoding of text", describe(given)) from None
    return given


FROM_CODE = FileOptions(command_line=False)
