"""The errors and warnings of this package, and how it warns."""

import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class PytwolayerError(Exception):
    """Base of every error of this package."""

    __module__ = "pytwolayer"


class Text(str):
    """Part of a message with values in it, which users of R write in another way.

    As a string it is as in Python: ``Text("{} or {}", True, False)`` is "True or False".

    Parameters
    ----------
    template : str
        With ``{}`` in each value's place.
    *values
    """

    def __new__(cls, template: str, *values: object) -> "Text":
        """Write the values in their places."""
        text = super().__new__(cls, template.format(*values))
        text.template, text.values = template, values
        return text

    template: str
    values: tuple[object, ...]

    def __getnewargs__(self) -> Any:
        return (self.template, *self.values)


class Vocabulary:
    """What the users of one interface call the core's arguments, and how they write values.

    Parameters
    ----------
    arguments : mapping
        The core's names to theirs; what is not among them has the same name.
    values : mapping, optional
        Values as Python writes them to values as they do.
    """

    def __init__(
        self, arguments: Mapping[str, str], values: Mapping[str, str] | None = None
    ) -> None:
        self._arguments, self._values = arguments, values or {}

    def translate(self, text: str) -> str:
        """Translate part of a message: its values, and arguments, which stand in backticks."""
        if isinstance(text, Text):
            text = text.template.format(*(self._value(str(value)) for value in text.values))
        return re.sub(r"`(\w+)`", lambda found: f"`{self.name(found[1])}`", text)

    def name(self, argument: str) -> str:
        """Give the name of an argument."""
        return self._arguments.get(argument, argument)

    def _value(self, value: str) -> str:
        return self._values.get(value, value)


class ArgumentError(PytwolayerError, ValueError):
    """An argument is not what was expected.

    Attributes
    ----------
    argument, expected, received : str
        The argument's name, what it must be, and what came instead.
    """

    __module__ = "pytwolayer"

    def __init__(self, argument: str, expected: str, received: str) -> None:
        self.argument, self.expected, self.received = argument, expected, received
        super().__init__(argument, expected, received)

    def __str__(self) -> str:
        return f"`{self.argument}` must be {self.expected}, not {self.received}."

    def translated(self, vocabulary: Vocabulary) -> "ArgumentError":
        """Give the same error in the words of another interface."""
        argument, expected = vocabulary.name(self.argument), vocabulary.translate(self.expected)
        received = self.received  # may hold names of the user's in backticks
        if isinstance(received, Text):
            received = vocabulary.translate(received)
        return type(self)(argument, expected, received)


@contextmanager
def named_as(arguments: Mapping[str, str]) -> Iterator[None]:
    """Have errors about these arguments of the core use other names, those given for them."""
    try:
        yield
    except ArgumentError as problem:
        if problem.argument not in arguments:
            raise
        raise problem.translated(Vocabulary(arguments)) from problem


class DeviceError(ArgumentError):
    """The device asked for is unknown or is not in this machine."""

    __module__ = "pytwolayer"


class DivergenceError(PytwolayerError):
    """The loss is no longer finite.

    Attributes
    ----------
    epoch : int
        The first epoch whose loss is not finite.
    fit : TwoLayer
        The last good weights, with the history up to that epoch.
    """

    __module__ = "pytwolayer"

    def __init__(self, epoch: int, fit: Any) -> None:
        self.epoch, self.fit = epoch, fit
        super().__init__(epoch, fit)

    def __str__(self) -> str:
        return (
            f"The loss is not finite in epoch {self.epoch}, so training stopped. Try a smaller "
            "`learning_rate`, or `gradient_clip = 1`. "
            "The error's `fit` has the last good weights and the history."
        )


class DeviceMemoryError(PytwolayerError, MemoryError):
    """The device's memory does not suffice.

    Attributes
    ----------
    device : str
        Whose memory it is.
    needed : int or None
        Bytes that were asked for when there was no room; None where that is not known.
    work, change : str
        What the memory was for, and what would need less of it.
    fit : TwoLayer or None
        Where it ran out in training: the weights and the history so far.
    """

    __module__ = "pytwolayer"

    fit: Any = None

    def __init__(self, device: str, needed: int | None, work: str, change: str) -> None:
        self.device, self.needed, self.work, self.change = device, needed, work, change
        super().__init__(device, needed, work, change)

    def __str__(self) -> str:
        more = "" if self.needed is None else f": {format_bytes(self.needed)} more needed"
        return f"Out of memory on {self.device}{more} for {self.work}. {self.change}."


