"""Missing and odd data, from the user's side: each has one stated behaviour."""

import warnings

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, two_layer
from pytwolayer.errors import MissingRowsWarning, PytwolayerWarning, UnseenLevelWarning
from pytwolayer.runtime.torch_loading import torch

NAN, INF = float("nan"), float("inf")
RNG = np.random.default_rng(9)
FRAME = pd.DataFrame(
    {
        "size": RNG.normal(size=24) * 100,
        "count": RNG.integers(0, 9, size=24),
        "yes": [True, False, False] * 8,
        "kind": pd.Categorical(["p", "q", "r", "p"] * 6, categories=["r", "p", "unused", "q"]),
        "word": ["Äpfel", "Birnen", "日本"] * 8,
    }
)
Y = FRAME["size"] / 50 + FRAME["yes"] + (FRAME["word"] == "日本")
QUICK = {
    "hidden_units": 5,
    "epochs": 4,
    "batch_size": 8,
    "learning_rate": 0.01,
    "schedule": "constant",
    "weight_decay": 0.0,
    "seed": 1,
}


def quick(x=FRAME, y=Y, **options):
    return two_layer(x, y, **QUICK | options)


@pytest.fixture(scope="module")
def fit():
    """A fit to the frame; tests must not change it."""
    return quick()


def holed(*places):
    """Give the frame with missing values at places of rows and columns."""
    frame = FRAME.copy()
    for row, column in places:
        values = frame[column].astype(object)
        values[row] = None
        plain = {"size": "float", "count": "Int64", "yes": "boolean", "kind": FRAME["kind"].dtype}
        frame[column] = values.astype(plain.get(column, object))
    return frame


# Training


@pytest.mark.parametrize("column", FRAME)
def test_a_row_with_a_missing_value_is_left_out_of_training_as_if_it_were_not_there(column):
    with pytest.warns(MissingRowsWarning, match="^2 of 24 rows left out of training") as caught:
        fit = quick(holed((3, column), (7, column)))
    assert len(caught) == 1
    there = ~np.isin(np.arange(24), [3, 7])
    without = quick(FRAME[there], Y[there])
    assert fit.history.equals(without.history)
    assert fit.predict(FRAME).tolist() == without.predict(FRAME).tolist()
    assert (fit.rows, fit.dropped) == (22, 2)
    assert "fitted to 22 rows (2 left out)" in repr(fit)


def test_a_row_whose_outcome_is_missing_is_left_out_too():
    y = Y.copy()
    y[[0, 23]] = None
    with pytest.warns(MissingRowsWarning, match=r"^2 of 24 rows"):
        fit = quick(y=y)
    assert fit.history.equals(quick(FRAME[1:-1], Y[1:-1]).history)


def test_each_row_is_counted_once_whatever_misses_in_it():
    with pytest.warns(MissingRowsWarning, match=r"^3 of 24 rows"):
        quick(holed((1, "size"), (1, "kind"), (2, "word"), (3, "yes")))


def test_the_warning_points_at_the_users_line():
    with pytest.warns(MissingRowsWarning) as caught:
        two_layer(holed((1, "size")), Y, **QUICK)
    assert caught[0].filename == __file__


def test_missing_rows_can_be_refused():
    with pytest.raises(ArgumentError, match=r'`na_action = "fail"`, not missing values in 1 of 24'):
        quick(holed((1, "size")), na_action="fail")
    assert quick(na_action="fail").dropped == 0


@pytest.mark.parametrize("column", FRAME)
def test_a_column_of_nothing_is_an_error(column):
    with pytest.raises(ArgumentError, match=r"complete in at least one row, .* 24 of 24 rows"):
        quick(FRAME.assign(**{column: None}))


def test_levels_of_left_out_rows_were_not_seen():
    frame = holed((5, "size")).assign(word=["once" if row == 5 else "more" for row in range(24)])
    with pytest.warns(MissingRowsWarning):
        fit = quick(frame)
    with pytest.warns(UnseenLevelWarning, match='"word": "once"'):
        assert np.isnan(fit.predict(FRAME.assign(word="once"))).all()


@pytest.mark.parametrize("value", [INF, -INF])
@pytest.mark.parametrize("column", ["size", "count"])
def test_an_infinite_number_is_an_error_that_names_the_column(fit, column, value):
    frame = FRAME.assign(**{column: [value if row in (2, 5) else 1.0 for row in range(24)]})
    message = rf'^`x` must be finite, not infinite in column "{column}" \(2 of 24 values\)'
    with pytest.raises(ArgumentError, match=message):
        quick(frame)
    with pytest.raises(ArgumentError, match=message):
        fit.predict(frame)


