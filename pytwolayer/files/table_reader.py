"""Reading a table from a file: CSV, other separated text or Parquet."""

import csv
import warnings
import zlib
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.checks import listed, quoted
from pytwolayer.errors import ArgumentError, PytwolayerError
from pytwolayer.files.column_types import ColumnTypes, convert_columns
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.text_numbers import MissingMarks, parse_text_column
from pytwolayer.preprocessing.text_patterns import parse_number

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_PARQUET = (".parquet", ".pq")
_COMPRESSED = {".gz": "gzip", ".bz2": "bz2"}
# pandas' and pyarrow's own errors are among these
_UNREADABLE = (ValueError, OSError, EOFError, zlib.error)
# Missing in every column. What else may mean it is so among numbers alone: elsewhere it may be
# a level, as it is where R reads the file.
_MISSING = ("", "NA", "NaN", "nan")
_USUAL = FileOptions()
_OTHER_SEPARATORS = {";": ";", "\t": "tab", "|": "|", ",": ","}


def read_table_file(
    argument: str,
    file: str | Path,
    options: FileOptions = _USUAL,
    types: ColumnTypes | None = None,
) -> pd.DataFrame:
    """Read a table with a header; the file's ending names the format.

    A text file may be compressed (.gz, .bz2). Its columns without a name, such as the row names
    that R writes, are left out. A column of numbers, or of logicals, in which a few rows have
    "?" or another mark for missing values is one of numbers, with a warning that says so.

    Parameters
    ----------
    argument : str
        What the file is called in error messages.
    file : str or Path
    options : FileOptions
        How to read text.
    types : ColumnTypes, optional
        What the columns are, which then is not for the file to tell.

    Raises
    ------
    ArgumentError
        If there is no such file, none that can be read, or one with text where ``types`` has
        numbers.
    PytwolayerError
        If what reads Parquet is not installed.

    Warns
    -----
    MissingMarkWarning
        If marks among numbers were read as missing, or stayed text where there are no numbers.
    """
    path = Path(file).expanduser()
    name = path.with_suffix("").name if path.suffix.lower() in _COMPRESSED else path.name
    ending = Path(name).suffix.lower()
    separator = options.separator or _SEPARATORS.get(ending)
    if separator is None and ending not in _PARQUET:
        endings = ", ".join((*_SEPARATORS, *_PARQUET))
        expected = f"a file ending in one of {endings}, or a text file with `--sep`"
        raise ArgumentError(argument, expected, f'"{path}"')
    try:
        if separator is None or ending in _PARQUET:
            table = _read_parquet(path, options)
        else:
            table = _TextFile(argument, path, separator, options, types).read()
    except FileNotFoundError:
        raise ArgumentError(argument, "a file that exists", f'"{path}"') from None
    except ArgumentError:
        raise
    except UnicodeError as problem:
        received = f'"{path}": it is not in {options.encoding}'
        expected = "a table that can be read, of text in utf-8 or what `--encoding` says"
        raise ArgumentError(argument, expected, received) from problem
    except _UNREADABLE as problem:
        reason = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise ArgumentError(
            argument, "a table that can be read", f'"{path}": {reason}'
        ) from problem
    marks = MissingMarks()
    if types is not None:
        table = convert_columns(argument, table, types, options.decimal, marks)
    elif ending not in _PARQUET:
        table = _parse_text_columns(table, options.decimal, marks)
    marks.tell()
    return table


def _parse_text_columns(table: pd.DataFrame, decimal: str, marks: MissingMarks) -> pd.DataFrame:
    of_text = [
        name
        for name, column in table.items()
        if pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)
    ]
    made = dict(table.items())
    for name in of_text:
        made[name] = parse_text_column(table[name], decimal, marks)
    return pd.DataFrame(made, index=table.index, columns=table.columns, copy=False)


