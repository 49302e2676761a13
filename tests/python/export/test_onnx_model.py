"""ONNX files predict as predict() does, run by onnxruntime."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from export_samples import FITS, HOSTILE, NUMBERS, PREDICTORS, by_predict, fit, frame, odd_rows
from onnx_run import run_onnx

from pytwolayer import PytwolayerError, TwoLayerClassifier, TwoLayerRegressor

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
TOLERANCE = 1e-12  # of the prediction, or of the typical one


def predictions(model, rows, tmp_path, **more):
    file = tmp_path / "model.onnx"
    model.to_onnx(file)
    found = run_onnx(file, rows, **more)
    values = found[".prob"] if ".prob" in found else found[".pred"]
    assert np.array_equal(found[".valid"][:, 0], ~np.isnan(values).any(axis=1))
    return found, values


# tests/cross/test_one_model_many_places.py has all of them.
@pytest.mark.parametrize("name", ["gelu", "classes", "clipped pieces", "ensemble of classes"])
def test_predictions_are_those_of_predict_odd_rows_included(name, tmp_path):
    options = FITS[name]
    model = fit(**options)
    rows = odd_rows(options.get("predictors", PREDICTORS))
    expected = by_predict(model, rows)
    found, values = predictions(model, rows, tmp_path)
    scale = np.nanmedian(np.abs(expected))
    np.testing.assert_allclose(values, expected, rtol=TOLERANCE, atol=TOLERANCE * scale)
    if ".pred_class" in found:
        labels = np.array(model.outcome.outputs)
        there = ~np.isnan(expected).any(axis=1)
        assert (found[".pred_class"][there, 0] == labels[expected[there].argmax(axis=1)]).all()
        assert (found[".pred_class"][~there] == "").all()


def test_the_file_is_small(tmp_path):
    model = fit(predictors=NUMBERS, hidden_units=64)
    model.to_onnx(tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx").stat().st_size < 6000


@pytest.mark.parametrize("number", [0, 1])
def test_no_rows_and_one_row_have_as_many_predictions(number, tmp_path):
    for options in ({}, {"outcome": "class"}, {"encoding": "piecewise", "n_models": 2}):
        found, values = predictions(fit(**options), frame(number), tmp_path)
        assert {len(value) for value in found.values()} == {number} == {len(values)}


def test_names_of_inputs_and_outputs_do_not_clash(tmp_path):
    data = frame().rename(columns={"t1": ".pred", "größe 1": ".valid", HOSTILE: "t_"})
    names = [".pred", ".valid", "t_"]
    model = fit(data=data, predictors=names)
    model.to_onnx(tmp_path / "m.onnx")
    found = run_onnx(tmp_path / "m.onnx", data)
    assert list(found) == ["..pred", "..valid"]
    np.testing.assert_allclose(found["..pred"][:, 0], model.predict(data[names]), rtol=1e-10)


def test_columns_without_names_are_x1_and_so_on(tmp_path):
    x = frame()[NUMBERS].to_numpy(dtype=np.float64)
    model = TwoLayerRegressor(epochs=3, random_state=1).fit(x, frame()["y"])
    model.to_onnx(tmp_path / "m.onnx")
    rows = pd.DataFrame(x, columns=[f"x{n + 1}" for n in range(x.shape[1])])
    values = run_onnx(tmp_path / "m.onnx", rows)[".pred"][:, 0]
    np.testing.assert_allclose(values, model.predict(x), rtol=1e-10)


def test_an_estimator_gives_its_labels_as_text(tmp_path):
    x, labels = frame()[NUMBERS], frame()["count"]
    model = TwoLayerClassifier(epochs=3, random_state=1).fit(x, labels)
    model.to_onnx(tmp_path / "m.onnx")
    found = run_onnx(tmp_path / "m.onnx", x)[".pred_class"][:, 0]
    assert found.tolist() == [str(label) for label in model.predict(x)]


def test_columns_of_many_levels_make_no_wide_matrix(tmp_path):
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"g": [f"level {n}" for n in range(400)] * 2, "y": rng.normal(size=800)})
    model = fit(data=data, predictors=["g"])
    _, values = predictions(model, data, tmp_path)
    np.testing.assert_allclose(values[:, 0], model.predict(data), rtol=1e-10)


def test_a_fit_that_a_formula_computes_is_refused(tmp_path):
    model = replace(fit(predictors=NUMBERS), formula="y ~ log(x)")
    with pytest.raises(PytwolayerError, match=r"formula `y ~ log\(x\)` computes"):
        model.to_onnx(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_without_the_package_onnx_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(PytwolayerError, match=r"which is not installed: pip install \"pytwolayer"):
        fit(predictors=NUMBERS).to_onnx(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_an_argument_error(tmp_path):
    with pytest.raises(PytwolayerError, match="`file` must be the path of a file in a folder"):
        fit(predictors=NUMBERS).to_onnx(tmp_path / "no" / "m.onnx")


def test_an_offset_is_an_input(tmp_path):
    rows = frame(20).assign(o=np.linspace(-2, 2, 20))
    rows.loc[3, "o"] = np.nan
    rows.loc[4, "o"] = np.inf
    good = rows["o"].notna() & np.isfinite(rows["o"])
    for options in ({}, {"outcome": "count", "loss": "poisson"}):
        model = replace(fit(predictors=NUMBERS, **options), offset=True)
        model.to_onnx(tmp_path / "m.onnx")
        found = run_onnx(tmp_path / "m.onnx", rows, offset=rows["o"])
        expected = model.predict(rows.loc[good, NUMBERS], offset=rows.loc[good, "o"].to_numpy())
        np.testing.assert_allclose(found[".pred"][good, 0], expected, rtol=1e-11)
        assert found[".valid"][:, 0].tolist() == good.tolist()


def test_a_column_called_offset_is_not_the_offset(tmp_path):
    data = frame().rename(columns={"t1": "offset"})
    model = replace(fit(data=data, predictors=["offset"]), offset=True)
    model.to_onnx(tmp_path / "m.onnx")
    found = run_onnx(tmp_path / "m.onnx", data, **{".offset": data["y"]})[".pred"][:, 0]
    expected = model.predict(data[["offset"]], offset=data["y"].to_numpy())
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_quantiles_that_cross_are_sorted_and_named_by_their_levels(tmp_path):
    model = fit(predictors=NUMBERS, loss="quantile", quantile_levels=[0.1, 0.5, 0.9], epochs=1)
    model.to_onnx(tmp_path / "m.onnx")
    found = run_onnx(tmp_path / "m.onnx", frame())[".pred"]
    assert (np.diff(model.predict_raw(frame()), axis=1) < 0).any()
    np.testing.assert_allclose(found, model.predict_quantiles(frame()).to_numpy(), rtol=1e-11)
    assert model.to_sql("t", "duckdb").count('AS ".pred_q0.') == 3


def test_text_that_is_no_unicode_is_refused(tmp_path):
    data = frame()
    data["level's"] = data["level's"].astype(object).where(data["level's"] != "NA", "\ud800")
    model = fit(data=data, predictors=["level's"])
    with pytest.raises(PytwolayerError, match="ONNX cannot hold the text"):
        model.to_onnx(tmp_path / "m.onnx")
    with pytest.raises(PytwolayerError, match="SQL cannot hold the text"):
        model.to_sql("t", "duckdb")
