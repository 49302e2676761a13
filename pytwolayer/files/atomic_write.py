"""Writing a file atomically: a reader sees the old file or the complete new one."""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytwolayer.checks import describe
from pytwolayer.errors import ArgumentError, PytwolayerError

if TYPE_CHECKING:
    import pandas as pd


PATH_OF_FILE = "the path of a file"


def check_path(argument: str, file: Any) -> Path:
    """Check that ``file`` is a path; it need not exist."""
    if not isinstance(file, (str, os.PathLike)) or not str(file) or "\0" in str(file):
        raise ArgumentError(argument, PATH_OF_FILE, describe(file))
    return Path(file).expanduser()


def mode_of(argument: str, path: Path) -> int:
    """Return the mode of what is at a path, 0 where nothing is.

    Raises
    ------
    ArgumentError
        If the system cannot tell, as of a name that is too long. Python 3.14's ``is_file()`` and
        its like take that for nothing.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as problem:
        raise ArgumentError(argument, PATH_OF_FILE, f'"{path}": {problem.strerror}') from problem


def output_path(argument: str, file: Any) -> Path:
    """Check that ``file`` can be written, before the work whose result it will hold."""
    path, expected = check_path(argument, file), PATH_OF_FILE
    if stat.S_ISDIR(mode_of(argument, path)):
        raise ArgumentError(argument, expected, f'the folder "{path}"')
    if not stat.S_ISDIR(mode_of(argument, path.parent)):
        raise ArgumentError(argument, f"{expected} in a folder that exists", f'"{path}"')
    return path


@contextmanager
def atomic_write(path: Path, prefix: str = ".pytwolayer-") -> Iterator[Path]:
    """Yield a temporary path to write to; without an error it is then renamed to ``path``.

    The temporary name is ``prefix`` and 8 more characters. A symbolic link stays one, an existing
    file keeps its permissions, and what is not a regular file, such as ``/dev/stdout``, is written
    to directly.
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
        _flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(argument: str, file: Any, data: bytes, **options: str) -> None:
    """Write bytes to a file atomically; see ``atomic_write()``.

    Raises
    ------
    ArgumentError
        If ``file`` is no path in a folder that exists.
    PytwolayerError
        If it cannot be written; an existing file is then unchanged.
    """
    path = output_path(argument, file)
    try:
        with atomic_write(path, **options) as unfinished:
            unfinished.write_bytes(data)
    except OSError as problem:
        raise PytwolayerError(f'"{path}" cannot be written: {problem.strerror}.') from problem


def _flush(path: Path) -> None:
    """Flush to the disk before the renaming, so that a power failure cannot leave a cut file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def write_csv(table: "pd.DataFrame", file: str | Path) -> None:
    """Write a table as CSV; its numbers read back to the same bits."""
    with atomic_write(output_path("file", file)) as unfinished:
        table.to_csv(unfinished, index=False)
