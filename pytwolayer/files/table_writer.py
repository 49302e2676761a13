"""Writing a table that comes in parts, as text or Parquet, atomically."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from pytwolayer.errors import ArgumentError, PytwolayerError, first_line
from pytwolayer.files.arrow_objects import require_pyarrow
from pytwolayer.files.atomic_write import atomic_write, output_path
from pytwolayer.files.table_reader import PARQUET, SEPARATORS

_ENDINGS = (*PARQUET, *SEPARATORS)
Write = Callable[[pd.DataFrame], None]


def table_path(argument: str, file: Any, *, any_text: bool = False) -> Path:
    """Check that ``file`` can be written as a table, by its ending.

    ``any_text`` accepts all endings; those that are not known are for text with commas.

    Raises
    ------
    ArgumentError
        If it is no path in a folder that exists, or its format is unknown.
    PytwolayerError
        If it needs pyarrow, which is not installed.
    """
    path = output_path(argument, file)
    is_known = _ending(path) in _ENDINGS or any_text
    if not is_known or (_is_compressed(path) and _ending(path) in PARQUET):
        expected = f"the path of a file ending in one of {', '.join(_ENDINGS)}, text also with .gz"
        raise ArgumentError(argument, expected, f'"{path}"')
    if _ending(path) in PARQUET:
        require_pyarrow()
    return path


@contextmanager
def table_writer(path: Path) -> Iterator[Write]:
    """Yield a function that writes the next rows; the file is there when all are written.

    Raises
    ------
    PytwolayerError
        If it cannot be written; nothing is left then, and a file of before is unchanged.
    """
    make = _parquet_writer if _ending(path) in PARQUET else _text_writer
    with _writable(path), atomic_write(path) as unfinished, make(unfinished, path) as write:
        yield _only_writing(path, write)


def _only_writing(path: Path, write: Write) -> Write:
    """Tell errors of the file that is written from those of files that are read meanwhile."""

    def writing(part: pd.DataFrame) -> None:
        try:
            write(part)
        except OSError as problem:
            raise _refusal(path, problem) from problem

    return writing


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise _refusal(path, problem) from problem


def _refusal(path: Path, problem: OSError) -> PytwolayerError:
    reason = problem.strerror or (str(problem).splitlines() or ["unknown"])[0]
    return PytwolayerError(f'"{path}" cannot be written: {reason}.')


@contextmanager
def _text_writer(file: Path, path: Path) -> Iterator[Write]:
    with ExitStack() as stack:
        handle: TextIO
        if _is_compressed(path):
            handle = stack.enter_context(gzip.open(file, "wt", newline="", encoding="utf-8"))
        else:
            handle = stack.enter_context(file.open("w", newline="", encoding="utf-8"))
        yield text_writer(handle, SEPARATORS.get(_ending(path), ","))


def text_writer(handle: TextIO, separator: str = ",") -> Write:
    """Return a function that writes the next rows as text, below a header."""
    header = True

    def write(part: pd.DataFrame) -> None:
        nonlocal header
        # A missing value alone would be an empty line, which many readers pass over.
        missing = "NA" if part.shape[1] == 1 else ""
        part.to_csv(handle, index=False, header=header, sep=separator, na_rep=missing)
        header = False

    return write


@contextmanager
def _parquet_writer(file: Path, path: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: Any = None

    def write(part: pd.DataFrame) -> None:
        nonlocal writer
        if writer is None:
            rows = _arrow_table(part, None)
            writer = stack.enter_context(pq.ParquetWriter(file, rows.schema))
        else:
            try:
                rows = _arrow_table(part, writer.schema)
            except (pa.ArrowInvalid, pa.ArrowTypeError) as problem:
                raise PytwolayerError(
                    f'"{path}" cannot be written: {first_line(problem)}.'
                ) from problem
        writer.write_table(rows)

    with ExitStack() as stack:
        yield write


def _arrow_table(part: pd.DataFrame, schema: Any) -> Any:
    """Convert rows, missing ones to nulls, to columns of the given types."""
    import pyarrow as pa

    arrays = []
    for place, name in enumerate(part):
        column = part[name]
        labels = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else None
        if labels is not None and not all(isinstance(label, str) for label in labels):
            column = column.astype(object)  # Parquet has dictionaries of text alone
        given = None if schema is None else schema.field(place).type
        own = pa.array(column, from_pandas=True)
        if isinstance(own, pa.ChunkedArray):
            own = own.combine_chunks()
        arrays.append(own if given is None or own.type == given else own.cast(given))
    return pa.table(arrays, names=[str(name) for name in part])


def _ending(path: Path) -> str:
    name = path.with_suffix("") if _is_compressed(path) else path
    return name.suffix.lower()


def _is_compressed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"
