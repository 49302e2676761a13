"""A fit to a folder of files has the same bits in R, which does not read it, and in Python."""

import numpy as np
import pandas as pd
import pytest

from conftest import numbers
from pytwolayer import continue_training, two_layer

pytest.importorskip("pyarrow")
USUAL = {"epochs": 2, "seed": 1, "verbose": False}
pytestmark = pytest.mark.filterwarnings("ignore::pytwolayer.errors.MissingRowsWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Parquet files of uneven sizes, more than a block of rows together."""
    root = tmp_path_factory.mktemp("folder")
    draw = np.random.default_rng(1)
    for year, rows in ((2023, 8000), (2024, 500)):
        number = draw.normal(size=rows)
        number[3] = np.nan
        frame = pd.DataFrame(
            {
                "number": number,
                "f": pd.Categorical(draw.choice(["b", "a", "é"], rows), ["b", "a", "é"]),
                "w": draw.integers(1, 5, rows).astype(np.int32),
                "y": draw.normal(size=rows),
            }
        )
        (root / f"year={year}").mkdir()
        frame.to_parquet(root / f"year={year}" / "part.parquet", row_group_size=3000)
    return str(root)


@pytest.fixture(scope="module")
def theirs(ask, folder):
    return ask("files.R", folder)


def answers(fit, folder):
    return [*losses(fit), *np.asarray(fit.predict(folder))[:50].tolist()]


def losses(fit):
    """Losses, of several networks one after the other."""
    models = getattr(fit, "models", (fit,))
    return [loss for model in models for loss in model.history["loss"]]


def test_a_table_by_its_path(theirs, folder):
    fit = two_layer(folder, outcome="y", **USUAL)
    np.testing.assert_array_equal(numbers(theirs["table"]), answers(fit, read(folder)))
    assert numbers(theirs["longer"])[2:4] == [
        *continue_training(fit, folder, outcome="y", epochs=2, verbose=False).history["loss"][2:]
    ]
    assert theirs["columns"] == ["number", "f", "w", "year"]
    assert theirs["factor"] == ["b", "a", "é"]


def test_a_formula_that_names_columns(theirs, folder):
    frame = read(folder)
    fit = two_layer(frame[["number", "w", "year", "y"]], outcome="y", **USUAL)
    np.testing.assert_array_equal(numbers(theirs["formula"]), answers(fit, frame))


def test_weights_in_a_column(theirs, folder):
    chosen = read(folder)[["number", "year", "f", "w"]]
    fit = two_layer(chosen, outcome="f", sample_weight="w", validation=0.25, **USUAL)
    expected = [
        *fit.history["loss"],
        *fit.history["valid_loss"],
        *fit.predict_proba(read(folder))[:50, 0],
    ]
    np.testing.assert_array_equal(numbers(theirs["weights"]), expected)


def test_several_networks_on_resamples(theirs, folder):
    chosen = read(folder)[["number", "f", "y"]]
    fit = two_layer(chosen, outcome="y", n_models=2, bootstrap=True, **USUAL)
    np.testing.assert_array_equal(numbers(theirs["several"]), answers(fit, read(folder)))


def test_validation_by_a_path(theirs, folder):
    fit = two_layer(folder, outcome="y", validation=folder, **USUAL)
    assert numbers(theirs["held"]) == [*fit.history["valid_loss"]]


def read(folder):
    """Read the folder as a data frame, its columns as they are in the files."""
    parts = []
    for year in (2023, 2024):
        part = pd.read_parquet(f"{folder}/year={year}/part.parquet")
        parts.append(part.assign(year=float(year)))
    return pd.concat(parts, ignore_index=True)
