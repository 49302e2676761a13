"""Matrices in a file that is mapped into memory: a temporary one, or one that is kept."""

import contextlib
import errno
import mmap
import os
import secrets
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pytwolayer.checks import describe
from pytwolayer.errors import (
    ArgumentError,
    PytwolayerError,
    TemporaryFolderError,
    format_bytes,
)
from pytwolayer.files.row_layout import Matrix, RowLayout

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PIECE = 2**22  # bytes that are read, or written without a look at memory, at once
_STEP = 2**24  # bytes after which a large file's pages are written and let go of
_UNFINISHED = ".rows-"
_IN_MEMORY = ("tmpfs", "ramfs")
FOLDER = "the path of a folder"


class RowFile:
    """A file of matrices, mapped into memory.

    Parameters
    ----------
    file : file
        It may be closed, and removed, once this is made.
    layout : RowLayout
    writable : bool

    Attributes
    ----------
    matrices : dict
        Arrays on the file, by name.
    """

    def __init__(self, file: Any, layout: RowLayout, *, writable: bool) -> None:
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        try:
            self._map = mmap.mmap(file.fileno(), layout.size, access=access)
        except OSError as problem:  # such as a limit on the address space
            raise MemoryError(f"tried to allocate {layout.size} bytes") from problem
        self.layout = layout
        self.matrices: dict[str, Matrix] = layout.views(self._map)

    def _advise(self, advice: str, start: int = 0, length: int | None = None) -> None:
        number = getattr(mmap, advice, None)
        if number is None:  # the system has none
            return
        begin = start - start % mmap.PAGESIZE
        if length == 0:
            return
        length = self.layout.size - begin if length is None else length + start - begin
        with contextlib.suppress(OSError, ValueError):
            self._map.madvise(number, begin, length)

    def fetch(self, name: str, first: int, last: int) -> None:
        """Have the system read rows ``first`` to ``last`` of a matrix soon."""
        start, width = self._start(name)
        self._advise("MADV_WILLNEED", start + first * width, (last - first) * width)

    def release(self) -> None:
        """Give back the memory of what was read or written; it is read again where needed."""
        self._advise("MADV_DONTNEED")

    def read_at_random(self) -> None:
        """Have the system read nothing ahead by itself."""
        self._advise("MADV_RANDOM")

    def _start(self, name: str) -> tuple[int, int]:
        start, size = self.layout.span(name)
        return start, size // len(self.matrices[name])

    def write_out(self, name: str, first: int, last: int) -> None:
        """Write rows of a matrix to the disk, and give back their memory."""
        start, width = self._start(name)
        begin = (start + first * width) // mmap.PAGESIZE * mmap.PAGESIZE
        self._map.flush(begin, start + last * width - begin)
        self._advise("MADV_DONTNEED", begin, start + last * width - begin)

    def checksum(self, name: str) -> int:
        """Compute a checksum of a matrix, piece by piece."""
        start, size = self.layout.span(name)
        total = 0
        with memoryview(self._map) as memory:
            for place in range(start, start + size, _PIECE):
                length = min(_PIECE, start + size - place)
                with memory[place : place + length] as piece:
                    total = zlib.crc32(piece, total)
                if (place - start) % _STEP == 0:
                    self._advise("MADV_DONTNEED", start, place - start)
        self._advise("MADV_DONTNEED", start, size)
        return total

    def finish(self, key: str) -> None:
        """Write everything to the disk, and then the header."""
        sums = {name: self.checksum(name) for name in self.matrices}
        self._map.flush()
        header = self.layout.header(key, sums)
        self._map[: len(header)] = header
        self._map.flush()


class GradualWriter:
    """Lets go of a large file's rows after they were written from the first to the last."""

    def __init__(self, file: RowFile, name: str) -> None:
        self._file, self._name, self._first = file, name, 0
        self._width = file.matrices[name][:1].nbytes
        self._rows = _STEP // max(1, self._width) or 1

    def __call__(self, rows: int) -> None:
        """Take note that all rows before this number are written."""
        if not self._width:
            return
        if rows - self._first >= self._rows:
            self._file.write_out(self._name, self._first, rows)
            self._first = rows


def temporary_folder() -> Path:
    """Return the folder of a large temporary file; one that is memory itself is of no use.

    Raises
    ------
    TemporaryFolderError
        If there is none that can be written to.
    """
    try:
        folder, other = Path(tempfile.gettempdir()), Path("/var/tmp")
    except FileNotFoundError as problem:
        raise TemporaryFolderError("to write to", f"missing ({problem.strerror})") from problem
    if "TMPDIR" in os.environ or not _is_in_memory(folder):
        return folder
    usable = other.is_dir() and os.access(other, os.W_OK) and not _is_in_memory(other)
    return other if usable else folder


