"""Paths of tables, as users give them: one, or several of Parquet files."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pytwolayer.checks import describe, shorten
from pytwolayer.errors import ArgumentError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FILE = "file://"


def is_path(data: Any) -> bool:
    """Tell whether it is the path of a table."""
    return isinstance(data, (str, os.PathLike))


def is_in_files(data: Any) -> bool:
    """Tell whether a table is given by its path, or by the paths of several files."""
    if isinstance(data, (list, tuple)):
        return len(data) > 0 and all(map(is_path, data))
    return is_path(data)


def local_path(argument: str, path: Any) -> Path:
    """Return a path on this machine, with "~" and "file://" resolved.

    Raises
    ------
    ArgumentError
        If it is empty, or the address of something elsewhere.
    """
    text = os.fspath(path)
    if not isinstance(text, str) or not text:
        raise ArgumentError(argument, "a file or a folder that exists", describe(text))
    if not _URL.match(text):
        return Path(text).expanduser()
    host, slash, rest = text.removeprefix(_FILE).partition("/")
    if not text.lower().startswith(_FILE) or host not in ("", "localhost"):
        expected = "a path on this machine, to which the file has to be copied first"
        raise ArgumentError(argument, expected, f'"{shorten(text)}"')
    there = unquote(slash + rest)
    with_drive = re.match(r"/[A-Za-z]:", there)
    return Path(there[1:] if with_drive and os.name == "nt" else there)