def test_an_infinite_outcome_is_an_error():
    with pytest.raises(
        ArgumentError, match=r"^`y` must be finite, not infinite \(1 of 24 values\)"
    ):
        quick(y=[INF, *Y[1:]])
    named = pd.Series([INF, *Y[1:]], name="target")
    with pytest.raises(ArgumentError, match=r'^`y` must be .* in column "target"'):
        quick(y=named)


# Numbers far from those of training


def test_a_number_far_from_those_of_training_counts_as_the_limit_says():
    fit = quick(input_clip=3.0)
    center, scale = FRAME["size"].mean(), FRAME["size"].std(ddof=0)
    for far, limit in [(1e300, 3), (-1e300, -3), (center + 4 * scale, 3)]:
        cut = fit.predict(FRAME.assign(size=center + limit * scale))
        np.testing.assert_allclose(fit.predict(FRAME.assign(size=far)), cut, rtol=1e-5)
    near = fit.predict(FRAME.assign(size=center + 2.9 * scale))
    assert (near != fit.predict(FRAME.assign(size=center + 3 * scale))).any()


def test_a_number_far_from_the_others_counts_as_the_limit_says_in_training_too():
    far = FRAME.assign(size=[1e9 if row == 0 else v for row, v in enumerate(FRAME["size"])])
    cut = quick(far, input_clip=2.0)
    scale = far["size"].std(ddof=0)
    by_hand = far.assign(size=far["size"].clip(upper=far["size"].mean() + 2 * scale))
    assert not cut.history.equals(quick(far, input_clip=None).history)
    np.testing.assert_allclose(cut.predict(far), cut.predict(by_hand), rtol=1e-5)


