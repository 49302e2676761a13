"""What R exports of a fit with a formula predicts from the columns of the data as R does."""

import json

import numpy as np
import pandas as pd
import pytest
from databases import postgres_server, run_duckdb, run_sqlite
from onnx_run import run_onnx

from conftest import HERE

NAMES = ["terms", "learnt", "interactions", "conditions", "functions", "text", "powers", "dot"]
TOLERANCE = 1e-11  # R's engine and an export are each within 1e-12 of Python
LARGE = 3  # a row with a number of 1e20, whose powers SQL does not compute


@pytest.fixture(scope="module")
def folder(r_session, tmp_path_factory):
    made = tmp_path_factory.mktemp("formulas")
    r_session.run(HERE / "exported_formulas.R", str(made))
    return made


@pytest.fixture(scope="module")
def rows(folder):
    sent = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    frame = pd.DataFrame({name: _column(values) for name, values in sent.items()})
    return frame.assign(**{"row id": range(len(frame))})


def _column(values):
    if set(values) <= {"TRUE", "FALSE", ""}:
        return [{"TRUE": 1.0, "FALSE": 0.0, "": np.nan}[value] for value in values]
    if any("0x" in value for value in values):
        return [np.nan if v in ("NA", "NaN") else float.fromhex(v) for v in values]
    return [value or None for value in values]


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


def expected(folder, name):
    lines = (folder / f"{name}.txt").read_text(encoding="utf-8").split()
    return np.array([np.nan if x in ("NA", "NaN") else float.fromhex(x) for x in lines])


@pytest.mark.parametrize("name", NAMES)
def test_an_onnx_file_of_a_formula_predicts_from_the_columns_of_the_data(name, folder, rows):
    found = run_onnx(folder / f"{name}.onnx", rows.fillna({"t": ""}), offset=rows["b"])
    truth = expected(folder, name)
    np.testing.assert_allclose(found[".pred"][:, 0], truth, rtol=TOLERANCE, atol=TOLERANCE)
    assert np.isfinite(truth).sum() > 20


@pytest.mark.parametrize("dialect", ["duckdb", "postgresql", "sqlite"])
@pytest.mark.parametrize("name", NAMES)
def test_a_query_of_a_formula_predicts_from_the_columns_of_the_data(
    name, dialect, folder, rows, request
):
    run = {"duckdb": run_duckdb, "sqlite": run_sqlite}.get(dialect)
    run = run or request.getfixturevalue("postgres").run
    found = run(rows, (folder / f"{name}.{dialect}").read_text(encoding="utf-8"))
    found = found.sort_values("row id").iloc[:, -1].to_numpy(dtype=np.float64)
    truth = expected(folder, name)
    too_large = np.isnan(found) & (np.arange(len(rows)) == LARGE)
    truth[too_large] = np.nan
    np.testing.assert_allclose(found, truth, rtol=TOLERANCE, atol=TOLERANCE)
