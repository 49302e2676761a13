"""The data of a fit that are in files or are Arrow objects: they are opened here."""

from collections.abc import Mapping
from typing import Any

from pytwolayer.files.arrow_objects import arrow_vector, is_arrow, require_pyarrow
from pytwolayer.files.local_paths import is_in_files, is_path
from pytwolayer.files.open_table import open_table, opened, opened_predictors
from pytwolayer.files.wanted_columns import Display
from pytwolayer.preprocessing.division import Division


def open_data(
    given: Mapping[str, Any],
    held_out: Any,
    display: Display | None = None,
    division: Division | None = None,
) -> dict[str, Any]:
    """Open the data of a fit, so that they can be read in blocks; other data stay as they are.

    Parameters
    ----------
    given : mapping
        ``x``, ``y``, ``outcome`` and ``sample_weight`` of ``two_layer()``.
    held_out : any
        Its ``validation``, if that is no share.
    display : callable, optional
        As in ``open_table()``.
    division : Division, optional
        As in ``open_table()``, where the predictors are in Parquet files.

    Returns
    -------
    dict
        ``x``, ``y``, ``sample_weight`` and ``validation``.
    """
    names = given["outcome"]
    outcome = names if isinstance(names, (list, tuple)) else [names]
    weights, y = given["sample_weight"], given["y"]
    return {
        "x": opened_predictors("x", given["x"], outcome, display=display, division=division),
        "y": y if is_path(y) else opened("y", y, outcome=None),
        # The name of a column, if it is text.
        "sample_weight": weights if isinstance(weights, str) else opened("sample_weight", weights),
        "validation": _open_validation(held_out, outcome, division),
    }


def _open_validation(held_out: Any, outcome: Any, division: Division | None) -> Any:
    if outcome != [None] and is_in_files(held_out):
        return open_table("validation", held_out, outcome=outcome, division=division)
    if isinstance(held_out, (tuple, list)) and any(_is_source(part) for part in held_out):
        x, *others = held_out
        parts = [opened("validation", part, division=division) for part in (x, *others)]
        return tuple(parts)
    if is_arrow(held_out):
        require_pyarrow()
        rows = arrow_vector(held_out)
        if rows is not None:  # as numbers, or as true and false
            return rows.to_numpy()
    return opened("validation", held_out, outcome, division=division)


def _is_source(part: Any) -> bool:
    return is_path(part) or is_arrow(part)
