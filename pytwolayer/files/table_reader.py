"""Reading a table from a file: CSV, other separated text or Parquet."""

import csv
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.checks import quote, quote_some
from pytwolayer.errors import ArgumentError, first_line
from pytwolayer.files.arrow_objects import require_pyarrow
from pytwolayer.files.column_types import ColumnTypes, convert_columns
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.text_numbers import MissingMarks, is_text, parse_text_column
from pytwolayer.preprocessing.text_patterns import parse_number

SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
PARQUET = (".parquet", ".pq")
ENDINGS = ", ".join((*SEPARATORS, *PARQUET))
_COMPRESSED = {".gz": "gzip", ".bz2": "bz2"}
# The errors of pandas and pyarrow are subclasses of these.
# The parser of pandas says so, before Python 3.12, where an exception without a value ended a read:
# that is an interrupt. Other exceptions it passes on.
_LOST = "Calling read(nbytes) on source failed"
_UNREADABLE = (ValueError, OSError, EOFError, zlib.error)
# Missing values in every column. Other marks are missing only among numbers: in a column of text
# they can be levels, as they are where R reads the file.
_MISSING = ("", "NA", "NaN", "nan")
_USUAL = FileOptions()
_OTHER_SEPARATORS = {";": ";", "\t": "tab", "|": "|", ",": ","}


def read_table_file(
    argument: str,
    file: str | Path,
    options: FileOptions = _USUAL,
    types: ColumnTypes | None = None,
) -> pd.DataFrame:
    """Read a table with a header; the file name's extension determines the format.

    A text file may be compressed (.gz, .bz2). Columns without a name, such as the row names that R
    writes, are left out. In columns that otherwise are numbers or logicals, "?" and other marks
    are read as missing, with a warning.

    Parameters
    ----------
    argument : str
        Name of the argument in error messages.
    file : str or Path
    options : FileOptions
        How to read a text file.
    types : ColumnTypes, optional
        Types that the columns must have, in place of those found in the file.

    Raises
    ------
    ArgumentError
        If the file does not exist or cannot be read, or has text where ``types`` has numbers.
    PytwolayerError
        If pyarrow, which reads Parquet, is not installed.

    Warns
    -----
    MissingMarkWarning
        If marks were read as missing, or were kept as text.
    """
    path = Path(file).expanduser()
    separator = text_separator(path, options)
    is_parquet = ending_of(path) in PARQUET
    if separator is None and not is_parquet:
        expected = f"a file ending in one of {ENDINGS}, or a text file with `--sep`"
        raise ArgumentError(argument, expected, f'"{path}"')
    with readable(argument, path, options):
        if separator is None or is_parquet:
            table = _read_parquet(path, options)
        else:
            table = TextFile(argument, path, separator, options, types).read()
    marks = MissingMarks(hints=options.command_line)
    if types is not None:
        table = convert_columns(argument, table, types, options.decimal, marks)
    elif not is_parquet:
        table = _parse_text_columns(table, options.decimal, marks)
    marks.warn()
    return table


def ending_of(path: Path) -> str:
    """Return the ending of a file's name, in front of that of a compressed file."""
    name = path.with_suffix("").name if path.suffix.lower() in _COMPRESSED else path.name
    return Path(name).suffix.lower()


def text_separator(path: Path, options: FileOptions) -> str | None:
    """Return what separates the columns of a text file; None for another file."""
    return options.separator or SEPARATORS.get(ending_of(path))


@contextmanager
def readable(argument: str, path: Path, options: FileOptions) -> Iterator[None]:
    """Raise one clear error where a file cannot be read."""
    try:
        yield
    except FileNotFoundError:
        raise ArgumentError(argument, "a file that exists", f'"{path}"') from None
    except ArgumentError:
        raise
    except UnicodeError as problem:
        received = f'"{path}": it is not in {options.encoding}'
        other = " or what `--encoding` says" if options.command_line else ""
        expected = f"a table that can be read, of text in utf-8{other}"
        raise ArgumentError(argument, expected, received) from problem
    except _UNREADABLE as problem:
        if _LOST in str(problem):
            raise KeyboardInterrupt from problem
        reason = first_line(problem).rstrip(".")
        raise ArgumentError(
            argument, "a table that can be read", f'"{path}": {reason}'
        ) from problem


def _parse_text_columns(table: pd.DataFrame, decimal: str, marks: MissingMarks) -> pd.DataFrame:
    columns = {
        name: parse_text_column(column, decimal, marks) if is_text(column) else column
        for name, column in table.items()
    }
    return pd.DataFrame(columns, index=table.index, columns=table.columns, copy=False)


