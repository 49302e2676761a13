"""Anything at all: random frames are a fit or one of our errors, predictions in order."""

import contextlib
import warnings

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.exceptions import UndefinedMetricWarning

from pytwolayer import PytwolayerError, TwoLayer, two_layer
from pytwolayer.errors import PytwolayerWarning
from pytwolayer.network.losses import LOSSES


def examples(number):
    return settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck))


QUICK = {"hidden_units": 2, "epochs": 2, "seed": 0, "learning_rate": 0.01}

ORDINARY = st.floats(-1e3, 1e3, allow_nan=False, width=32)
SHORT = st.text(max_size=2)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    SHORT,
    st.binary(max_size=2),
    st.decimals(),
    st.fractions(),
    st.dates(),
    st.just(pd.NA),
)


def lists(values, rows):
    return st.lists(values, min_size=rows, max_size=rows)


def maybe(values):
    return st.one_of(st.none(), values)


def series(dtype):
    return lambda values: pd.Series(values, dtype=dtype)


def categories(rows):
    levels = st.one_of(
        st.lists(SHORT, unique=True, max_size=4),
        st.lists(st.integers(-3, 3), unique=True, max_size=4),
        st.lists(st.one_of(SHORT, st.integers(2, 9), st.booleans()), unique_by=str, max_size=4),
    )

    @st.composite
    def draw_column(draw):
        among = draw(levels)
        codes = draw(lists(st.integers(-1, len(among) - 1), rows))
        ordered = draw(st.booleans())
        return pd.Series(pd.Categorical.from_codes(codes, among, ordered=ordered))

    return draw_column()


KINDS = {
    "ordinary": lambda rows: lists(ORDINARY, rows).map(series("float64")),
    "few": lambda rows: lists(st.sampled_from([0.0, 1.0, 2.0]), rows).map(series("float64")),
    "float64": lambda rows: arrays.arrays("float64", rows).map(pd.Series),
    "float32": lambda rows: arrays.arrays("float32", rows).map(pd.Series),
    "int64": lambda rows: arrays.arrays("int64", rows).map(pd.Series),
    "uint64": lambda rows: arrays.arrays("uint64", rows).map(pd.Series),
    "bool": lambda rows: arrays.arrays("bool", rows).map(pd.Series),
    "Int64": lambda rows: lists(maybe(st.integers(-9, 9)), rows).map(series("Int64")),
    "Float32": lambda rows: lists(maybe(ORDINARY), rows).map(series("Float32")),
    "boolean": lambda rows: lists(maybe(st.booleans()), rows).map(series("boolean")),
    "text": lambda rows: lists(maybe(SHORT), rows).map(series(object)),
    "words": lambda rows: lists(st.sampled_from(["u", "v", "w"]), rows).map(series("string")),
    "logicals": lambda rows: lists(maybe(st.booleans()), rows).map(series(object)),
    "anything": lambda rows: lists(ANYTHING, rows).map(series(object)),
    "nothing": lambda rows: st.just(pd.Series([None] * rows, dtype=object)),
    "constant": lambda rows: st.just(pd.Series([0.1] * rows, dtype="float64")),
    "dates": lambda rows: st.just(pd.Series(pd.to_datetime(["2020-01-01"] * rows))),
    "categories": categories,
}
# What a user's frame is mostly made of
USUAL = ["ordinary", "few", "bool", "Int64", "Float32", "words", "text", "categories", "constant"]


@st.composite
def frames(draw, kinds=None, rows=None, columns=(0, 4), unique=None):
    """Draw a frame of columns of any kind; its names may be the same if not ``unique``."""
    unique = draw(st.sampled_from([True, True, False])) if unique is None else unique
    rows = draw(st.integers(0, 8)) if rows is None else rows
    names = draw(st.lists(SHORT, min_size=columns[0], max_size=columns[1], unique=unique))
    drawn = [draw(KINDS[draw(st.sampled_from(kinds or list(KINDS)))](rows)) for _ in names]
    frame = pd.concat(drawn, axis=1) if drawn else pd.DataFrame(index=range(rows))
    return frame.set_axis(names, axis=1)


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "batch_size": st.sampled_from([None, 1, 2, 100, "auto"]),
        "optimizer": st.sampled_from(["sgd", "adamw", "rmsprop"]),
        "dropout": st.just(0.5),
        "validation": st.one_of(st.floats(0, 0.9), st.lists(st.integers(0, 8), max_size=3)),
        "patience": st.just(1),
        "class_weights": st.just("balanced"),
        "reduction": st.just("sum"),
        "na_action": st.sampled_from(["omit", "fail"]),
        "input_clip": st.sampled_from([None, 1.0]),
        "encoding": st.sampled_from(["linear", "piecewise"]),
        "pieces": st.sampled_from([2, 3, 64]),
        "loss": st.sampled_from([name for name in LOSSES if name != "mse"]),
    },
)


