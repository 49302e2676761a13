"""Rows of one or several Parquet files."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytwolayer.errors import ArgumentError, first_line
from pytwolayer.files.arrow_rows import Batch, Values, any_wanted
from pytwolayer.files.parquet_folder import FileState
from pytwolayer.files.read_ahead import read_ahead
from pytwolayer.preprocessing.row_source import BLOCK_ROWS, RowChoice

# So small that memory stays flat, whatever the size of a file's row groups.
_BUFFER = 2**16
_BATCH_BYTES = 2**21
# Of each column that is read, pyarrow holds a page and a dictionary, up to 2 MB together.
_COLUMNS = 16
_STEADY = "files that do not change while they are in use"


@dataclass(frozen=True)
class ParquetFile:
    """A file whose footer was read.

    Attributes
    ----------
    path : Path
    state : FileState
    types : dict
        Arrow types of the columns, by name; without those of an index of pandas.
    names : tuple of str
        Names of all columns, also those that several have.
    groups : tuple of int
        Numbers of rows of the row groups.
    """

    path: Path
    state: FileState
    types: dict[str, Any]
    names: tuple[str, ...]
    groups: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(self.groups)

    @classmethod
    def open(cls, argument: str, path: Path) -> "ParquetFile":
        """Read a file's footer.

        Raises
        ------
        ArgumentError
            If it cannot be read.
        """
        import pyarrow.parquet as pq

        with _readable(argument, path):
            state = FileState.of(path)
            with pq.ParquetFile(path) as file:
                schema, metadata = file.schema_arrow, file.metadata
                groups = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
        index = index_columns(schema)
        names = [name for name in schema.names if name not in index]
        types = {field.name: field.type for field in schema if field.name not in index}
        return cls(path, state, types, tuple(names), tuple(groups))

    def batches(
        self,
        argument: str,
        names: Sequence[str],
        text: Collection[str],
        groups: Sequence[int],
        most: int,
    ) -> Iterator[list[Any]]:
        """Yield the columns of these names, in batches of at most so many rows.

        Raises
        ------
        ArgumentError
            If the file has changed since it was opened, or cannot be read.
        """
        import pyarrow.parquet as pq

        with _readable(argument, self.path):
            self.refuse_change(argument)
            file = pq.ParquetFile(
                self.path,
                buffer_size=_BUFFER,
                pre_buffer=False,
                page_checksum_verification=True,  # of files that have checksums
                read_dictionary=[name for name in names if name in text],
            )
            with file:
                how: dict[str, Any] = {"batch_size": most, "use_threads": False}
                for batch in file.iter_batches(row_groups=list(groups), columns=names, **how):
                    # A name such as "a" also selects a column "a.b".
                    places = [batch.schema.get_field_index(name) for name in names]
                    yield [batch.column(place) for place in places]
            self.refuse_change(argument)

    def pieces(self, argument: str, size: int, step: int) -> Iterator[bytes]:
        """Yield so many of the file's bytes at each such step."""
        with _readable(argument, self.path), self.path.open("rb") as file:
            for start in range(0, self.state.size, step):
                file.seek(start)
                yield file.read(size)

    def refuse_change(self, argument: str) -> None:
        """Raise if the file has changed since it was opened."""
        with _readable(argument, self.path):
            if FileState.of(self.path) != self.state:
                raise ArgumentError(argument, _STEADY, f'"{self.path}", which has changed')


@contextmanager
def _readable(argument: str, path: Path) -> Iterator[None]:
    try:
        yield
    except ArgumentError:
        raise
    except FileNotFoundError:
        raise ArgumentError(argument, _STEADY, f'"{path}", which is gone') from None
    except (OSError, ValueError, NotImplementedError) as problem:  # pyarrow's are among these
        reason = first_line(problem).rstrip(".")
        expected = "Parquet files that can be read"
        raise ArgumentError(argument, expected, f'"{path}": {reason}') from problem


