"""Predictions that are written to a file while the rows are read: neither is held in memory."""

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from pytwolayer import checks
from pytwolayer.checks import describe, quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.files.copied_columns import CopiedColumns
from pytwolayer.files.local_paths import is_in_files, local_path
from pytwolayer.files.new_data import open_new_data
from pytwolayer.files.parquet_folder import ENDINGS
from pytwolayer.files.read_options import FROM_CODE, FileOptions
from pytwolayer.files.table_writer import table_writer
from pytwolayer.models.new_rows import read_new_data
from pytwolayer.models.prediction_table import Fitted, prediction_tables, read_kind
from pytwolayer.runtime.memory import guard_memory
from pytwolayer.runtime.threads import reset_after_fork
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.progress import READING, Progress, rows_bar

MakeProgress = Callable[[int], Progress | None]


@dataclass(frozen=True)
class Asked:
    """What is to be written; see ``TwoLayerEnsemble.predict_to_file()``, which has the same.

    Attributes
    ----------
    kind : str or None
    columns : list of str, str or None
    level : float
    verbose : bool or callable
        Or a function that makes a display of so many rows.
    options : FileOptions
        How a file of text is read.
    beside : table, optional
        That has the columns which are copied, if the data do not.
    """

    kind: str | None = None
    columns: Sequence[str] | str | None = None
    level: float = 0.95
    verbose: bool | MakeProgress = True
    options: FileOptions = FROM_CODE
    beside: Any = None


def write_predictions(fitted: Fitted, data: Any, path: Path, asked: Asked) -> Path:
    """Write predictions to a file, and return its path; see ``TwoLayer.predict_to_file()``.

    ``path`` is what ``table_path()`` returned.
    """
    refuse_input("output", path, data)
    parts = prediction_parts(fitted, data, asked)
    first = next(parts)  # errors in the arguments and the data come before the file
    with closing(parts), table_writer(path) as write:
        write(first)
        for part in parts:
            write(part)
    return path


def prediction_parts(
    fitted: Fitted, data: Any, asked: Asked
) -> Generator[pd.DataFrame, None, None]:
    """Yield the predictions of consecutive rows; of data without rows an empty table."""
    kind, level = read_kind(fitted, asked.kind), _read_level(asked.level)
    columns = _read_columns(asked.columns)
    models = fitted.models
    if models[0].offset:
        expected = "predictions of a fit without an offset, which would be needed for each row"
        raise ArgumentError("output", expected, "those of one with an offset")
    reset_after_fork()
    encoders = [model.inputs for model in models]
    also = columns if asked.beside is None else ()
    reading = partial(rows_bar, label=READING) if asked.verbose is True else None
    opened = open_new_data("x", data, encoders, asked.options, also=also, display=reading)
    table = read_new_data(models, opened)
    copied = None
    if columns:
        tables_of_copies = (data, opened) if asked.beside is None else (asked.beside, asked.beside)
        copied = CopiedColumns(*tables_of_copies, columns, asked.options)
    tables = _with_torch_settings(prediction_tables(fitted, table, kind, level))
    progress = _progress(asked.verbose)(table.rows)
    done = 0
    try:
        with guard_memory("cpu", "predictions of a part of the rows", "Free some memory"):
            for part in tables:
                done += len(part)
                yield part if copied is None else _beside(copied.take(len(part)), part)
                if progress is not None:
                    progress.update(done, math.nan)
    finally:
        if progress is not None:
            progress.close()


def _with_torch_settings(tables: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Compute with PyTorch's default settings, and only compute: the caller has its own."""

    @with_default_torch_settings
    def following() -> pd.DataFrame | None:
        return next(tables, None)

    while (part := following()) is not None:
        yield part


def _beside(copied: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    both = [str(name) for name in copied if name in predictions]
    if both:
        expected = "names of columns that no column of predictions has"
        raise ArgumentError("columns", expected, quote_some(both))
    return pd.concat([copied, predictions], axis=1)


def _read_columns(columns: Any) -> list[str]:
    if columns is None:
        return []
    given = [columns] if isinstance(columns, str) else columns
    names = list(given) if isinstance(given, (list, tuple)) else []
    if not all(isinstance(name, str) for name in names) or (not names and columns != []):
        raise ArgumentError("columns", "names of columns of the data", describe(columns))
    return list(dict.fromkeys(names))


def _read_level(level: Any) -> float:
    level = checks.between("level", level, 0, 1, below=True)
    if level == 0:
        raise ArgumentError("level", "above 0 and below 1", "0")
    return float(level)


def _progress(verbose: bool | MakeProgress) -> MakeProgress:
    if callable(verbose):
        return verbose
    return rows_bar if checks.flag("verbose", verbose) else lambda rows: None


def refuse_input(argument: str, path: Path, data: Any) -> None:
    """Raise if a file to be written is one of the data's, or would become one."""
    expected = "another file than those of the data"
    for there in _files_of(data):
        if there.is_dir():
            if path.suffix.lower() in ENDINGS and there.resolve() in path.resolve().parents:
                raise ArgumentError(argument, "outside of the folder of the data", f'"{path}"')
        elif there.exists() and path.exists() and there.samefile(path):
            raise ArgumentError(argument, expected, f'"{path}"')


def _files_of(data: Any) -> list[Path]:
    if is_in_files(data):
        listed = data if isinstance(data, (list, tuple)) else [data]
        return [local_path("x", one) for one in listed]
    files = getattr(data, "files", None)  # of a dataset of pyarrow
    if isinstance(files, list) and all(isinstance(file, str) for file in files):
        return [Path(file) for file in files]
    return []
