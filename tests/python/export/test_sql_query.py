"""Queries predict as predict() does, run by DuckDB, SQLite and PostgreSQL."""

import re
import sqlite3
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from databases import TABLE, postgres_server, run_duckdb, run_sqlite
from export_samples import (
    FITS,
    HOSTILE,
    LEVELS,
    NUMBERS,
    PREDICTORS,
    by_predict,
    fit,
    frame,
    odd_rows,
)

from pytwolayer import ArgumentError, PytwolayerError, TwoLayerRegressor
from pytwolayer.export.sql_dialects import DIALECTS

TOLERANCE = 1e-12  # of the prediction, or of the typical one
DATABASES = ["duckdb", "sqlite", "postgresql"]


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(params=DATABASES)
def database(request):
    """Run a model's query on rows: the predictions, in the rows' order."""
    run = {"duckdb": run_duckdb, "sqlite": run_sqlite}.get(request.param)
    run = run or request.getfixturevalue("postgres").run

    def predicted(model, rows, **more):
        query = model.to_sql(TABLE, request.param, columns=["row id"], **more)
        found = run(rows.assign(**{"row id": range(len(rows))}), query)
        return found.sort_values("row id", ignore_index=True).drop(columns="row id")

    predicted.dialect, predicted.run = request.param, run
    return predicted


def numbers_of(found):
    return found[[name for name in found if name != ".pred_class"]].to_numpy(dtype=np.float64)


def assert_same(found, expected):
    values = numbers_of(found)
    scale = np.nanmedian(np.abs(expected)) if np.isfinite(expected).any() else 0
    np.testing.assert_allclose(values, expected, rtol=TOLERANCE, atol=TOLERANCE * scale)


# tests/cross/test_one_model_many_places.py has all of them.
@pytest.mark.parametrize("name", ["gelu", "logical classes", "two outcomes", "same encoding"])
def test_predictions_are_those_of_predict_odd_rows_included(name, database):
    options = FITS[name]
    model = fit(**options)
    rows = odd_rows(options.get("predictors", PREDICTORS))
    expected = by_predict(model, rows)
    found = database(model, rows)
    assert_same(found, expected)
    outputs = model.outcome.outputs
    if model.classes is None:
        several = [f".pred_{one}" for one in outputs]
        assert list(found) == (several if len(outputs) > 1 else [".pred"])
        return
    assert list(found) == [".pred_class", *(f".pred_{one}" for one in outputs)]
    there = ~np.isnan(expected).any(axis=1)
    labels = np.array(outputs)[expected[there].argmax(axis=1)]
    assert found.loc[there, ".pred_class"].tolist() == labels.tolist()
    assert found.loc[~there, ".pred_class"].isna().all()


def test_no_rows_and_one_row_have_as_many_predictions(database):
    for number in (0, 1):
        assert len(database(fit(), frame(number)[PREDICTORS])) == number


def test_networks_of_more_units_and_networks_than_a_select_has_columns(database):
    data = frame()[["t1", "y"]]
    for options in ({"hidden_units": 1100}, {"n_models": 4, "hidden_units": 400}):
        model = fit(data=data, predictors=["t1"], epochs=1, **options)
        assert_same(database(model, data[["t1"]]), by_predict(model, data[["t1"]]))
    classes = fit("class", data=frame(), predictors=["t1"], hidden_units=1010, epochs=1)
    assert_same(database(classes, data[["t1"]]), by_predict(classes, data[["t1"]]))


def test_columns_of_many_levels(database):
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"g": [f"level {n}" for n in range(400)] * 2, "y": rng.normal(size=800)})
    model = fit(data=data, predictors=["g"])
    assert_same(database(model, data[["g"]]), by_predict(model, data[["g"]]))


def test_more_inputs_than_columns_are_refused_in_a_sentence(monkeypatch):
    monkeypatch.setitem(DIALECTS, "sqlite", replace(DIALECTS["sqlite"], most_columns=3))
    with pytest.raises(PytwolayerError, match=r"SQLite has at most 3 columns in a SELECT, and"):
        fit(predictors=NUMBERS).to_sql("t", "sqlite")


