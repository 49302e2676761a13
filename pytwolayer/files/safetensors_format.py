"""Tensors and JSON as bytes and as a file in the format of safetensors, checked when read.

The file is the length of the header, the header (JSON), and the tensors' bytes one behind the
other. The header's metadata have one entry, ``pytwolayer``: JSON that holds all that is not a
tensor. In it ``kind``, ``format`` and ``versions`` come first, and ``md5`` comes last: the checksum
of the text before it and of the tensors' bytes, so that one changed bit is found.

The checksum finds damage, not malice: anyone can compute it. So each part is checked before it is
used: the length against the file's size before the header is read, the header's JSON, and its types
and shapes of tensors against those that the content requires, before their bytes are read. So a
small file cannot claim much memory. Reading runs no code.
"""

import hashlib
import io
import json
import math
import os
import platform
import re
import stat
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import numpy as np
import safetensors.numpy
import safetensors.torch
from safetensors import SafetensorError

from pytwolayer._version import __version__
from pytwolayer.errors import ArgumentError, FileFormatError
from pytwolayer.files.atomic_write import PATH_OF_FILE, check_path, mode_of, write_bytes
from pytwolayer.runtime.torch_loading import torch

_KEY = "pytwolayer"
_CHECKSUM = re.compile(r', "md5": "([0-9a-f]{32})"}\Z')
_UNKNOWN = "0" * 32  # as long as a checksum
_UNKNOWN_AT_END = rb'%b\"}"' % _UNKNOWN.encode()  # of the metadata, and nowhere else in a header
_LENGTH = struct.Struct("<Q")  # of the header
_LONGEST_HEADER = 100_000_000  # bytes; safetensors' own limit
_TENSOR_KEYS = ("dtype", "shape", "data_offsets")
_LONGEST_REASON = 300  # characters
_DEEPEST_JSON = 200  # levels
_DAMAGED = "it is damaged, or is not a file of pytwolayer"
_CHUNK = 2**20  # bytes
_BYTES = {"F32": 4, "F64": 8, "I64": 8, "U8": 1}
# Errors that reading bytes of another content can raise, here and in ``Format.build``.
READ_ERRORS = (
    SafetensorError,
    LookupError,
    TypeError,
    ValueError,
    OverflowError,
    RuntimeError,  # RecursionError, of JSON that is nested too deeply, is one
    AttributeError,
    MemoryError,
)
Tensors = dict[str, torch.Tensor]
Content = dict[str, Any]
T = TypeVar("T")
TensorSpecs = Mapping[str, tuple[str, tuple[int, ...]]]  # name -> safetensors' type, and shape


class NewerError(ValueError):
    """The format is newer than this version."""