class TextFile:
    """A file of delimited text."""

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
        # A pipe can be read only once.
        self._bytes = path.read_bytes() if path.is_fifo() or path.is_char_device() else None
        self._given_marks, self._decimal = options.missing, options.decimal
        self._hints = options.command_line
        # With or without the byte order mark that spreadsheets write.
        is_utf8 = options.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
        self._how: dict[str, Any] = {
            "sep": separator,
            "compression": _COMPRESSED.get(path.suffix.lower()),
            "encoding": "utf-8-sig" if is_utf8 else options.encoding,
        }

    def read(self) -> pd.DataFrame:
        """Read the file; see ``read_table_file()``."""
        how = self._options()
        table = self._parsed(how)
        self._check_index(table.index, 0, set())
        return self._named_columns(table)

    def names(self) -> list[str]:
        """Return the names of the columns that have one."""
        return [name for name in self._line(0) if name]

    def chunks(self, rows: int, **how: Any) -> Iterator[pd.DataFrame]:
        """Read the file by so many rows at a time; columns may have other types in each.

        ``how`` are further arguments of ``read_csv()``.
        """
        options = self._options()
        options["dtype"] |= how.pop("dtype", {})
        start, names = 0, set[Any]()
        with self._parsed({**options, **how, "chunksize": rows}) as reader:
            while True:
                with warnings.catch_warnings():
                    _expect_empty_values()
                    table = next(reader, None)
                if table is None:
                    return
                self._check_index(table.index, start, names)
                yield self._named_columns(table)
                start += len(table)

    def _options(self) -> dict[str, Any]:
        """Look at the first lines; return how to read the file."""
        header = self._line(0)
        named = [name for name in header if name]
        wanted = {} if self._types is None else self._types.by_name(named)
        self._refuse_one_column(header, wanted)
        known = set(named) if self._types is None else wanted
        self._refuse_duplicates([name for name in named if name in known])
        # The default of pandas before 3.1 can differ from the written number in the last bit.
        old = tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1)
        exact: dict[str, Any] = {"float_precision": "round_trip"} if old else {}
        nameless = self._line(1)[len(header) :]
        self._nameless = any(nameless), len(header), len(header) + len(nameless)
        return {
            "na_values": {name: self._missing_of(wanted.get(name)) for name in header},
            "dtype": {name: str for name, levels in wanted.items() if levels is not None},
            # By default pandas takes the first value of rows that are longer than the header for
            # an index. Where the values beyond the header are empty, all rows only end in a
            # separator.
            "index_col": False if nameless and not any(nameless) else None,
            **exact,
        }

    def _check_index(self, index: pd.Index, start: int, before: set[Any]) -> None:
        """Raise if rows have values without a name that are no row names.

        ``before`` are those of the rows before ``start``; they get these.
        """
        has_nameless, names, values = self._nameless
        if has_nameless and not self._are_row_names(index, start, before):
            raise ArgumentError(self._argument, *_longer(names, values))

    def _named_columns(self, table: pd.DataFrame) -> pd.DataFrame:
        has_name = [not str(name).startswith("Unnamed: ") for name in table.columns]
        kept: pd.DataFrame = table.loc[:, has_name].reset_index(drop=True)
        return kept

    def _parsed(self, how: dict[str, Any]) -> Any:
        with warnings.catch_warnings():
            _expect_empty_values()
            return pd.read_csv(
                self._source(),
                low_memory=False,  # by chunks, a column could get values of several types
                keep_default_na=False,
                decimal=self._decimal,
                **self._how,
                **how,
            )

    def _line(self, number: int, **how: Any) -> list[str]:
        """Return the values of a line as text; none if there is no such line."""
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

    def _are_row_names(self, index: pd.Index, start: int, before: set[Any]) -> bool:
        """Tell whether an index is row names, for which R writes no column name.

        Row names are quoted, or are no numbers, or are 1, 2, 3 ...; otherwise the header lacks a
        name, and it is unknown which.
        """
        if index.nlevels > 1 or not index.is_unique:
            return False
        numbers = pd.to_numeric(pd.Series(index), errors="coerce")
        if bool((numbers == start + np.arange(1, len(index) + 1)).all()):
            return True
        if not before.isdisjoint(index):
            return False
        before.update(index)
        quoted_names = self._line(1, quoting=csv.QUOTE_NONE)[0].startswith('"')
        return quoted_names or bool(numbers.isna().all())

    def _source(self) -> Path | BytesIO:
        return self._path if self._bytes is None else BytesIO(self._bytes)

    def _missing_of(self, levels: Any) -> list[str]:
        """List the marks that are missing values in a column: not its known levels."""
        given = self._given_marks
        return [mark for mark in self._missing if mark in given or mark not in (levels or ())]

    def _refuse_one_column(self, header: Sequence[str], wanted: dict[str, Any]) -> None:
        """Raise if the only column holds another separator: it most likely is several columns."""
        if len(header) > 1 or header[0] in wanted:
            return
        for character, name in _OTHER_SEPARATORS.items():
            if character in header[0] and character != self._separator:
                hint = f'`--sep "{name}"` may be what it needs'
                if not self._hints:
                    hint = f'"{name}" may be what separates its columns'
                received = f"one column {quote(header[0])}; {hint}"
                raise ArgumentError(self._argument, "a table of several columns", received)

    def _refuse_duplicates(self, names: Sequence[str]) -> None:
        duplicates = sorted(name for name, count in Counter(names).items() if count > 1)
        if duplicates:
            received = f"one with several columns {quote_some(duplicates)}"
            raise ArgumentError(self._argument, "a table whose column names differ", received)


def _expect_empty_values() -> None:
    """Leave out pandas' warning that values are dropped: only empty ones are."""
    warnings.filterwarnings("ignore", "Length of header", pd.errors.ParserWarning)


def _longer(names: int, values: int) -> tuple[str, str]:
    """Describe the error that rows have more values than the header has names."""
    expected = "a table with a name for each value of a row"
    names_of_rows = "names of rows need a name of their column too"
    return expected, f"one of {names} names and rows of {values} values; {names_of_rows}"


def _read_parquet(path: Path, options: FileOptions) -> pd.DataFrame:
    require_pyarrow()
    table = pd.read_parquet(path, engine="pyarrow").reset_index(drop=True)
    table = table.set_axis([str(name) for name in table], axis=1)
    return (
        table.apply(mask_values, marks=options.missing) if options.missing and len(table) else table
    )


def mask_values(series: "pd.Series[Any]", marks: Sequence[str]) -> "pd.Series[Any]":
    """Replace marks by missing values; in numeric columns those marks that are numbers."""
    numbers = [number for mark in marks if (number := parse_number(mark)) is not None]
    is_number = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
    return series.mask(series.isin(numbers if is_number else marks))
