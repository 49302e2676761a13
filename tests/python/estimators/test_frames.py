"""Estimators take tables and vectors of pyarrow and polars, and give NumPy as ever."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, TwoLayerClassifier, TwoLayerRegressor

pa = pytest.importorskip("pyarrow")
ROWS = 60
QUICK = {"epochs": 3, "hidden_units": 4, "random_state": 1, "weight_decay": 0.1}
RNG = np.random.default_rng(1)
NUMBERS = pd.DataFrame(
    {"a": RNG.normal(size=ROWS), "b": RNG.integers(0, 9, ROWS), "yes": RNG.random(ROWS) < 0.5}
)
LEVELS = NUMBERS.assign(
    text=RNG.choice(["z", "a", "é"], ROWS),
    kind=pd.Categorical(RNG.choice(["u", "v"], ROWS), ["v", "u", "w"]),
)
Y = pd.Series(NUMBERS["a"] + NUMBERS["b"], name="y")
CLASSES = pd.Series(RNG.integers(3, 5, ROWS), name="class")


def as_polars(data):
    polars = pytest.importorskip("polars")
    if isinstance(data, pd.Series):
        return polars.Series(data.name, data.to_numpy())
    columns = {
        name: polars.Series(column.astype(object).to_list(), dtype=polars.Enum(["v", "u", "w"]))
        if name == "kind"
        else polars.Series(column.to_list())
        for name, column in data.items()
    }
    return polars.DataFrame(columns)


def as_arrow(data):
    if isinstance(data, pd.Series):
        return pa.chunked_array([data[:7], data[7:]])
    return pa.Table.from_pandas(data)


WAYS = {"pyarrow": as_arrow, "polars": as_polars}


@pytest.mark.parametrize("convert", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("frame", [NUMBERS, LEVELS], ids=["numbers", "levels"])
def test_a_regression_is_that_of_the_frame(convert, frame):
    new = convert(frame)
    ours = TwoLayerRegressor(**QUICK).fit(new, convert(Y), sample_weight=convert(Y.abs()))
    theirs = TwoLayerRegressor(**QUICK).fit(frame, Y, sample_weight=Y.abs())
    assert ours.two_layer_.data["weights"] == theirs.two_layer_.data["weights"]
    pd.testing.assert_frame_equal(ours.history_, theirs.history_, check_exact=True)
    assert ours.feature_names_in_.tolist() == [*frame]
    predicted = ours.predict(new)
    assert type(predicted) is np.ndarray
    np.testing.assert_array_equal(predicted, theirs.predict(frame))
    assert ours.score(new, convert(Y)) == theirs.score(frame, Y)
    validated = [
        TwoLayerRegressor(**QUICK).fit(x, y, X_val=x_val, y_val=y_val).history_
        for x, y, x_val, y_val in (
            (new, convert(Y), convert(frame[:9]), convert(Y[:9])),
            (frame, Y, frame[:9], Y[:9]),
        )
    ]
    pd.testing.assert_frame_equal(*validated, check_exact=True)


@pytest.mark.parametrize("convert", WAYS.values(), ids=WAYS)
def test_classes_keep_their_type(convert):
    new = convert(LEVELS)
    ours = TwoLayerClassifier(**QUICK).fit(new, convert(CLASSES))
    theirs = TwoLayerClassifier(**QUICK).fit(LEVELS, CLASSES)
    assert ours.classes_.tolist() == [3, 4]
    assert ours.classes_.dtype.kind == "i"
    assert ours.predict(new).tolist() == theirs.predict(LEVELS).tolist()
    np.testing.assert_array_equal(ours.predict_proba(new), theirs.predict_proba(LEVELS))
    assert ours.score(new, convert(CLASSES)) == theirs.score(LEVELS, CLASSES)
    text = CLASSES.map({3: "u", 4: "v"}).to_numpy(dtype=object)
    fit = TwoLayerClassifier(**QUICK).fit(new, pa.array(text))
    assert fit.predict(new).tolist() == [["u", "v"][n - 3] for n in theirs.predict(LEVELS)]


def test_a_stream_is_read_once():
    ours = TwoLayerRegressor(**QUICK).fit(pa.Table.from_pandas(LEVELS).to_reader(), Y)
    theirs = TwoLayerRegressor(**QUICK).fit(LEVELS, Y)
    stream = pa.Table.from_pandas(LEVELS).to_reader()
    assert ours.score(stream, pa.array(Y)) == theirs.score(LEVELS, Y)


def test_missing_values_and_dates_are_refused():
    for values in ([1.0, None], [1, None], [True, None], ["a", None]):
        with pytest.raises(ValueError, match="NaN"):
            TwoLayerRegressor(**QUICK).fit(pa.table({"a": values}), [1.0, 2.0])
    table = pa.table({"a": pa.array([1, 2], pa.date32())})
    with pytest.raises(ArgumentError, match=r'`X` must be numbers.* not dates in column "a"'):
        TwoLayerRegressor(**QUICK).fit(table, [1.0, 2.0])


def test_a_lazy_frame_has_to_be_collected():
    polars = pytest.importorskip("polars")
    with pytest.raises(ArgumentError, match=r"`X` must be a table, not a polars LazyFrame"):
        TwoLayerRegressor(**QUICK).fit(polars.LazyFrame({"a": [1.0, 2.0]}), [1.0, 2.0])
