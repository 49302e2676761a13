"""Exports give standard deviations as predict_sd(), and labels as predict(), gives them."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from databases import TABLE, postgres_server, run_duckdb, run_sqlite
from export_samples import fit, frame
from onnx_run import run_onnx

_LEARNT = {"epochs": 60, "learning_rate": 0.1}
SPREAD = [
    {"loss": "normal"},
    {"loss": "normal", "outcome": ["y", "size"], "n_models": 6, "bootstrap": True},
    {"loss": "negative_binomial", "outcome": "count"},
    {"loss": "negative_binomial", "outcome": "count", "n_models": 6, "bootstrap": True},
]


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["duckdb", "sqlite", "postgresql", "onnx"])
def exported(request, tmp_path):
    """Give what an export predicts, with the names of a query's columns."""
    run = {"duckdb": run_duckdb, "sqlite": run_sqlite}.get(request.param)

    def by_onnx(model, rows, offset=None):
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
        model.to_onnx(tmp_path / "model.onnx")
        more = {} if offset is None else {"offset": rows[offset]}
        found = run_onnx(tmp_path / "model.onnx", rows, **more)
        names = model.outcome.predicted
        ends = [f"_{name}" for name in names] if len(names) > 1 else [""]
        kinds = [kind for kind in (".pred_class", ".pred", ".sd") if kind in found]
        return {f"{kind}{end}": found[kind][:, n] for kind in kinds for n, end in enumerate(ends)}

    def by_query(model, rows, offset=None):
        query = model.to_sql(TABLE, request.param, columns="row id", offset=offset)
        own = run or request.getfixturevalue("postgres").run
        found = own(rows.assign(**{"row id": range(len(rows))}), query)
        return dict(found.sort_values("row id").drop(columns="row id").items())

    return by_onnx if request.param == "onnx" else by_query


def rare(**options):
    """A fit of rows of which one has a level that some resamples lack, and its new rows."""
    data = frame()
    data.loc[0, "level's"] = "rare"
    data["ill"] = np.where(data["t1"] > data["t1"].median(), "it's", "no")
    model = fit(data=data, predictors=["t1", "level's"], **options)
    rows = frame(12, seed=3)[["t1", "level's"]]
    rows.loc[:3, "level's"] = ["rare", "rare", "unseen", None]
    rows.loc[4, "t1"] = np.nan
    return model, rows


@pytest.mark.parametrize("options", SPREAD)
def test_standard_deviations_are_those_of_predict_sd(options, exported):
    model, rows = rare(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sds = model.predict_sd(rows).reshape(len(rows), -1)
        means = model.predict(rows).reshape(len(rows), -1)
        if options.get("n_models"):
            each = model.predict_all(rows)[:, 0, 0]
            assert 0 < np.isnan(each).sum() < len(each)
    found = exported(model, rows)
    expected = np.hstack([means, sds])
    values = np.column_stack([np.asarray(one, np.float64) for one in found.values()])
    np.testing.assert_allclose(values, expected, rtol=1e-12)
    assert np.isnan(sds[2:5]).all()
    names = ["_y", "_size"] if sds.shape[1] == 2 else [""]
    assert list(found) == [f"{kind}{name}" for kind in (".pred", ".sd") for name in names]


@pytest.mark.parametrize("options", [{**one, "predictors": ["t1"]} for one in SPREAD])
def test_a_row_without_an_offset_has_no_standard_deviation(options, exported):
    model = fit(**options)
    several = getattr(model, "models", None)
    model = (
        replace(model, models=tuple(replace(one, offset=True) for one in several))
        if several
        else replace(model, offset=True)
    )
    rows = frame(6)[["t1"]].assign(o=[0.0, 0.5, -0.5, np.nan, 1.0, -1.0])
    good = rows["o"].notna().to_numpy()
    offset = rows.loc[good, "o"].to_numpy()
    found = exported(model, rows, offset="o")
    for name, predict in ((".pred", model.predict), (".sd", model.predict_sd)):
        expected = predict(rows.loc[good, ["t1"]], offset=offset).reshape(len(offset), -1)
        own = [np.asarray(v, np.float64) for key, v in found.items() if key.startswith(name)]
        np.testing.assert_allclose(np.column_stack(own)[good], expected, rtol=1e-11)
        assert all(np.isnan(one[3]) for one in own)


def _text(value):
    """What psql writes as TRUE pandas reads as a logical."""
    if isinstance(value, (bool, np.bool_)):
        return str(value).upper()
    return value if isinstance(value, str) and value else None


@pytest.mark.parametrize("outcome", [["ill", "is it"], ["ill"]])
@pytest.mark.parametrize("n_models", [1, 2])
def test_labels_are_those_of_predict(outcome, n_models, exported):
    several = {"n_models": n_models, "bootstrap": True} if n_models > 1 else {}
    model, rows = rare(loss="binary_cross_entropy", outcome=outcome, **_LEARNT, **several)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.asarray(model.predict(rows), dtype=object).reshape(len(rows), -1)
        shares = model.predict_proba(rows).reshape(len(rows), -1)
    found = exported(model, rows)
    ends = [f"_{name}" for name in outcome] if len(outcome) > 1 else [""]
    written = {True: "TRUE", False: "FALSE", None: None}
    for place, end in enumerate(ends):
        labels = [_text(value) for value in found[f".pred_class{end}"]]
        assert labels == [written.get(value, value) for value in expected[:, place]]
        assert {*labels} == {"it's", "no", None} or end == "_is it"
        share = np.asarray(found[f".pred{end}"], np.float64)
        np.testing.assert_allclose(share, shares[:, place], rtol=1e-11)


def test_columns_of_a_query_have_different_names():
    data = frame().replace({"class": {"no": "class"}})
    model = fit("class", data=data, predictors=["t1"])
    query = model.to_sql("t", "duckdb", columns=".pred_class")
    for name in (".pred_class", "..pred_class", "...pred_class"):
        assert query.count(f' AS "{name}"') == 1