@dataclass(frozen=True)
class Format(Generic[T]):
    """A kind of file.

    Attributes
    ----------
    kind : str
        Name of the kind, such as "model".
    number : int
        Version of the format, larger where older versions cannot read it.
    specs : callable
        Computes from the content which tensors the file must have.
    build : callable
        Makes the object that was packed from tensors and content.
    others : tuple of Format
        Other kinds of files that are accepted in its place.
    oldest : int or None
        The oldest version that is read; None: ``number``.
    upgrade : callable or None
        ``upgrade(content, number)`` makes the content of an older version one of ``number``.
    """

    kind: str
    number: int
    specs: Callable[[Content], TensorSpecs]
    build: Callable[[Tensors, Content], T]
    others: "tuple[Format[Any], ...]" = ()
    oldest: int | None = None
    upgrade: Callable[[Content, int], Content] | None = None

    def pack(self, tensors: Mapping[str, torch.Tensor], content: Mapping[str, Any]) -> bytes:
        """Convert tensors and JSON content to bytes.

        Parameters
        ----------
        tensors : mapping
            On the CPU, contiguous.
        content : mapping
            Text, finite numbers, logicals, None, and lists and dictionaries of these.
        """
        start = {"kind": self.kind, "format": self.number, "versions": _versions()}
        text = json.dumps({**start, **content}, allow_nan=False)
        data = _bytes_of(tensors, f'{text[:-1]}, "md5": "{_UNKNOWN}"}}')
        # Of the tensors in the order that safetensors has put them in.
        checksum = _checksum(text, [_values(data)]).encode()
        place = data.index(_UNKNOWN_AT_END)
        return b"".join((data[:place], checksum, memoryview(data)[place + len(checksum) :]))

    def unpack(self, data: bytes | bytearray) -> T:
        """Read what ``pack()`` wrote.

        Raises
        ------
        FileFormatError
            If the bytes are of another kind, are damaged, or are of a newer format.
        """
        try:
            data = bytes(data)
            return self._read(io.BytesIO(data), len(data))
        except READ_ERRORS as problem:
            raise self.error(problem) from problem

    def write(self, argument: str, file: Any, data: bytes, **options: str) -> None:
        """Write packed bytes to a file; see ``write_bytes()``."""
        write_bytes(argument, file, data, **options)

    def load(self, argument: str, file: Any) -> T:
        """Read a file; its tensors only if its size is what header and content require.

        Raises
        ------
        ArgumentError
            If there is no such file.
        FileFormatError
            As ``unpack()``.
        """
        path = _input_path(argument, file)
        try:
            with path.open("rb") as opened:
                return self._read(opened, os.fstat(opened.fileno()).st_size)
        except OSError as problem:
            received = f'"{path}": {problem.strerror}'
            raise ArgumentError(argument, PATH_OF_FILE, received) from problem
        except READ_ERRORS as problem:
            raise self.error(problem, path) from problem

    def error(self, problem: Exception, file: Path | None = None) -> FileFormatError:
        """Make the error about the file or the bytes from another error."""
        where = None if file is None else str(file)
        newer = isinstance(problem, NewerError)
        return FileFormatError(self.kind, _printable(_reason(problem)), where, newer=newer)

    def _read(self, opened: BinaryIO, size: int) -> T:
        start = opened.read(_LENGTH.size)
        text = opened.read(_header_length(start, size))
        saved, tensors = _header(text, size - len(start) - len(text))
        try:
            found, content, specs = self._content(saved)
        except READ_ERRORS:
            # If the text is damaged, the error says that, not what the damage led to.
            _verify_checksum(saved, iter(lambda: opened.read(_CHUNK), b""))
            raise
        with _prefix_errors(_DAMAGED):
            _check_specs(tensors, specs)
        values = opened.read(size - len(start) - len(text))
        _verify_checksum(saved, [values])
        made: T = found.build(safetensors.torch.load(start + text + values), content)
        return made

    def _content(self, saved: str) -> "tuple[Format[Any], Content, TensorSpecs]":
        """Return format and content, and types and shapes of the tensors that it requires."""
        content: Content = _read_json(saved, parse_constant=_refuse_constant)
        kind, number = content.pop("kind"), content.pop("format")
        found = next((other for other in self.others if other.kind == kind), self)
        found._check_format(kind, number)
        del content["md5"]
        if found.upgrade is not None and number < found.number:
            content = found.upgrade(content, number)
        return found, content, found.specs(content)

    def _check_format(self, kind: Any, number: Any) -> None:
        if kind != self.kind:
            raise ValueError(f'it is a file of kind "{str(kind)[:150]}", not "{self.kind}"')
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError("its format is not a whole number")
        if number > self.number:
            raise NewerError(
                f"it is of format {number}, and this version of pytwolayer reads format "
                f"{self.number}: install a newer pytwolayer"[:200]
            )
        if number < (self.number if self.oldest is None else self.oldest):
            raise ValueError(
                f"it is of format {number}, from a pytwolayer before the first release: "
                f"create the {self.kind} again"
            )


def _versions() -> dict[str, str]:
    versions = {"pytwolayer": __version__, "torch": torch.__version__}
    return {**versions, "python": platform.python_version()}


def check_keys(what: str, found: Mapping[str, Any], names: Collection[str]) -> None:
    """Check that there is each of some names, and no other.

    Raises
    ------
    ValueError
        If one is missing or there are others; it names them.
    """
    missing = sorted(name for name in names if name not in found)
    others = sorted(name for name in found if name not in names)
    if missing:
        raise ValueError(f"it lacks {what}: {', '.join(missing)}")
    if others:
        raise ValueError(f"it has unknown {what}: {', '.join(others)}"[:200])


def _bytes_of(parts: Mapping[str, torch.Tensor], text: str) -> bytes:
    # safetensors aborts the process where memory runs out, so the memory that it needs is tried
    # first: for its input, its buffer and the returned bytes.
    size = sum(part.numel() * part.element_size() for part in parts.values())
    np.empty((3, size + len(text)), dtype=np.uint8)
    # Of arrays in the tensors' memory: for tensors it takes a tenth of the time of a small fit.
    arrays = {name: part.detach().numpy() for name, part in parts.items()}
    return safetensors.numpy.save(arrays, {_KEY: text})


def _values(data: bytes) -> memoryview:
    """Return the bytes of the tensors in a file's bytes."""
    return memoryview(data)[_LENGTH.size + _header_length(data, len(data)) :]


def _read_json(text: str | bytes, **options: Any) -> Any:
    """Read JSON; refuse keys that come twice, and a nest too deep for other readers, as R's is."""
    made = json.loads(text, object_pairs_hook=_unique_keys, **options)
    level = _containers([made])
    for _ in range(_DEEPEST_JSON):
        level = [each for container in level for each in _containers(container)]
        if not level:
            return made
    raise RecursionError


def _containers(parts: Any) -> list[Any]:
    among = parts.values() if isinstance(parts, dict) else parts
    return [each for each in among if isinstance(each, (dict, list))]