def _is_in_memory(folder: Path) -> bool:
    """Tell whether a folder's file system keeps its files in memory, where that is known."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
        path = folder.resolve()
    except (OSError, ValueError):
        return False
    mounts = [line.split()[1:3] for line in lines if len(line.split()) > 2]
    around = [(len(Path(top).parts), kind) for top, kind in mounts if _is_around(Path(top), path)]
    return bool(around) and max(around)[1] in _IN_MEMORY


def _is_around(top: Path, path: Path) -> bool:
    return top == path or top in path.parents


def read_folder(argument: str, folder: Any) -> Path:
    """Check the path of a folder, which is made if it is not there.

    Raises
    ------
    ArgumentError
    """
    if not isinstance(folder, (str, os.PathLike)) or not str(folder):
        raise ArgumentError(argument, FOLDER, describe(folder))
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as problem:
        raise ArgumentError(argument, FOLDER, f'the file "{path}"') from problem
    except (OSError, ValueError) as problem:  # the latter of a null byte
        received = f'"{path}": {getattr(problem, "strerror", None) or problem}'
        raise ArgumentError(argument, f"{FOLDER} that can be made", received) from problem
    return path


def temporary_rows(folder: Path, layout: RowLayout) -> RowFile:
    """Make a file without a name, which is gone when it is no longer used, or the process dies."""
    with (
        _about_room(folder, layout.size, temporary=True),
        tempfile.TemporaryFile(dir=folder, prefix="pytwolayer-") as file,
    ):
        _reserve(file, layout.size)
        return RowFile(file, layout, writable=True)


def find_rows(path: Path, key: str, layout: RowLayout, *, whole: bool = False) -> RowFile | None:
    """Map the file of these rows, if it is there and whole, as it may be known to be."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != layout.size:
                return None
            sums = layout.read_checksums(file.read(2**12), key)
            if sums is None:
                return None
            found = RowFile(file, layout, writable=False)
    except OSError:
        return None
    whole = whole or all(sums.get(name) == found.checksum(name) for name in found.matrices)
    return found if whole else None


@contextmanager
def kept_rows(
    path: Path, key: str, layout: RowLayout, *, temporary: bool = False
) -> Iterator[RowFile]:
    """Yield a new file to fill, which without an error is then there under its path.

    Others see the whole file or none. What a process left that was killed is removed.
    ``temporary`` says that the user has not chosen the folder.
    """
    folder = path.parent
    unfinished = folder / f"{_UNFINISHED}{secrets.token_hex(4)}"
    with ExitStack() as stack:
        with _about_room(folder, layout.size, temporary=temporary):
            _remove_unfinished(folder)
            handle = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
            stack.callback(unfinished.unlink, missing_ok=True)
            file = stack.enter_context(os.fdopen(handle, "r+b"))
            _lock(file)
            _reserve(file, layout.size)
            rows = RowFile(file, layout, writable=True)
        yield rows
        with _about_room(folder, 0, temporary=temporary):
            rows.finish(key)
            os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile: it is not kept
                unfinished.replace(path)


@contextmanager
def _about_room(folder: Path, needed: int, *, temporary: bool) -> Iterator[None]:
    """Have errors about a full or read-only disk say what is needed where."""
    usage = shutil.disk_usage(folder)
    if usage.free < needed and usage.total:  # what is no disk, such as /proc, has nothing at all
        raise _no_room(folder, needed, usage.free, temporary=temporary)
    try:
        yield
    except OSError as problem:
        if problem.errno in _FULL:
            free = shutil.disk_usage(folder).free
            raise _no_room(folder, needed, free, temporary=temporary) from problem
        received = f'"{folder}": {problem.strerror}'
        if temporary:
            raise TemporaryFolderError("to write to", received) from problem
        raise ArgumentError("cache", "a folder to write to", received) from problem


def _no_room(folder: Path, needed: int, free: int, *, temporary: bool) -> PytwolayerError:
    expected = f"with {format_bytes(needed)} of free space for the encoded rows"
    received = f'"{folder}", where {format_bytes(free)} are free'
    if temporary:
        return TemporaryFolderError(expected, received)
    return ArgumentError("cache", f"a folder {expected}", received)


def _reserve(file: Any, size: int) -> None:
    """Take up the disk's space at once: a mapped file that finds none later kills the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    zeros = bytes(_PIECE)
    for start in range(0, size, _PIECE):
        file.write(zeros[: min(_PIECE, size - start)])
    file.flush()


def _lock(file: Any) -> bool:
    """Lock a file for as long as it is open; return whether nobody else has it locked."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _remove_unfinished(folder: Path) -> None:
    """Remove what is no longer being written."""
    for path in folder.glob(_UNFINISHED + "?" * 8):
        with contextlib.suppress(OSError), path.open("rb") as file:
            if _lock(file):
                path.unlink(missing_ok=True)