@pytest.mark.parametrize("value", [1e300, -1e300, 1e45])
def test_without_a_limit_a_number_that_float32_cannot_hold_is_an_error(value):
    fit = quick(input_clip=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(
            ArgumentError, match=r'^`x` must be numbers of the size .* in column "size"'
        ):
            fit.predict(FRAME.assign(size=value))


# Constant columns


def constant():
    return FRAME.assign(same=7.0, none=0, no=False, one="u")


def test_constant_columns_change_no_prediction_of_the_others():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = quick(constant())
    assert np.isfinite(fit.history["loss"]).all()
    assert np.isfinite(fit.predict(constant())).all()


@pytest.mark.parametrize(
    ("column", "later"), [("same", 8.0), ("same", -1e300), ("none", 5), ("no", True)]
)
def test_another_value_in_a_constant_column_later_changes_nothing(column, later):
    fit = quick(constant())
    expected = fit.predict(constant()).tolist()
    assert fit.predict(constant().assign(**{column: later})).tolist() == expected


def test_another_level_in_a_column_of_one_level_is_a_level_not_seen():
    with pytest.warns(UnseenLevelWarning, match='"one": "v"'):
        assert np.isnan(quick(constant()).predict(constant().assign(one="v"))).all()


def test_nothing_but_constant_columns_predicts_the_mean():
    x = np.full((24, 2), 3.0)
    fit = quick(x, epochs=200, batch_size=None, learning_rate=0.1)
    np.testing.assert_allclose(fit.predict(x), Y.mean(), atol=0.02)


# Few rows, no rows, many columns


def test_one_row_is_a_fit():
    fit = quick(FRAME[:1], Y[:1], epochs=100)
    assert (fit.rows, fit.predict(FRAME[:1]).shape) == (1, (1,))
    np.testing.assert_allclose(fit.predict(FRAME[:1]), Y[:1], atol=0.5)


@pytest.mark.parametrize("x", [FRAME[:0], np.zeros((0, 2)), []], ids=["frame", "array", "list"])
def test_no_rows_are_an_error(x):
    with pytest.raises(ArgumentError, match=r"^`x` must be a table"):
        quick(x, [])


def test_no_new_rows_are_no_predictions(fit):
    for new in (FRAME[:0], pd.DataFrame(columns=FRAME.columns)):
        assert fit.predict(new).shape == (0,)
    several = quick(y=np.column_stack([Y, Y]))
    assert several.predict(FRAME[:0]).shape == (0, 2)


def test_more_columns_than_rows_are_fine():
    x = RNG.normal(size=(3, 40))
    assert np.isfinite(quick(x, [1, 2, 3]).predict(x)).all()


# Names


def test_columns_of_the_same_name_are_an_error_that_names_them(fit):
    twice = pd.concat([FRAME, FRAME[["word", "size"]]], axis=1)
    message = 'names differ, not one with several columns "size", "word"'
    with pytest.raises(ArgumentError, match=message):
        quick(twice)
    with pytest.raises(ArgumentError, match=message):
        fit.predict(twice)


def test_names_and_levels_may_be_in_any_script():
    frame = FRAME.rename(columns={"size": "größe", "word": "слово", "kind": "🙂", "yes": "a b"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = quick(frame, Y.rename("目的"))
    assert fit.inputs.names == tuple(frame)
    assert fit.predict(frame).tolist() == quick().predict(FRAME).tolist()
    with pytest.warns(UnseenLevelWarning, match='in column "слово": "груши"'):
        fit.predict(frame.assign(слово="груши"))
    with pytest.raises(ArgumentError, match='not one without "größe", "🙂"'):
        fit.predict(frame.drop(columns=["größe", "🙂"]))


def test_names_need_not_be_text():
    frame = FRAME.rename(columns=dict(zip(FRAME, [0, 1.5, ("a", "b"), True, "word"], strict=True)))
    fit = quick(frame)
    assert fit.predict(frame).tolist() == quick().predict(FRAME).tolist()
    assert fit.inputs.names == ("0", "1.5", "('a', 'b')", "True", "word")


# New data


@pytest.mark.parametrize("column", FRAME)
def test_a_row_that_misses_something_is_nan_in_its_place(fit, column):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicted = fit.predict(holed((0, column), (23, column)))
    assert np.isnan(predicted).tolist() == [True, *[False] * 22, True]
    np.testing.assert_allclose(predicted[1:-1], fit.predict(FRAME)[1:-1], rtol=1e-12)


def test_nothing_but_missing_values_is_nan(fit):
    assert np.isnan(fit.predict(FRAME.assign(size=None))).all()
    assert np.isnan(fit.predict(pd.DataFrame(None, range(2), FRAME.columns))).tolist() == [True] * 2


def test_a_level_not_seen_is_nan_in_its_place_with_a_warning(fit):
    new = FRAME.assign(word=["Kiwi" if row == 4 else w for row, w in enumerate(FRAME["word"])])
    with pytest.warns(UnseenLevelWarning) as caught:
        predicted = fit.predict(new)
    assert len(caught) == 1
    assert 'in column "word": "Kiwi"' in str(caught[0].message)
    assert caught[0].filename == __file__
    assert np.isnan(predicted).tolist() == [row == 4 for row in range(24)]


def test_a_level_declared_in_training_but_not_in_a_row_is_not_seen(fit):
    with pytest.warns(UnseenLevelWarning, match='in column "kind": "unused"'):
        assert np.isnan(fit.predict(FRAME.assign(kind="unused"))).all()


def test_several_outcomes_are_all_nan_in_such_a_row():
    fit = quick(y=np.column_stack([Y, 2 * Y]))
    predicted = fit.predict(holed((1, "size")))
    assert np.isnan(predicted).all(axis=1).tolist() == [row == 1 for row in range(24)]
    assert np.isfinite(np.delete(predicted, 1, axis=0)).all()


@pytest.mark.parametrize("method", ["predict_raw", "predict"])
def test_every_kind_of_prediction_has_one_row_per_row(fit, method):
    assert len(getattr(fit, method)(holed((1, "size")))) == 24


def test_missing_columns_are_all_named(fit):
    message = '^`x` must be a table with every column seen in training, not one without "size", '
    with pytest.raises(ArgumentError, match=message + '"kind"'):
        fit.predict(FRAME.drop(columns=["kind", "size"]))


def test_more_columns_and_another_order_change_no_bit(fit):
    new = FRAME[FRAME.columns[::-1]].assign(more=INF, nothing=None, day=pd.Timestamp("2020-01-01"))
    assert fit.predict(new).tolist() == fit.predict(FRAME).tolist()


def test_rows_keep_their_order_whatever_their_index(fit):
    new = FRAME.set_index(RNG.permutation(24))
    assert fit.predict(new).tolist() == fit.predict(FRAME).tolist()
    assert quick(new, Y.to_numpy()).history.equals(fit.history)


def test_x_and_y_are_joined_by_place_not_by_index(fit):
    assert quick(y=Y.set_axis(range(100, 124))).history.equals(fit.history)


@pytest.mark.parametrize(
    "same",
    [
        FRAME.astype({"kind": object}),
        FRAME.astype({"kind": "string", "word": "string"}),
        FRAME.astype({"word": "category"}),
        FRAME.convert_dtypes(),
        FRAME.astype({"size": object, "count": "float32", "yes": object}),
        FRAME.astype({"yes": "int8"}),
    ],
    ids=range(6),
)
def test_new_data_may_come_in_other_types_of_the_same_kind(fit, same):
    assert fit.predict(same).tolist() == fit.predict(FRAME).tolist()


@pytest.mark.parametrize(
    "same",
    [
        FRAME.convert_dtypes(),
        FRAME.astype({"size": object, "count": "float32", "yes": object}),
        FRAME.astype({"yes": "int8"}),
        FRAME.assign(kind=FRAME["kind"].cat.remove_unused_categories().cat.as_ordered()),
        FRAME.assign(word=FRAME["word"].astype("category")),
    ],
    ids=range(5),
)
def test_training_data_may_too_and_the_fit_has_the_same_bits(fit, same):
    assert quick(same).history.equals(fit.history)


def test_arrow_types_are_the_same_kinds_too(fit):
    pytest.importorskip("pyarrow")
    arrow = FRAME.convert_dtypes(dtype_backend="pyarrow")
    assert quick(arrow).predict(arrow).tolist() == fit.predict(FRAME).tolist()


def test_new_data_of_another_kind_are_an_error_that_names_the_column(fit):
    for column, value in [("size", "big"), ("yes", "yes"), ("kind", 1), ("word", 2.5)]:
        with pytest.raises(ArgumentError, match=f'^`x` must be .* in column "{column}"'):
            fit.predict(FRAME.assign(**{column: value}))


def test_neither_fitting_nor_predicting_changes_the_users_data(fit):
    frame, y, weights = holed((1, "size")), Y.to_numpy().copy(), np.arange(24.0)
    before = frame.copy(), y.copy(), weights.copy()
    with pytest.warns(PytwolayerWarning):
        quick(frame, y, sample_weight=weights, validation=0.3)
    fit.predict(frame)
    pd.testing.assert_frame_equal(frame, before[0])
    np.testing.assert_array_equal(y, before[1])
    np.testing.assert_array_equal(weights, before[2])


# Held-out rows


def test_held_out_rows_with_levels_that_training_does_not_see_are_left_out_of_validation():
    frame = FRAME.assign(word=["new" if row == 0 else w for row, w in enumerate(FRAME["word"])])
    with pytest.warns(UnseenLevelWarning, match='"word": "new"') as caught:
        fit = quick(frame, validation=[0, 1, 2])
    assert caught[0].filename == __file__
    assert fit.history.equals(quick(frame[1:], Y[1:], validation=[0, 1]).history)


def test_held_out_rows_of_which_none_is_known_are_an_error():
    frame = FRAME.assign(word=["new" if row == 0 else w for row, w in enumerate(FRAME["word"])])
    with (
        pytest.warns(UnseenLevelWarning),
        pytest.raises(ArgumentError, match=r"`validation` must be rows with levels that training"),
    ):
        quick(frame, validation=[0])


def test_held_out_rows_that_miss_something_are_left_out():
    with pytest.warns(MissingRowsWarning, match=r"^1 of 24 rows"):
        fit = quick(holed((0, "size")), validation=[0, 1, 2])
    assert fit.history.equals(quick(FRAME[1:], Y[1:], validation=[0, 1]).history)
    with (
        pytest.warns(MissingRowsWarning),
        pytest.raises(ArgumentError, match=r"`validation` must be rows on both sides, not 0 of 23"),
    ):
        quick(holed((0, "size")), validation=[0])


# Tensors and arrays with missing values


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x,
        lambda x: torch.from_numpy(x),
        lambda x: torch.from_numpy(x).float(),
        lambda x: x.tolist(),
        lambda x: [[None if np.isnan(v) else v for v in row] for row in x],
        lambda x: np.ma.masked_invalid(x),
        lambda x: x.astype(object),
        lambda x: pd.DataFrame(x),
    ],
    ids=["array", "tensor", "float32", "list", "None", "masked", "object", "frame"],
)
def test_missing_values_are_found_in_whatever_comes(make):
    x = RNG.integers(0, 9, size=(24, 2)).astype(float)
    expected = quick(np.delete(x, 4, 0), np.delete(Y.to_numpy(), 4))
    x[4, 1] = NAN
    with pytest.warns(MissingRowsWarning, match=r"^1 of 24 rows"):
        fit = quick(make(x))
    assert fit.history.equals(expected.history)
    assert np.isnan(fit.predict(make(x))).tolist() == [row == 4 for row in range(24)]


def test_a_held_out_outcome_too_far_from_those_of_training_is_an_error():
    x, y = np.arange(6.0)[:, None], np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1e300])
    with pytest.raises(
        ArgumentError, match=r"`y` must be numbers of the size seen in training, not 1e\+300"
    ):
        two_layer(x, y, validation=[5], epochs=2, verbose=False, seed=1)