def index_columns(schema: Any) -> set[str]:
    """Return the names of the columns that are the index of a data frame of pandas."""
    try:
        facts = json.loads((schema.metadata or {})[b"pandas"])
        return {name for name in facts["index_columns"] if isinstance(name, str)}
    except (KeyError, TypeError, ValueError):
        return set()


class ParquetBatches:
    """The rows of Parquet files in batches, see ``Batches``; a thread reads ahead.

    Parameters
    ----------
    argument : str
        Its name in error messages.
    files : list of ParquetFile
    partitions : list of dict
        For each file values of columns that it does not have, as doubles.
    names : list of str
        The columns.
    text : set of str
        Those of text.
    """

    def __init__(
        self,
        argument: str,
        files: Sequence[ParquetFile],
        partitions: Sequence[dict[str, float]],
        names: Sequence[str],
        text: Collection[str],
    ) -> None:
        self._argument, self._names, self._text = argument, names, text
        self._files, self._partitions = files, partitions
        self.rows = sum(file.rows for file in files)
        self.columns_at_once = _COLUMNS

    def read(self, columns: Sequence[int], wanted: RowChoice | None) -> Iterator[Batch]:
        """Yield the batches; see ``Batches``."""
        import pyarrow as pa

        names = [self._names[column] for column in columns]
        try:
            yield from read_ahead(self._read(names, wanted))
        finally:
            pa.default_memory_pool().release_unused()

    def _read(self, names: Sequence[str], wanted: RowChoice | None) -> Iterator[Batch]:
        start = 0
        for file, partition in zip(self._files, self._partitions, strict=True):
            own = [name for name in names if name not in partition]
            for first, groups in _runs(file, start, wanted):
                rows = sum(file.groups[group] for group in groups)
                last = first + rows if wanted is None else min(first + rows, wanted[-1] + 1)
                yield from self._run(file, partition, names, own, first, groups, rows, last)
            start += file.rows

    def _run(
        self,
        file: ParquetFile,
        partition: dict[str, float],
        names: Sequence[str],
        own: Sequence[str],
        first: int,
        groups: Sequence[int],
        rows: int,
        last: int,
    ) -> Iterator[Batch]:
        """Yield the rows of consecutive row groups, up to the last that is wanted."""
        if not own:
            yield Batch(first, rows, [partition[name] for name in names])
            return
        done, where = 0, f' of "{file.path}"'
        for arrays in file.batches(self._argument, own, self._text, groups, _batch_rows(own)):
            there: dict[str, Values] = dict(zip(own, arrays, strict=True))
            values = [there[n] if n in there else partition[n] for n in names]
            if done + len(arrays[0]) > rows:
                break
            yield Batch(first + done, len(arrays[0]), values, where)
            done += len(arrays[0])
            if last <= first + done < first + rows:
                file.refuse_change(self._argument)
                return
        if done != rows:
            received = f'"{file.path}", which no longer has {rows:,} rows'
            raise ArgumentError(self._argument, _STEADY, received)


def _batch_rows(names: Sequence[str]) -> int:
    """Return the number of rows that are read at a time: whole blocks, unless they are wide."""
    blocks = _BATCH_BYTES // (8 * BLOCK_ROWS * len(names))
    return BLOCK_ROWS * min(blocks, 8) if blocks else max(1024, _BATCH_BYTES // (8 * len(names)))


def _runs(
    file: ParquetFile, start: int, wanted: RowChoice | None
) -> Iterator[tuple[int, list[int]]]:
    """Yield the first row and the groups of each run of row groups with wanted rows."""
    run: list[int] = []
    first = at = start
    for group, rows in enumerate(file.groups):
        if rows and any_wanted(wanted, at, at + rows):
            first = first if run else at
            run.append(group)
        elif run and rows:
            yield first, run
            run = []
        at += rows
    if run:
        yield first, run
