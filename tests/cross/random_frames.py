"""Random data frames that both languages can hold, with settings and new data."""

import math
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from pytwolayer.network.activations import ACTIVATIONS

NAMES = ["a", "b", "x 1", "größe", "名前", "if", "A", ".b", "a.b", "`q`"]
LEVELS = ["u", "v", "w", "ä", "ß", "", "TRUE", "NA", "1", "two words"]
TYPES = ["double", "integer", "logical", "factor", "text"]
ODD_NUMBERS = [0.0, 1.0, -1.0, 1e-300, 1e300, math.inf]
VALUES = {
    "double": st.floats(-1e6, 1e6, allow_subnormal=False).map(float.hex),
    "odd double": st.sampled_from(ODD_NUMBERS).map(float.hex),
    "integer": st.one_of(st.integers(-(2**31) + 1, 2**31 - 1), st.integers(0, 3)),
    "logical": st.sampled_from(["TRUE", "FALSE"]),
}
LOSSES = ["mse", "huber", "mae", "cross_entropy", "poisson", "gamma", "normal", "negative_binomial"]
SETTINGS = st.fixed_dictionaries(
    {
        "epochs": st.integers(1, 4),
        "hidden_units": st.integers(1, 5),
        "seed": st.integers(0, 2**31),
        "learning_rate": st.sampled_from([0.01, 0.1]),
        "batch_size": st.one_of(st.just("auto"), st.integers(1, 6)),
    },
    optional={
        "dropout": st.sampled_from([0.0, 0.5]),
        "validation": st.sampled_from([0.0, 0.3]),
        "loss": st.sampled_from(["auto"] * 8 + LOSSES),
        "na_action": st.sampled_from(["omit"] * 5 + ["fail"]),
        "optimizer": st.sampled_from(["adam", "sgd", "adamw", "rmsprop"]),
        "activation": st.sampled_from(sorted(ACTIVATIONS)),
        "input_clip": st.sampled_from([5.0, 0.5, None]),
        "encoding": st.sampled_from(["linear", "piecewise"]),
        "pieces": st.sampled_from([2, 3, 8]),
        "class_weights": st.sampled_from([None] * 5 + ["balanced"]),
    },
)


@st.composite
def columns(draw: st.DrawFn, rows: int, kind: str | None = None) -> dict[str, Any]:
    """Draw a column: its type, its levels, its values as JSON holds them."""
    kind = kind or draw(st.sampled_from(TYPES))
    levels: list[str] = []
    if kind in VALUES:
        odd = kind == "double" and rarely(draw, 10)
        value = VALUES["odd double"] if odd else VALUES[kind]
    else:
        levels = draw(st.lists(st.sampled_from(LEVELS), min_size=2, max_size=4, unique=True))
        levels = levels[:1] if rarely(draw, 20) else levels
        value = st.sampled_from(levels)
    if rarely(draw, 5):
        value = st.one_of(st.none(), value, value, value)
    values = draw(st.lists(value, min_size=rows, max_size=rows))
    return {"type": kind, "levels": levels, "values": values}


def rarely(draw: st.DrawFn, times: int) -> bool:
    """Draw true once in so many times."""
    return draw(st.integers(1, times)) == times


@st.composite
def frames(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a data frame; now and then with column names that are alike."""
    rows = draw(st.integers(0, 3)) if rarely(draw, 8) else draw(st.integers(4, 16))
    fewest = 1 if rarely(draw, 10) else 2
    names = draw(st.lists(st.sampled_from(NAMES), min_size=fewest, max_size=4, unique=True))
    if rarely(draw, 20):
        names = [*names, names[0]]
    made = [draw(columns(rows)) for _ in names]
    return {"rows": rows, "names": names, "columns": made}


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Draw data, outcome, settings, and new data that are much like the data."""
    data = draw(frames())
    width = 2 if rarely(draw, 6) else 1
    outcome = draw(st.lists(st.sampled_from(data["names"]), min_size=1, max_size=width))
    return {
        "data": data,
        "outcome": sorted(set(outcome)),
        "settings": draw(SETTINGS),
        "new_data": draw(changed(data)),
    }


@st.composite
def changed(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """Draw new data: other values, and now and then another type, order or set of columns."""
    rows = draw(st.integers(0, 5))
    order = draw(st.permutations(range(len(data["names"]))))
    if rarely(draw, 10):
        order = order[1:] or order
    kinds = [
        draw(st.sampled_from(TYPES)) if rarely(draw, 10) else data["columns"][j]["type"]
        for j in order
    ]
    made = [draw(columns(rows, kind)) for kind in kinds]
    return {"rows": rows, "names": [data["names"][j] for j in order], "columns": made}


def to_pandas(saved: dict[str, Any]) -> pd.DataFrame:
    """Make the data frame in Python."""
    series = [_series(**column) for column in saved["columns"]]
    frame = pd.concat(series, axis=1) if series else pd.DataFrame(index=range(saved["rows"]))
    frame.columns = pd.Index(saved["names"], dtype=object)
    return frame


def _series(type: str, levels: list[str], values: list[Any]) -> "pd.Series[Any]":  # noqa: A002
    if type == "double":
        numbers = [math.nan if value is None else float.fromhex(value) for value in values]
        return pd.Series(numbers, dtype="float64")
    if type == "integer":
        return pd.Series(values, dtype="Int64")
    if type == "logical":
        flags = [None if value is None else value == "TRUE" for value in values]
        return pd.Series(flags, dtype="boolean")
    if type == "factor":
        return pd.Series(pd.Categorical(values, categories=levels))
    return pd.Series(values, dtype=object)
