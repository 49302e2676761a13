"""The Parquet files of a folder, in their order, and what the folders' names say of their rows."""

import math
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pytwolayer.errors import ArgumentError
from pytwolayer.files.local_paths import local_path
from pytwolayer.preprocessing.text_patterns import parse_number

ENDINGS = (".parquet", ".pq", ".parq")
_MISSING = "__HIVE_DEFAULT_PARTITION__"
_HIDDEN = (".", "_")
_MAGIC = 4  # bytes at the end of a file; before them the footer's length, as many


@dataclass(frozen=True)
class FileState:
    """What shows whether a file has changed: size, time of change, and a checksum of its footer."""

    size: int
    time: int
    footer: int

    @classmethod
    def of(cls, path: Path) -> "FileState":
        """Return the state of a file."""
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            file.seek(max(0, facts.st_size - 2 * _MAGIC))
            end = file.read()
            length = int.from_bytes(end[:_MAGIC], "little") + 2 * _MAGIC
            file.seek(max(0, facts.st_size - length))
            return cls(facts.st_size, facts.st_mtime_ns, zlib.crc32(file.read()))


@dataclass(frozen=True)
class FoundFile:
    """A Parquet file.

    Attributes
    ----------
    path : Path
    partition : dict
        What the folders' names say of its rows: text, or None where missing.
    """

    path: Path
    partition: dict[str, str | None] = field(default_factory=dict)


def find_parquet_files(argument: str, folder: Path) -> list[FoundFile]:
    """Find the Parquet files of a folder and of those in it, sorted by their paths in it.

    Names that begin with a dot or an underscore are left out.

    Raises
    ------
    ArgumentError
        If there is none, or if folders' names give some of the files other columns.
    """
    named = {found.relative_to(folder).as_posix(): found for found in _walk(folder, frozenset())}
    if not named:
        endings = ", ".join(ENDINGS)
        expected = f"a folder with Parquet files (ending in {endings})"
        raise ArgumentError(argument, expected, f'"{folder}", which has none')
    files = [FoundFile(named[name], _partition(Path(name))) for name in sorted(named)]
    _refuse_other_partitions(argument, files)
    return files


def _refuse_other_partitions(argument: str, files: Sequence[FoundFile]) -> None:
    """Raise if folders' names give some of the files other columns than the first."""
    first = files[0]
    for file in files:
        if set(file.partition) != set(first.partition):
            received = f"{_describe(first)} but {_describe(file)}"
            expected = "a folder whose folders' names give all files the same columns"
            raise ArgumentError(argument, expected, received)


def listed_files(argument: str, paths: Sequence[Any]) -> list[FoundFile]:
    """Return the Parquet files of a list, and those of folders in it, in its order.

    Raises
    ------
    ArgumentError
        If one is not there, or is something else, or if folders' names give some of the files
        other columns.
    """
    files: list[FoundFile] = []
    for path in (local_path(argument, one) for one in paths):
        if path.is_dir():
            files += find_parquet_files(argument, path)
            continue
        if not path.is_file():
            raise ArgumentError(argument, "files that exist", f'"{path}"')
        if path.suffix.lower() not in ENDINGS:
            endings = ", ".join(ENDINGS)
            expected = f"Parquet files ({endings}) where it is a list of paths"
            raise ArgumentError(argument, expected, f'"{path}"')
        files.append(FoundFile(path))
    _refuse_other_partitions(argument, files)
    return files


def _describe(file: FoundFile) -> str:
    names = ", ".join(f'"{name}"' for name in file.partition) or "none"
    return f'{names} of "{file.path}"'


def _walk(folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    """Yield the files below a folder; links are followed, but not back to a folder above."""
    facts = folder.stat()
    here = facts.st_dev, facts.st_ino
    if here in above:
        return
    for entry in folder.iterdir():
        if entry.name.startswith(_HIDDEN):
            continue
        if entry.is_dir():
            yield from _walk(entry, above | {here})
        elif entry.suffix.lower() in ENDINGS:
            yield entry


def _partition(path: Path) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for part in path.parts[:-1]:
        key, equals, value = part.partition("=")
        if equals and key:
            found[unquote(key)] = None if value == _MISSING else unquote(value)
    return found


def partition_numbers(values: Sequence[str | None]) -> list[float] | None:
    """Return what folders' names say as numbers; None if not all of them are numbers."""
    found = [math.nan if value is None else parse_number(value) for value in values]
    numbers = [number for number in found if number is not None]
    return numbers if len(numbers) == len(found) else None


def partition_codes(values: Sequence[str | None]) -> tuple[tuple[str, ...], list[float]]:
    """Return what folders' names say as levels, and the code of each."""
    levels = tuple(sorted({value for value in values if value is not None}))
    code = {level: float(number) for number, level in enumerate(levels)}
    return levels, [math.nan if value is None else code[value] for value in values]
