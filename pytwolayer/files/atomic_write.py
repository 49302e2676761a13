"""Writing a file so that it is there whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytwolayer.checks import shown
from pytwolayer.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd


PATH_OF_FILE = "the path of a file"


def check_path(argument: str, file: Any) -> Path:
    """Check that ``file`` is a path, of whatever."""
    if not isinstance(file, (str, os.PathLike)) or not str(file) or "\0" in str(file):
        raise ArgumentError(argument, PATH_OF_FILE, shown(file))
    return Path(file).expanduser()


def output_path(argument: str, file: Any) -> Path:
    """Check that ``file`` can be written to before the work whose result it is to hold."""
    path, expected = check_path(argument, file), PATH_OF_FILE
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except OSError as problem:  # such as a name that is too long
        raise ArgumentError(argument, expected, f'"{path}": {problem.strerror}') from problem
    if is_folder:
        raise ArgumentError(argument, expected, f'the folder "{path}"')
    if not has_folder:
        raise ArgumentError(argument, f"{expected} in a folder that exists", f'"{path}"')
    return path


@contextmanager
def atomic_write(path: Path, prefix: str = ".pytwolayer-") -> Iterator[Path]:
    """Give a path to write to; it takes the name ``path`` once all went well.

    ``prefix`` begins the name that it has until then, which 8 more characters end. A link
    stays a link, a file that was there keeps its permissions, and what is no ordinary file,
    such as ``/dev/stdout``, is written to as it is.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    suffix = path.suffix if len(path.suffix) <= 8 else ""
    temporary = path.with_name(f"{prefix}{secrets.token_hex(4)}{suffix}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        if path.exists():
            shutil.copymode(path, temporary)
        _store(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _store(path: Path) -> None:
    """Have it on the disk, so that a machine that loses its power has the old file or the new."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def write_csv(history: "pd.DataFrame", file: str | Path) -> None:
    """Write a history as CSV, its numbers so that they read back to the same bits."""
    with atomic_write(output_path("file", file)) as unfinished:
        history.to_csv(unfinished, index=False)