def _header_length(start: bytes | memoryview, size: int) -> int:
    if len(start) < _LENGTH.size:
        raise ValueError(f"{_DAMAGED}: it is cut short")
    length: int = _LENGTH.unpack_from(start)[0]
    if length > min(_LONGEST_HEADER, size - _LENGTH.size):
        raise ValueError(f"{_DAMAGED}: it is cut short, or does not begin with a header")
    return length


def _header(text: bytes, rest: int) -> tuple[str, dict[str, Any]]:
    """Return the metadata's text and the entries of the tensors, which take ``rest`` bytes."""
    with _prefix_errors(_DAMAGED):
        try:
            header = _read_json(text)
        except ValueError as problem:
            raise ValueError("its header is not valid JSON") from problem
        if not isinstance(header, dict) or not isinstance(header.get("__metadata__"), dict):
            raise ValueError("its header has no metadata")
        if not text.rstrip(b" ").endswith(b"}"):
            raise ValueError("its header does not end with a closing brace")
        metadata = header.pop("__metadata__")
        check_keys("metadata entries", metadata, (_KEY,))
        if not isinstance(metadata[_KEY], str):
            raise ValueError("its metadata is not text")
        _check_offsets(header, rest)
    return metadata[_KEY], header


@contextmanager
def _prefix_errors(words: str) -> Iterator[None]:
    """Put words before the message of errors."""
    try:
        yield
    except READ_ERRORS as problem:
        raise ValueError(f"{words}: {_reason(problem)}") from problem


def _check_offsets(tensors: Mapping[str, Any], size: int) -> None:
    """Check that the tensors lie one behind the other and take ``size`` bytes.

    Gaps would be bytes that no check reads, and overlaps would let a small file claim much memory.
    """
    places = []
    for entry in tensors.values():
        if not isinstance(entry, dict):
            raise ValueError("the entry of a tensor is not an object")
        check_keys("tensor entries", entry, _TENSOR_KEYS)
        begin, end = _integers(entry["data_offsets"], 2)
        places.append((begin, end))
    ends = [0, *(end for _, end in sorted(places))]
    if [begin for begin, _ in sorted(places)] != ends[:-1] or ends != sorted(ends):
        raise ValueError("its tensors are not stored one directly after the other")
    if ends[-1] != size:
        raise ValueError(f"its tensors take {size} bytes instead of {ends[-1]}")


def _integers(values: Any, number: int | None = None) -> tuple[int, ...]:
    whole = isinstance(values, list) and all(type(value) is int for value in values)
    if not whole or number not in (None, len(values)):
        raise ValueError("a tensor has an invalid shape or position")
    return tuple(values)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary, and refuse repeated keys: parsers differ in which value they use."""
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ValueError("its JSON has a key twice")
    return unique


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"its JSON contains {name}, which is not valid JSON")


def _checksum(text: str, parts: Iterable[bytes | memoryview]) -> str:
    checksum = hashlib.md5(text.encode(), usedforsecurity=False)
    for part in parts:
        checksum.update(part)
    return checksum.hexdigest()


def _verify_checksum(text: str, parts: Iterable[bytes | memoryview]) -> None:
    found = _CHECKSUM.search(text)
    try:
        same = found is not None and found[1] == _checksum(text[: found.start()] + "}", parts)
    except UnicodeEncodeError:  # a lone surrogate, which pack() cannot have written
        same = False
    if not same:
        raise ValueError("it is damaged: its checksum does not match")


def _check_specs(tensors: Mapping[str, Any], specs: TensorSpecs) -> None:
    check_keys("tensors", tensors, specs)
    for name, (kind, shape) in specs.items():
        begin, end = tensors[name]["data_offsets"]
        found = tensors[name]["dtype"], _integers(tensors[name]["shape"])
        if found != (kind, shape) or end - begin != _BYTES[kind] * math.prod(shape):
            raise ValueError(f'tensor "{name}" is {found} where {(kind, shape)} is needed'[:200])


def _reason(problem: Exception) -> str:
    if isinstance(problem, KeyError):
        return f"it lacks {problem}"
    if isinstance(problem, RecursionError):
        return "its JSON is nested too deeply"
    return str(problem) or type(problem).__name__


def _printable(text: str) -> str:
    """Make text from a file safe to print: short, and without control characters."""
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:_LONGEST_REASON])
    return printable + ("..." if len(text) > _LONGEST_REASON else "")


def _input_path(argument: str, file: Any) -> Path:
    path = check_path(argument, file)
    mode = mode_of(argument, path)
    if not stat.S_ISREG(mode):  # opening a pipe would block, and reading a device might not end
        problem = "it is not a file" if mode else "no such file"
        raise ArgumentError(argument, PATH_OF_FILE, f'"{path}": {problem}')
    return path
