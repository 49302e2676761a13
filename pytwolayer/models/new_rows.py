"""New rows of a fit: reading them, encoding them, and putting what is predicted in its place."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.checks import describe, shorten
from pytwolayer.errors import ArgumentError
from pytwolayer.files.arrow_objects import is_arrow
from pytwolayer.files.local_paths import is_in_files
from pytwolayer.files.new_data import open_new_data
from pytwolayer.preprocessing.block_writer import Coding, LevelCoding
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.outcome import Classes, Outcome
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import EVERY_COLUMN, Table, read_table
from pytwolayer.training.trained_model import Model

_LONGEST_FORMULA = 200  # in messages


def encodings(models: Sequence[Model]) -> dict[Encoder, list[int]]:
    """Return the models' different encodings, each with the numbers of its models."""
    found: dict[Encoder, list[int]] = {}
    for number, fit in enumerate(models):
        found.setdefault(fit.inputs, []).append(number)
    return found


def read_new_data(models: Sequence[Model], x: Any) -> Table:
    """Read new data; warn of levels that no model was trained with."""
    encoders = list(encodings(models))
    first = encoders[0]
    with explained_by(models[0].formula):
        opened = open_new_data("x", x, encoders)
        table = read_table("x", opened, like=(first.names, len(first.codings)))
    columns = zip(*(encoder.codings for encoder in encoders), strict=True)
    Encoder(first.names, tuple(_joined(column) for column in columns)).check("x", table)
    return table


def is_not_in_memory(x: Any) -> bool:
    """Tell whether new data are a path or an Arrow object, which is read in blocks."""
    return is_in_files(x) or is_arrow(x)


def _joined(codings: Sequence[Coding]) -> Coding:
    """Return a coding with the levels of all."""
    levels = [lv for coding in codings if isinstance(coding, LevelCoding) for lv in coding.levels]
    return LevelCoding(tuple(dict.fromkeys(levels))) if levels else codings[0]


@contextmanager
def explained_by(formula: str | None) -> Iterator[None]:
    """Have errors about missing columns name the formula whose terms they are."""
    try:
        yield
    except ArgumentError as problem:
        if formula is None or problem.expected != EVERY_COLUMN:
            raise
        expected = f"{EVERY_COLUMN}, the terms of `{shorten(formula, _LONGEST_FORMULA)}`"
        raise ArgumentError("x", expected, problem.received) from problem


def fill_incomplete(values: Doubles, complete: NDArray[np.bool_]) -> Doubles:
    """Put the values of complete rows in their places among all rows; NaN in the others."""
    if complete.all():
        return values
    everywhere = np.full((len(complete), values.shape[1]), np.nan)
    everywhere[complete] = values
    return everywhere


def refuse_without_classes(outcome: Outcome | Classes) -> None:
    """Raise an error of an outcome whose values have no probabilities."""
    if not isinstance(outcome, Classes) and not outcome.labels:
        received = 'numeric (convert it to classes with `.astype("category")` before the fit)'
        raise ArgumentError("y", "an outcome of classes for probabilities", received)


def refuse_without_output(**given: Any) -> None:
    """Raise if an argument is given that says what a file of predictions is to have."""
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(name, "left out where there is no `output`", describe(value))


def refuse_offset(offset: Any) -> None:
    """Raise if an offset is given for predictions that are written to a file."""
    if offset is not None:
        raise ArgumentError("offset", "left out where there is an `output`", "given")
