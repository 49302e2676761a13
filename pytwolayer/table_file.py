"""Reading a table from a file: CSV, tab-separated text or Parquet."""

import zlib
from pathlib import Path
from typing import Any

import pandas as pd

from pytwolayer.errors import ArgumentError, PytwolayerError

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_PARQUET = (".parquet", ".pq")
_COMPRESSED = (".gz", ".bz2")
# pandas' and pyarrow's own errors are among these
_UNREADABLE = (ValueError, OSError, EOFError, zlib.error)


def read_table_file(argument: str, file: str | Path) -> pd.DataFrame:
    """Read a table with a header; the file's ending names the format.

    A text file may be compressed (.gz, .bz2). Its columns without a name, such as the row names
    that R writes, are left out.

    Parameters
    ----------
    argument : str
        What the file is called in error messages.
    file : str or Path

    Raises
    ------
    ArgumentError
        If there is no such file, or none that can be read.
    PytwolayerError
        If what reads Parquet is not installed.
    """
    path = Path(file).expanduser()
    name = path.with_suffix("").name if path.suffix.lower() in _COMPRESSED else path.name
    ending = Path(name).suffix.lower()
    if ending not in (*_SEPARATORS, *_PARQUET):
        endings = ", ".join((*_SEPARATORS, *_PARQUET))
        raise ArgumentError(argument, f"a file ending in one of {endings}", f'"{path}"')
    try:
        return _read_parquet(path) if ending in _PARQUET else _read_text(path, _SEPARATORS[ending])
    except FileNotFoundError:
        raise ArgumentError(argument, "a file that exists", f'"{path}"') from None
    except _UNREADABLE as problem:
        reason = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise ArgumentError(
            argument, "a table that can be read", f'"{path}": {reason}'
        ) from problem


def _read_text(path: Path, separator: str) -> pd.DataFrame:
    # Until 3.1, where it became the usual way, pandas did not read numbers to their last bit.
    old = tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1)
    exact: dict[str, Any] = {"float_precision": "round_trip"} if old else {}
    table: Any = pd.read_csv(
        path,
        sep=separator,
        encoding="utf-8-sig",  # with or without the mark that spreadsheets put in front
        low_memory=False,  # so that a column is of one kind throughout
        keep_default_na=False,  # as R reads it: "None" and "null" are text
        na_values=["", "NA", "NaN", "nan"],
        **exact,
    )
    named = [not str(name).startswith("Unnamed: ") for name in table.columns]
    kept: pd.DataFrame = table.loc[:, named].reset_index(drop=True)
    return kept


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        import pyarrow  # noqa: F401
    except ImportError as problem:
        raise PytwolayerError(
            'Parquet files need pyarrow, which is not installed: pip install "pytwolayer[parquet]"'
        ) from problem
    table = pd.read_parquet(path, engine="pyarrow").reset_index(drop=True)
    return table.set_axis([str(name) for name in table], axis=1)