def test_the_range_of_exp_raises_no_error(database):
    """Outputs far outside of it: an infinite prediction is NULL, a tiny one 0."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=40)
    data = pd.DataFrame({"x": x, "count": rng.poisson(np.exp(x)), "class": x > 0})
    for outcome in ("count", "class"):
        model = fit(
            outcome,
            data=data,
            predictors=["x"],
            activation="identity",
            input_clip=None,
            loss="poisson" if outcome == "count" else "auto",
            epochs=40,
        )
        rows = pd.DataFrame({"x": [-1e300, -1e9, -1e4, -1e3, 0, 1e3, 1e4, 1e9, 1e300]})
        expected = by_predict(model, rows)
        assert_same(database(model, rows), expected)
    for name in ("silu", "sigmoid", "softplus", "elu", "tanh", "gelu"):
        model = fit(data=data, outcome="count", predictors=["x"], activation=name, input_clip=None)
        assert_same(database(model, rows), by_predict(model, rows))


def test_numbers_that_are_next_to_nothing_raise_no_error(database):
    """Products of them are 0, of which PostgreSQL makes an error."""
    x = np.repeat([-1.0, 0.0, 1.0], 10)
    rows = pd.DataFrame({"x": [1e-320, -1e-320, 5e-324, 1e-200, -1e-44, 0.0, 1e-3]})
    for options in ({}, {"encoding": "piecewise", "pieces": 4}):
        model = fit(data=pd.DataFrame({"x": x * 1e10, "y": x}), predictors=["x"], **options)
        assert_same(database(model, rows), by_predict(model, rows))
    size = pd.DataFrame({"x": x, "size": 1e-20 * np.exp(x)})
    options = {"activation": "identity", "input_clip": None, "epochs": 40}
    model = fit("size", data=size, predictors=["x"], loss="gamma", **options)
    rows = pd.DataFrame({"x": np.arange(-2000.0, 2000, 100)})
    assert_same(database(model, rows), by_predict(model, rows))


def test_a_table_of_a_schema_and_a_name_as_of_the_query_itself(database):
    if database.dialect == "sqlite":
        query = fit(predictors=["t1"]).to_sql(["main", TABLE], "sqlite")
    else:
        schema = {"duckdb": "main", "postgresql": "public"}[database.dialect]
        query = fit(predictors=["t1"]).to_sql([schema, TABLE], database.dialect)
    assert len(database.run(frame()[["t1"]], query)) == len(frame())
    assert "pytwolayer__1 AS" in fit(predictors=["t1"]).to_sql("pytwolayer_1", database.dialect)


def test_a_missing_column_is_an_error_and_no_text(database):
    """SQLite takes a name in quotes that is no column for text."""
    with pytest.raises(Exception, match="t1"):
        database(fit(predictors=["t1", "größe 1"]), frame()[["größe 1"]])


def test_text_in_a_column_of_numbers_is_no_zero_in_sqlite():
    model = fit(predictors=["t1"])
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (t1)")
    connection.executemany("INSERT INTO t VALUES (?)", [("abc",), ("3",), (3,), (3.0,), (b"3",)])
    found = [value for (value,) in connection.execute(model.to_sql("t", "sqlite"))]
    expected = model.predict(pd.DataFrame({"t1": [3.0]}))[0]
    assert found == [None, None, pytest.approx(expected), pytest.approx(expected), None]


def test_levels_are_compared_byte_by_byte_whatever_the_columns_collation():
    model = fit(predictors=["level's"])
    for connect, kind, dialect in _case_blind():
        connection = connect(":memory:")
        connection.execute(f'CREATE TABLE t ("level\'s" {kind})')
        connection.execute("INSERT INTO t VALUES ('IT''S'), ('it''s')")
        found = connection.execute(model.to_sql("t", dialect)).fetchall()
        assert [value is None for (value,) in found] == [True, False]
        connection.close()


def _case_blind():
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    return [
        (sqlite3.connect, "TEXT COLLATE NOCASE", "sqlite"),
        (duckdb.connect, "VARCHAR COLLATE NOCASE", "duckdb"),
    ]


def test_enumerations_and_padded_text_of_postgresql(postgres):
    model = fit(predictors=["level's"])
    query = model.to_sql("typed", "postgresql", columns="level's")
    levels = ", ".join("'" + level.replace("'", "''") + "'" for level in [*LEVELS, "other"])
    setup = f'CREATE TYPE kind AS ENUM ({levels}); CREATE TABLE typed ("level\'s" kind); '
    fill = "INSERT INTO typed VALUES ('two words'), ('other'), (NULL)"
    found = postgres.run(frame(1)[["t1"]], f"{setup}{fill};\n{query}")
    assert found[".pred"].isna().tolist() == [False, True, True]


def test_values_that_would_end_a_literal_or_a_name_do_not(database):
    """Nothing of names and levels is run: the other table is there afterwards."""
    query = fit("class", predictors=[HOSTILE, "level's"]).to_sql(TABLE, database.dialect)
    assert '"x""; DROP TABLE t; --"' in query
    assert "'it''s'" in query
    without_quoted = re.sub(r"E?'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "", query)
    assert "DROP" not in without_quoted
    assert ";" not in without_quoted
    assert "--" not in without_quoted


def test_names_that_differ_in_case_alone_are_refused_where_they_are_one():
    data = frame().rename(columns={"t1": "Größe 1"})
    model = fit(data=data, predictors=["größe 1", "Größe 1"])
    for dialect in ("sqlite", "duckdb"):
        refusal = 'does not distinguish the columns "größe 1", "Größe 1"'
        with pytest.raises(PytwolayerError, match=refusal):
            model.to_sql("t", dialect)
    assert model.to_sql("t", "postgresql")


def test_an_offset_is_a_column_of_the_table(database):
    rows = frame(20).assign(o=np.linspace(-2, 2, 20))
    rows.loc[3, "o"] = np.nan
    rows.loc[4, "o"] = np.inf
    good = rows["o"].notna() & np.isfinite(rows["o"])
    for options in (
        {},
        {"outcome": "count", "loss": "poisson"},
        {"outcome": "count", "loss": "poisson", "n_models": 2},
        {"n_models": 2},
    ):
        model = fit(predictors=NUMBERS, **options)
        if hasattr(model, "models"):
            several = tuple(replace(one, offset=True) for one in model.models)
            model = replace(model, models=several)
        else:
            model = replace(model, offset=True)
        found = numbers_of(database(model, rows[[*NUMBERS, "o"]], offset="o"))[:, 0]
        expected = model.predict(rows.loc[good, NUMBERS], offset=rows.loc[good, "o"].to_numpy())
        np.testing.assert_allclose(found[good], expected, rtol=1e-11)
        assert np.isnan(found[~good]).all()


def test_arguments_are_checked():
    model = fit(predictors=["t1"])
    for table in (None, 3, [], [""], "", ["a", 1]):
        with pytest.raises(ArgumentError, match=r"`table` must be the name of a table, or names"):
            model.to_sql(table, "duckdb")
    with pytest.raises(ArgumentError, match=r'`dialect` must be one of "duckdb", .* not "oracle"'):
        model.to_sql("t", "oracle")
    with pytest.raises(ArgumentError, match=r"`columns` must be names of columns, not 3"):
        model.to_sql("t", "duckdb", columns=3)
    with pytest.raises(ArgumentError, match="`offset` must be left out"):
        model.to_sql("t", "duckdb", offset="o")
    with pytest.raises(ArgumentError, match="`offset` must be the name of the column that has"):
        replace(model, offset=True).to_sql("t", "duckdb")
    with pytest.raises(PytwolayerError, match="SQL cannot hold the text"):
        model.to_sql("a\0b", "duckdb")


def test_an_estimator_has_it_too(database):
    x = frame()[["t1", "größe 1"]]
    model = TwoLayerRegressor(epochs=3, random_state=1).fit(x, frame()["y"])
    assert_same(database(model, x), model.predict(x)[:, None])


def test_a_fit_that_a_formula_computes_is_refused():
    model = replace(fit(predictors=["t1"]), formula="y ~ log(x)")
    with pytest.raises(PytwolayerError, match=r"formula `y ~ log\(x\)` computes"):
        model.to_sql("t", "duckdb")