class WorkerError(PytwolayerError):
    """One of several processes that train a network together has failed.

    Attributes
    ----------
    rank : int or None
        Its number, from 0; None: it is not about a single one.
    host : str
        The machine that it was on.
    what : str
        What became of it.
    output : str
        The end of what it printed, where nothing else says why.
    may_go_on : bool
        Whether it only lost another one, and may go on once all are started anew.
    fit : TwoLayer or None
        Of processes that the package has started: what they had trained at the newest checkpoint,
        if there was one.
    """

    __module__ = "pytwolayer"

    fit: Any = None

    def __init__(
        self, rank: int | None, host: str, what: str, output: str = "", *, may_go_on: bool = False
    ) -> None:
        self.rank, self.host, self.what, self.output = rank, host, what, output
        self.may_go_on = may_go_on
        super().__init__(rank, host, what, output)

    def __str__(self) -> str:
        who = "The workers" if self.rank is None else f"Worker {self.rank}"
        said = f" Its last output:\n{self.output}" if self.output else ""
        has_fit = "" if self.fit is None else " The error's `fit` has the fit so far."
        return f"{who} on {self.host} {self.what}.{has_fit}{said}"


class TemporaryFolderError(PytwolayerError):
    """The folder of temporary files has no room for the encoded rows, or cannot be written to.

    Attributes
    ----------
    expected, received : str
        What it must be, and which it is.
    """

    __module__ = "pytwolayer"

    def __init__(self, expected: str, received: str) -> None:
        self.expected, self.received = expected, received
        super().__init__(expected, received)

    def __str__(self) -> str:
        return (
            f"The temporary folder must be one {self.expected}, not {self.received}. The "
            "environment variable TMPDIR chooses another."
        )


def format_bytes(number: int) -> str:
    """Write a number of bytes in the unit that suits it."""
    size, unit = float(number), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size >= 1024:
            size, unit = size / 1024, larger
    return f"{size:.4g} {unit}"


class FileFormatError(PytwolayerError):
    """A file, or bytes, are not what they should be: something else, damaged, or newer.

    Attributes
    ----------
    kind, problem : str
        What they should be, and what is wrong with them.
    file : str or None
        The file's path, where there is one.
    newer : bool
        Whether it is of a format that this version does not know yet.
    """

    __module__ = "pytwolayer"

    def __init__(
        self, kind: str, problem: str, file: str | None = None, *, newer: bool = False
    ) -> None:
        self.kind, self.problem, self.file, self.newer = kind, problem, file, newer
        super().__init__(kind, problem, file)

    def __str__(self) -> str:
        place = "" if self.file is None else f' in "{self.file}"'
        return f"The {self.kind}{place} cannot be read: {self.problem}."


class PytwolayerWarning(UserWarning):
    """Base of every warning of this package."""


class MissingRowsWarning(PytwolayerWarning):
    """Rows with missing values were left out of training."""


class MissingMarkWarning(PytwolayerWarning):
    """Marks such as ? in a file's column of numbers were read as missing values."""


class SuspectColumnWarning(PytwolayerWarning):
    """Text was taken as levels or classes that look like numbers, dates or names."""


class TrainingRowsWarning(PytwolayerWarning):
    """Importance was measured on the rows that the fit was trained on."""


class UnseenLevelWarning(PytwolayerWarning):
    """New data have a level that training did not see."""


class DenseMatrixWarning(PytwolayerWarning):
    """A sparse matrix becomes a dense one, which takes much more memory."""


class InterruptWarning(PytwolayerWarning):
    """Training was interrupted; the fit so far came back."""


class ResumedWarning(PytwolayerWarning):
    """Training did not begin anew: it went on from a checkpoint."""


class RowsOnDiskWarning(PytwolayerWarning):
    """The encoded rows are in a file, since memory has no room for them or ``cache`` was given."""


class CheckpointWarning(PytwolayerWarning):
    """A checkpoint could not be written or read."""


def first_line(problem: BaseException) -> str:
    """Return the first line of an error's message, or its type if it has none."""
    return (str(problem) or type(problem).__name__).splitlines()[0]


# What names modules of the package; pathlib would make every start slower.
_PACKAGE = os.path.dirname(__file__)  # noqa: PTH120


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the first line outside this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


class EachOnce:
    """Warns once, in the end, of what is warned of again and again in the same words."""

    def __enter__(self) -> None:
        self._catching = warnings.catch_warnings(record=True)
        self._caught = self._catching.__enter__()
        warnings.simplefilter("always")

    def __exit__(self, *problem: Any) -> None:
        self._catching.__exit__(*problem)
        distinct = dict.fromkeys((str(one.message), one.category) for one in self._caught or ())
        for message, category in distinct:
            warn_user(message, category)