class _TextFile:
    """A file of separated text."""

    def __init__(
        self,
        argument: str,
        path: Path,
        separator: str,
        options: FileOptions,
        types: ColumnTypes | None,
    ) -> None:
        self._argument, self._path, self._types = argument, path, types
        self._separator, self._missing = separator, (*_MISSING, *options.missing)
        # A pipe can be read once.
        self._bytes = path.read_bytes() if path.is_fifo() or path.is_char_device() else None
        self._told, self._decimal = options.missing, options.decimal
        # With or without the mark that spreadsheets put in front.
        is_utf8 = options.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
        self._how: dict[str, Any] = {
            "sep": separator,
            "compression": _COMPRESSED.get(path.suffix.lower()),
            "encoding": "utf-8-sig" if is_utf8 else options.encoding,
        }

    def read(self) -> pd.DataFrame:
        """Read it."""
        header = self._header()
        named = [name for name in header if name]
        wanted = {} if self._types is None else self._types.by_name(named)
        self._refuse_one_column(header, wanted)
        known = set(named) if self._types is None else wanted
        self._refuse_duplicates([name for name in named if name in known])
        # Until 3.1, where it became the usual way, pandas did not read numbers to their last bit.
        old = tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1)
        exact: dict[str, Any] = {"float_precision": "round_trip"} if old else {}
        how: dict[str, Any] = {
            "na_values": {name: self._missing_of(wanted.get(name)) for name in header},
            "dtype": {name: str for name, levels in wanted.items() if levels is not None},
        }
        nameless = self._line(1)[len(header) :]
        # Else the first value of a longer row would be taken for the row's name.
        how["index_col"] = False if nameless and not any(nameless) else None
        table = self._parsed({**how, **exact})
        if any(nameless) and not self._are_row_names(table.index):
            values = len(header) + len(nameless)
            raise ArgumentError(self._argument, *_longer(len(header), values))
        has_name = [not str(name).startswith("Unnamed: ") for name in table.columns]
        kept: pd.DataFrame = table.loc[:, has_name].reset_index(drop=True)
        return kept

    def _parsed(self, how: dict[str, Any]) -> Any:
        with warnings.catch_warnings():  # the values that have no name are empty
            warnings.filterwarnings("ignore", "Length of header", pd.errors.ParserWarning)
            return pd.read_csv(
                self._source(),
                low_memory=False,  # so that a column is of one kind throughout
                keep_default_na=False,
                decimal=self._decimal,
                **self._how,
                **how,
            )

    def _header(self) -> list[str]:
        return self._line(0)

    def _line(self, number: int, **how: Any) -> list[str]:
        """Give the values of a line as they are written; none where there is no such line."""
        try:
            line: Any = pd.read_csv(
                self._source(),
                header=None,
                skiprows=number,
                nrows=1,
                dtype=str,
                keep_default_na=False,
                **self._how,
                **how,
            )
        except pd.errors.EmptyDataError:
            if number:
                return []
            raise
        return [str(value) for value in line.iloc[0]]

    def _are_row_names(self, index: pd.Index) -> bool:
        """Tell whether these are names of rows, which R writes without a name of their column.

        They are quoted, or no numbers, or count the rows; else a value has no name, which may as
        well be the last.
        """
        if index.nlevels > 1 or not index.is_unique:
            return False
        quoted_names = self._line(1, quoting=csv.QUOTE_NONE)[0].startswith('"')
        numbers = pd.to_numeric(pd.Series(index), errors="coerce")
        counts = bool((numbers == np.arange(1, len(index) + 1)).all())
        return quoted_names or counts or bool(numbers.isna().all())

    def _source(self) -> Path | BytesIO:
        return self._path if self._bytes is None else BytesIO(self._bytes)

    def _missing_of(self, levels: Any) -> list[str]:
        """Tell what is missing in a column: not what is a level there."""
        told = self._told
        return [mark for mark in self._missing if mark in told or mark not in (levels or ())]

    def _refuse_one_column(self, header: Sequence[str], wanted: dict[str, Any]) -> None:
        """Say so where all columns read as one, since they are separated by something else."""
        if len(header) > 1 or header[0] in wanted:
            return
        for character, name in _OTHER_SEPARATORS.items():
            if character in header[0] and character != self._separator:
                received = f'one column {quoted(header[0])}; `--sep "{name}"` may be what it needs'
                raise ArgumentError(self._argument, "a table of several columns", received)

    def _refuse_duplicates(self, names: Sequence[str]) -> None:
        twins = sorted(name for name, count in Counter(names).items() if count > 1)
        if twins:
            received = f"one with several columns {listed(twins)}"
            raise ArgumentError(self._argument, "a table whose column names differ", received)


def _longer(names: int, values: int) -> tuple[str, str]:
    """Say what is wrong where rows have more values than there are names."""
    expected = "a table with a name for each value of a row"
    names_of_rows = "names of rows need a name of their column too"
    return expected, f"one of {names} names and rows of {values} values; {names_of_rows}"


def _read_parquet(path: Path, options: FileOptions) -> pd.DataFrame:
    try:
        import pyarrow  # noqa: F401
    except ImportError as problem:
        raise PytwolayerError(
            'Parquet files need pyarrow, which is not installed: pip install "pytwolayer[parquet]"'
        ) from problem
    table = pd.read_parquet(path, engine="pyarrow").reset_index(drop=True)
    table = table.set_axis([str(name) for name in table], axis=1)
    return (
        table.apply(_mask_values, marks=options.missing)
        if options.missing and len(table)
        else table
    )


def _mask_values(series: "pd.Series[Any]", marks: Sequence[str]) -> "pd.Series[Any]":
    """Take marks, as text or as numbers, for missing values."""
    numbers = [number for mark in marks if (number := parse_number(mark)) is not None]
    is_number = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
    return series.mask(series.isin(numbers if is_number else marks))
