"""Estimators take files, and outcome and weights by the names of columns."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, TwoLayerClassifier, TwoLayerRegressor

pa = pytest.importorskip("pyarrow")
ds = pytest.importorskip("pyarrow.dataset")
ROWS = 9000  # more than a block
QUICK = {"epochs": 2, "hidden_units": 4, "random_state": 1, "weight_decay": 0.1}


def make_frame():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 2)), columns=["a", "b"])
    frame["yes"] = rng.random(ROWS) < 0.5
    frame["text"] = rng.choice(["x", "é", "z"], ROWS)
    frame["y"] = frame["a"] + (frame["text"] == "x")
    frame["w"] = rng.integers(1, 4, ROWS).astype(float)
    frame["whole"] = rng.integers(3, 5, ROWS)
    frame["word"] = np.where(frame["y"] > 0, "up", "down")
    frame["flag"] = frame["y"] > 0.5
    return frame


FRAME = make_frame()
X = ["a", "b", "yes", "text"]
WAYS = ("parquet", "folder", "csv", "dataset", "pyarrow", "polars", "frame")


def source(kind, folder, frame):
    if kind == "parquet":
        frame.to_parquet(folder / "t.parquet", row_group_size=1000)
        return folder / "t.parquet"
    if kind in ("folder", "dataset"):
        (folder / "data").mkdir()
        frame[:5000].to_parquet(folder / "data" / "1.parquet", index=False)
        frame[5000:].to_parquet(folder / "data" / "2.parquet", index=False)
        return folder / "data" if kind == "folder" else ds.dataset(folder / "data")
    if kind == "csv":
        frame.to_csv(folder / "t.csv", index=False)
        return str(folder / "t.csv")
    if kind == "polars":
        return pytest.importorskip("polars").from_pandas(frame)
    return pa.Table.from_pandas(frame) if kind == "pyarrow" else frame


def assert_same(ours, theirs, new):
    pd.testing.assert_frame_equal(ours.history_, theirs.history_, check_exact=True)
    assert ours.feature_names_in_.tolist() == theirs.feature_names_in_.tolist()
    assert ours.n_features_in_ == theirs.n_features_in_
    expected = theirs.predict(FRAME[theirs.feature_names_in_])
    assert (ours.predict(new) == expected).all()
    assert (ours.predict(FRAME[ours.feature_names_in_]) == expected).all()


@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize("columns", [X, ["a", "b", "yes"]], ids=["levels", "numbers"])
def test_a_regression_is_that_of_the_frame(tmp_path, kind, columns):
    frame = FRAME[[*columns, "y", "w"]]
    given = source(kind, tmp_path, frame)
    ours = TwoLayerRegressor(**QUICK).fit(given, "y", "w")
    theirs = TwoLayerRegressor(**QUICK).fit(frame[columns], frame["y"], frame["w"])
    new = given if kind in ("parquet", "folder", "csv", "dataset") else FRAME[columns]
    assert_same(ours, theirs, new)
    expected = theirs.score(frame[columns], frame["y"], frame["w"])
    assert ours.score(given, "y", "w") == expected


@pytest.mark.parametrize("kind", ["parquet", "csv", "polars", "frame"])
@pytest.mark.parametrize("outcome", ["whole", "word", "flag"])
def test_classes_are_those_of_the_frame(tmp_path, kind, outcome):
    frame = FRAME[["a", "text", outcome]]
    given = source(kind, tmp_path, frame)
    ours = TwoLayerClassifier(**QUICK).fit(given, outcome)
    theirs = TwoLayerClassifier(**QUICK).fit(frame[["a", "text"]], frame[outcome])
    assert ours.classes_.tolist() == theirs.classes_.tolist()
    if (kind, outcome) != ("csv", "flag"):  # True and False in a file of text are logicals
        assert [type(one) for one in ours.classes_.tolist()] == [
            type(one) for one in theirs.classes_.tolist()
        ]
    assert_same(ours, theirs, given if kind in ("parquet", "csv") else FRAME[["a", "text"]])
    assert ours.score(given, outcome) == theirs.score(frame[["a", "text"]], frame[outcome])


def test_the_outcome_may_be_values_beside_a_path(tmp_path):
    given = source("parquet", tmp_path, FRAME[X])
    ours = TwoLayerRegressor(**QUICK).fit(given, FRAME["y"].to_numpy(), FRAME["w"])
    theirs = TwoLayerRegressor(**QUICK).fit(FRAME[X], FRAME["y"], FRAME["w"])
    assert_same(ours, theirs, given)


def test_validation_data_and_parts_may_be_files(tmp_path):
    given = source("parquet", tmp_path, FRAME[[*X, "y"]])
    held_out = tmp_path / "held out.csv"
    FRAME[:99][["y", *X]].to_csv(held_out, index=False)
    ours = TwoLayerRegressor(**QUICK).fit(given, "y", X_val=held_out, y_val="y")
    how = {"X_val": FRAME[X][:99], "y_val": FRAME["y"][:99]}
    theirs = TwoLayerRegressor(**QUICK).fit(FRAME[X], FRAME["y"], **how)
    assert_same(ours, theirs, given)
    ours.partial_fit(held_out, "y")  # whose columns are in another order
    theirs.partial_fit(FRAME[X][:99], FRAME["y"][:99])
    assert_same(ours, theirs, given)


def test_predictions_go_into_a_file(tmp_path):
    given = source("parquet", tmp_path, FRAME)
    fit = TwoLayerClassifier(**QUICK).fit(FRAME[X], FRAME["word"])
    file = fit.predict_to_file(given, tmp_path / "p.parquet", columns=["w"])
    assert file == tmp_path / "p.parquet"
    found = pd.read_parquet(file)
    assert [*found] == ["w", ".pred_class", ".pred_down", ".pred_up"]
    assert found[".pred_class"].tolist() == fit.predict(FRAME[X]).tolist()
    np.testing.assert_array_equal(found[[".pred_down", ".pred_up"]], fit.predict_proba(FRAME[X]))
    of_array = TwoLayerRegressor(**QUICK).fit(FRAME[["a", "b"]].to_numpy(), FRAME["y"])
    of_array.predict_to_file(FRAME[["a", "b"]].to_numpy(), tmp_path / "p.csv", kind="numeric")
    predicted = of_array.predict(FRAME[["a", "b"]].to_numpy())
    np.testing.assert_array_equal(pd.read_csv(tmp_path / "p.csv")[".pred"], predicted)


def refused(match):
    return pytest.raises(ArgumentError, match=match)


def test_what_cannot_be_found_is_one_sentence(tmp_path):
    model = TwoLayerRegressor(**QUICK)
    gone = str(tmp_path / "gone.parquet")
    with refused(
        r"`X` must be a file or a folder that exists, not \".*gone.parquet\", where there is none.$"
    ):
        model.fit(gone, "y")
    for data in (FRAME, pa.Table.from_pandas(FRAME), source("parquet", tmp_path, FRAME)):
        with refused('`y` must be the name of a column of `X`, not "z"'):
            model.fit(data, "z")
        with refused('`sample_weight` must be the name of a column of `X`, not "z"'):
            model.fit(data, "y", "z")
        with refused("`sample_weight` must be another column than the outcome"):
            model.fit(data, "y", "y")
    with refused("`y` must be the values themselves where the columns of `X` have no names"):
        model.fit(FRAME[["a", "b"]].to_numpy(), "y")
    model.fit(FRAME[["a", "b"]], FRAME["y"])
    FRAME[["a", "w"]].to_parquet(tmp_path / "less.parquet")
    with pytest.raises(ValueError, match="yet now missing:\n- b"):
        model.predict(tmp_path / "less.parquet")
    with refused(r"`X` must be a table with every column seen in training, not one without \"b\""):
        model.predict_to_file(tmp_path / "less.parquet", tmp_path / "p.csv")


def test_missing_values_of_a_file_are_refused(tmp_path):
    gaps = FRAME[["a", "b", "y"]].assign(b=FRAME["b"].where(FRAME["a"] > 0))
    given = source("parquet", tmp_path, gaps)
    with refused('`X` must be without missing values, not missing values in .* in column "b"'):
        TwoLayerRegressor(**QUICK).fit(given, "y")
    with pytest.raises(ValueError, match="y contains NaN"):
        TwoLayerRegressor(**QUICK).fit(given, "b")
