"""Writing a file so that it is there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytwolayer.arguments import shown
from pytwolayer.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd


def output_path(argument: str, file: Any) -> Path:
    """Check that ``file`` can be written to before the work whose result it is to hold."""
    if not isinstance(file, (str, os.PathLike)) or not str(file):
        raise ArgumentError(argument, "the path of a file", shown(file))
    path = Path(file).expanduser()
    if path.is_dir():
        raise ArgumentError(argument, "the path of a file", f'the folder "{path}"')
    if not path.parent.is_dir():
        expected = "the path of a file in a folder that exists"
        raise ArgumentError(argument, expected, f'"{path}"')
    return path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to; it takes the name ``path`` once all went well."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _give_usual_permissions(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _give_usual_permissions(path: Path) -> None:
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)


def write_csv(history: "pd.DataFrame", file: str | Path) -> None:
    """Write a history as CSV, its numbers so that they read back to the same bits."""
    with whole_file(output_path("file", file)) as unfinished:
        history.to_csv(unfinished, index=False)
