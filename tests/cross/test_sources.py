"""Random tables have the same fit in R, whatever holds them, and in Python."""

import numpy as np
import pandas as pd
import pytest

from conftest import numbers
from pytwolayer import two_layer

pytest.importorskip("pyarrow")
QUICK = {"epochs": 2, "hidden_units": 3, "seed": 1, "verbose": False, "weight_decay": 0.1}
ROWS = {"small": 60, "one block": 8192, "blocks": 9001}


def make(number, rows):
    """Draw a table."""
    rng = np.random.default_rng(number)
    frame = pd.DataFrame({"y": rng.normal(size=rows)})
    for place in range(3):
        values = rng.normal(size=rows) * 10.0 ** rng.integers(-9, 10)
        frame[f"n{place}"] = np.where(rng.random(rows) < rng.choice([0, 0.5]), 0.0, values)
    frame["text"] = rng.choice(["é", "b", "x y", "Z"], rows)
    frame["yes"] = rng.random(rows) < 0.5
    frame["kind"] = pd.Categorical(rng.choice(["u", "v"], rows), ["v", "w", "u"])
    frame["whole"] = rng.integers(-(2**30), 2**30, rows).astype(np.int32)
    return frame


@pytest.fixture(scope="module")
def tables():
    return {name: make(number, rows) for number, (name, rows) in enumerate(ROWS.items())}


@pytest.fixture(scope="module")
def theirs(ask, tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for name, frame in tables.items():
        (folder / name / "data").mkdir(parents=True)
        cut = len(frame) // 3
        for part, rows in (("1", slice(0, cut)), ("2", slice(cut, None))):
            path = folder / name / "data" / f"{part}.parquet"
            frame.iloc[rows].to_parquet(path, index=False, row_group_size=cut + 1)
        doubles = [column for column in frame if frame[column].dtype == np.float64]
        exact = frame.assign(**{column: frame[column].map(float.hex) for column in doubles})
        exact.to_csv(folder / name / "table.tsv", sep="\t", index=False)
    return ask("sources.R", str(folder))


def answers(fit, new_data):
    return [*fit.history["loss"], *fit.predict(new_data)[:50]]


@pytest.mark.parametrize("name", ROWS)
def test_tables_are_the_same(theirs, tables, name):
    frame = tables[name]
    expected = answers(two_layer(frame, outcome="y", **QUICK), frame)
    for source in ("frame", "formula", "path", "path of a formula"):
        assert numbers(theirs[f"{name}/{source}"]) == expected, source


@pytest.mark.parametrize("name", ROWS)
def test_matrices_are_the_same(theirs, tables, name):
    matrix, y = tables[name][["n0", "n1", "n2"]].to_numpy(), tables[name]["y"]
    expected = answers(two_layer(matrix, y, **QUICK), matrix)
    there = [source for source in ("columns", "matrix", "sparse") if f"{name}/{source}" in theirs]
    assert there[:2] == ["columns", "matrix"]
    for source in there:
        assert numbers(theirs[f"{name}/{source}"]) == expected, source
    whole = tables[name][["whole"]].to_numpy()
    expected = answers(two_layer(whole, y, **QUICK), whole)
    assert numbers(theirs[f"{name}/integers"]) == expected
