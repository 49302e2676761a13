"""Exports of R read columns of every type of the databases as R reads the numbers in them."""

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from databases import postgres_server
from onnx_run import run_onnx

from conftest import HERE
from pytwolayer.export.sql_dialects import DIALECTS

NAMES = ["plain", "computed", "conditions", "parts", "fractions", "infinite"]
SMALL = float(np.float32(0.1))  # which single precision holds in a column of its own type
ODD = 'it\'s "größe"'
ROWS = {
    "big": ["9007199254740993", "9223372036854775807", "12", None, "5", "1000", None],
    "dec": [1.234, 0.001, None, 2.5, 99999.999, 3.125, None],
    "single": [SMALL, float(np.float32(2.7)), 1.5, 0.25, SMALL, None, None],
    "flag": ["TRUE", "FALSE", None, "TRUE", "FALSE", "TRUE", None],
    ODD: [0.5, -1.0, 2.0, 0.0, 1.0, 0.1, None],
    "t": ["it's", "größe", "z", "z", None, "new", None],
}
TYPES = ["BIGINT", "DECIMAL(12, 3)", "REAL", "BOOLEAN", "DOUBLE PRECISION", "TEXT"]
WHOLE = 3  # the row whose `single` is a multiple of 1/1024
# One row, no rows, columns of NULL alone.
PARTS = {"all": [*range(7)], "one": [0], "none": [], "nulls": [6]}


@pytest.fixture(scope="module")
def folder(r_session, tmp_path_factory):
    made = tmp_path_factory.mktemp("odd")
    (made / "rows.json").write_text(json.dumps(ROWS), encoding="utf-8")
    r_session.run(HERE / "exported_odd_columns.R", str(made))
    return made


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


def table(dialect, places):
    """Statements that make the table, with these of the rows."""
    written = DIALECTS[dialect]
    columns = [f"{written.identifier(name)} {kind}" for name, kind in zip(ROWS, TYPES, strict=True)]
    made = ["DROP TABLE IF EXISTS odd", f"CREATE TABLE odd (id INTEGER, {', '.join(columns)})"]
    for place in places:
        values = [_value(written, name, values[place]) for name, values in ROWS.items()]
        made.append(f"INSERT INTO odd VALUES ({place}, {', '.join(values)})")
    return made


def _value(written, name, value):
    if value is None:
        return "NULL"
    return written.literal(value) if name == "t" else str(value)


def by_duckdb(statements, query):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    with duckdb.connect() as connection:
        for statement in statements:
            connection.execute(statement)
        return [value for _, value in sorted(connection.execute(query).fetchall())]


def by_sqlite(statements, query):
    connection = sqlite3.connect(":memory:")
    options = {name for (name,) in connection.execute("PRAGMA compile_options")}
    if "ENABLE_MATH_FUNCTIONS" not in options:
        pytest.skip("this SQLite has no exp()")
    connection.executescript(";".join(statements))
    found = [value for _, value in sorted(connection.execute(query))]
    connection.close()
    return found


def expected(folder, name):
    lines = (folder / f"{name}.txt").read_text(encoding="utf-8").split()
    truth = np.array([np.nan if x in ("NA", "NaN") else float.fromhex(x) for x in lines])
    if name == "fractions":  # of which R computes the remainder with more digits than a double has
        truth[np.arange(len(truth)) != WHOLE] = np.nan
    return truth


@pytest.mark.parametrize("dialect", ["duckdb", "postgresql", "sqlite"])
@pytest.mark.parametrize("name", NAMES)
def test_a_query_reads_every_type_of_number(name, dialect, folder, request):
    query = (folder / f"{name}.{dialect}").read_text(encoding="utf-8")
    truth = expected(folder, name)
    assert np.isfinite(truth).any()
    for places in PARTS.values():
        statements = table(dialect, places)
        if dialect == "postgresql":
            postgres, other = request.getfixturevalue("postgres"), pd.DataFrame({"a": [1.0]})
            answer = postgres.run(other, f"{';'.join(statements)};\n{query}")
            found = answer.sort_values("id")[".pred"]
        else:
            found = {"duckdb": by_duckdb, "sqlite": by_sqlite}[dialect](statements, query)
        found = np.array(found, dtype=np.float64)
        np.testing.assert_allclose(found, truth[places], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_an_onnx_file_takes_one_row_no_rows_and_columns_without_values(name, folder):
    frame = pd.DataFrame(
        {
            **{key: pd.Series(ROWS[key], dtype=object).astype(float) for key in ("big", "dec")},
            **{key: pd.Series(ROWS[key], dtype=float) for key in ("single", ODD)},
            "flag": [{"TRUE": 1.0, "FALSE": 0.0}.get(value, np.nan) for value in ROWS["flag"]],
            "t": [value or "" for value in ROWS["t"]],
        }
    )
    for places in PARTS.values():
        found = run_onnx(folder / f"{name}.onnx", frame.iloc[places])[".pred"]
        truth = expected(folder, name)[places]
        np.testing.assert_allclose(found[:, 0], truth, rtol=1e-11, atol=1e-11)