@contextlib.contextmanager
def no_foreign_warnings():
    """Let warnings of ours pass, and make errors of all others."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", PytwolayerWarning)
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # a score of one row
        yield


def tried(function, *arguments, **options):
    """Give what a function gives, or None where it raises an error of ours."""
    with no_foreign_warnings():
        try:
            return function(*arguments, **options)
        except PytwolayerError as problem:
            str(problem)
            return None


def check_predictions(fit, new, outcomes):
    """Predictions are one of our errors, or one row per row of new data, in order."""
    predicted = tried(fit.predict, new)
    if predicted is None:
        return
    assert len(predicted) == len(new)
    if fit.classes is not None:
        known = fit.classes.tolist()
        assert all(value is None or value in known for value in predicted.tolist())
        probabilities = tried(fit.predict_proba, new)
        assert probabilities.shape == (len(new), len(known))
        missing = np.array([value is None for value in predicted.tolist()], dtype=bool)
        assert np.isnan(probabilities[missing]).all()
        np.testing.assert_allclose(probabilities[~missing].sum(1), 1, rtol=1e-9)
        return
    one = outcomes is None or fit.outcome.trials
    assert predicted.shape == ((len(new),) if one else (len(new), outcomes))
    raw = tried(fit.predict_raw, new)
    one_by_one = [tried(fit.predict_raw, new.iloc[[row]])[0] for row in range(len(new))]
    for row, alone in enumerate(one_by_one):
        np.testing.assert_allclose(raw[row], alone, rtol=1e-9, atol=1e-9)


@examples(150)
@given(data=st.data(), options=OPTIONS)
def test_any_frame_is_a_fit_or_one_of_our_errors(data, options):
    x = data.draw(st.one_of(frames(), frames(rows=4, columns=(1, 4))))
    y = data.draw(frames(rows=len(x), columns=(1, 2)))
    fit = tried(two_layer, x, y, **QUICK | options)
    if fit is not None:
        check_predictions(fit, x, y.shape[1])
        check_predictions(fit, data.draw(frames()), y.shape[1])


@examples(150)
@given(data=st.data(), options=OPTIONS)
def test_any_usual_frame_is_a_fit_or_one_of_our_errors(data, options):
    rows = data.draw(st.integers(2, 12))
    x = data.draw(frames(USUAL, rows, (1, 4), unique=True))
    y = data.draw(KINDS[data.draw(st.sampled_from(USUAL))](rows))
    fit = tried(two_layer, x, y, **QUICK | options)
    if fit is not None:
        check_predictions(fit, x, None)
        # The same columns with other values
        kinds = [coding.__class__ for coding in fit.inputs.codings]
        assert len(kinds) == x.shape[1]
        check_predictions(fit, data.draw(frames(USUAL, columns=(1, 4))), None)
        new = pd.DataFrame({name: data.draw(_column_like(x[name])) for name in x.columns})
        check_predictions(fit, new, None)


def _column_like(column):
    values = [*column.tolist(), None, "new", 7.5]
    return lists(st.sampled_from(values), 4).map(series(object))


@examples(100)
@given(data=st.data())
def test_any_column_may_be_the_outcome(data):
    frame = data.draw(frames(USUAL, data.draw(st.integers(1, 10)), (2, 4)))
    wanted = data.draw(st.sampled_from(list(frame.columns)) | SHORT | st.lists(SHORT, max_size=2))
    fit = tried(two_layer, frame, outcome=wanted, **QUICK)
    if fit is not None:
        predicted = tried(fit.predict, frame)
        assert len(predicted) == len(frame)
        tried(fit.score, frame)


@examples(75)
@given(data=st.data())
def test_any_weights_are_a_fit_or_one_of_our_errors(data):
    rows = data.draw(st.integers(1, 8))
    x = data.draw(frames(["ordinary", "words"], rows, (1, 2), unique=True))
    y = data.draw(KINDS[data.draw(st.sampled_from(["ordinary", "bool", "words"]))](rows))
    weights = data.draw(
        st.one_of(
            arrays.arrays("float64", rows),
            arrays.arrays("float64", rows, elements=st.floats(0, 10)),
            arrays.arrays("bool", rows),
            lists(ANYTHING, rows),
            st.lists(st.floats(0, 3), max_size=8),
        )
    )
    fit = tried(two_layer, x, y, sample_weight=weights, **QUICK)
    assert fit is None or isinstance(fit, TwoLayer)


FINITE = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 8), st.integers(1, 3)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)


@examples(75)
@given(x=FINITE, seed=st.integers(0, 2**53), batch_size=st.sampled_from([None, 1, 3]))
def test_ordinary_numbers_always_give_a_fit_with_finite_predictions(x, seed, batch_size):
    with no_foreign_warnings():
        fit = two_layer(x, x[:, 0], **QUICK | {"seed": seed, "batch_size": batch_size})
        assert np.isfinite(fit.history["loss"]).all()
        assert np.isfinite(fit.predict(x)).all()
        assert fit.predict(pd.DataFrame(x)).tolist() == fit.predict(np.asfortranarray(x)).tolist()


@examples(75)
@given(data=st.data())
def test_ordinary_classes_always_give_a_fit(data):
    rows = data.draw(st.integers(2, 10))
    x = data.draw(arrays.arrays(np.float64, (rows, 2), elements=st.floats(-1e3, 1e3)))
    classes = data.draw(st.lists(st.text(), min_size=2, max_size=4, unique=True))
    y = [*classes, *data.draw(lists(st.sampled_from(classes), max(rows - len(classes), 0)))][:rows]
    with no_foreign_warnings():
        fit = two_layer(x, np.array(y, dtype=object), **QUICK)
        assert set(fit.classes) == set(y)
        assert set(fit.predict(x)) <= set(y)
        assert np.isfinite(fit.predict_proba(x)).all()


@examples(60)
@given(data=st.data())
def test_order_of_columns_and_layout_change_no_prediction(data):
    rows = data.draw(st.integers(3, 8))
    names = data.draw(st.lists(SHORT, min_size=2, max_size=4, unique=True))
    x = pd.DataFrame({name: data.draw(KINDS["ordinary"](rows)) for name in names})
    fit = two_layer(x, x.iloc[:, 0], **QUICK)
    order = data.draw(st.permutations(names))
    assert fit.predict(x[order].assign(**{"quite another": 1})).tolist() == fit.predict(x).tolist()
