"""Validation data of one's own: the fit is that of the same rows held out, to the bit."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import (
    ArgumentError,
    TwoLayerClassifier,
    TwoLayerRegressor,
    continue_training,
    load,
    two_layer,
)
from pytwolayer.errors import MissingRowsWarning, ResumedWarning, UnseenLevelWarning

RNG = np.random.default_rng(5)
X = pd.DataFrame(
    {"a": RNG.normal(size=60), "b": RNG.choice(["u", "v", "w"], 60), "c": RNG.normal(size=60)}
)
Y = pd.Series(X["a"].to_numpy() ** 2 + (X["b"] == "u"), name="target")
KINDS = pd.Series(np.where(Y > 1, "p", "q"), name="target")
W = RNG.uniform(0.2, 3, size=60)
TIMES = RNG.integers(1, 4, size=60)
LAST = np.arange(60) >= 45
PLAIN = {"hidden_units": 6, "epochs": 8, "seed": 2, "verbose": False}
WAYS = {
    "auto": {},
    "batches": {"batch_size": 16, "dropout": 0.2},
    "patience": {"patience": 1, "learning_rate": 0.3},
    "sum": {"reduction": "sum", "learning_rate": 1e-3},
    "lbfgs": {"optimizer": "lbfgs"},
    "several": {"n_models": 2, "batch_size": 16},
    "bootstrap": {"n_models": 2, "bootstrap": True},
}
WEIGHTS = {
    "none": (None, {}),
    "unequal": (W, {}),
    "equal": (np.full(60, 7.0), {}),
    "frequencies": (TIMES, {"weight_type": "frequency"}),
}


def held_out(y=Y, weights=None, **options):
    return two_layer(X, y, validation=LAST, sample_weight=weights, **PLAIN | options)


def own(y=Y, weights=None, x=X, **options):
    first, last = (None, None) if weights is None else (weights[~LAST], weights[LAST])
    validation = (x[LAST], y[LAST]) if last is None else (x[LAST], y[LAST], last)
    return two_layer(
        x[~LAST], y[~LAST], validation=validation, sample_weight=first, **PLAIN | options
    )


def same(one, other):
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    assert one.predict(X).tolist() == other.predict(X).tolist()


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("y", [Y, KINDS], ids=["numbers", "classes"])
def test_it_is_the_fit_with_these_rows_held_out(y, options, weights):
    given, more = weights
    one, other = own(y, given, **options, **more), held_out(y, given, **options, **more)
    same(one, other)
    if not options.get("n_models"):
        assert "valid_loss" in one.history
        assert (one.settings, one.best_epoch) == (other.settings, other.best_epoch)
        assert one.rows == 45


@pytest.mark.parametrize("factors", ["balanced", {"p": 1.0, "q": 3.0}])
@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_validation_rows_have_the_weights_of_their_classes(factors, weights):
    given, more = weights
    one = own(KINDS, given, class_weights=factors, **more)
    same(one, held_out(KINDS, given, class_weights=factors, **more))


def test_a_table_where_outcome_names_columns():
    table = X.assign(target=Y)
    fit = two_layer(table[~LAST], outcome="target", validation=table[LAST], **PLAIN)
    same(fit, own())
    reordered = table[LAST][["target", "c", "b", "a"]].assign(more=1)
    same(two_layer(table[~LAST], outcome="target", validation=reordered, **PLAIN), own())
    pair = (X[LAST], Y[LAST])
    same(two_layer(table[~LAST], outcome="target", validation=pair, **PLAIN), own())


def test_arrays_and_several_outcomes():
    x, y = X[["a", "c"]].to_numpy(), np.column_stack([Y, -Y])
    one = two_layer(x[~LAST], y[~LAST], validation=(x[LAST], y[LAST]), **PLAIN)
    other = two_layer(x, y, validation=LAST, **PLAIN)
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    listed = (x[LAST].tolist(), y[LAST].tolist())
    again = two_layer(x[~LAST].tolist(), y[~LAST].tolist(), validation=listed, **PLAIN)
    pd.testing.assert_frame_equal(again.history, one.history, check_exact=True)


def test_scales_and_levels_are_those_of_the_training_rows():
    far = X[LAST].assign(a=X["a"][LAST] * 1000)
    fit = two_layer(X[~LAST], Y[~LAST], validation=(far, Y[LAST] + 500), **PLAIN)
    usual = own()
    assert fit.inputs == usual.inputs
    assert fit.outcome == usual.outcome
    assert fit.history["loss"].tolist() == usual.history["loss"].tolist()
    assert fit.history["valid_loss"].min() > 1000


def test_levels_and_classes_of_validation_alone_leave_their_rows_out():
    odd = X[LAST].assign(b=X["b"][LAST].where(np.arange(15) > 2, "zz"))
    with pytest.warns(UnseenLevelWarning, match=r'column "b": "zz"\. Their rows are left out'):
        fit = two_layer(X[~LAST], Y[~LAST], validation=(odd, Y[LAST]), weight_decay=0, **PLAIN)
    shorter = (odd[3:], Y[LAST][3:])
    same(fit, two_layer(X[~LAST], Y[~LAST], validation=shorter, weight_decay=0, **PLAIN))
    kinds = KINDS[LAST].where(np.arange(15) > 2, "r").astype("category")
    with pytest.warns(UnseenLevelWarning, match='Classes that training did not see.*"r"'):
        fit = two_layer(X[~LAST], KINDS[~LAST], validation=(X[LAST], kinds), **PLAIN)
    assert list(fit.classes) == ["p", "q"]
    one_class = KINDS[~LAST] == "p"
    some = X[~LAST][one_class], KINDS[~LAST][one_class]
    assert len(two_layer(X[~LAST], KINDS[~LAST], validation=some, **PLAIN).history) == 8


def test_missing_values_there_are_counted_apart():
    holes = X[LAST].assign(a=X["a"][LAST].where(np.arange(15) > 2))
    with pytest.warns(MissingRowsWarning, match=r"^3 of 15 rows of `validation` left out"):
        fit = two_layer(X[~LAST], Y[~LAST], validation=(holes, Y[LAST]), **PLAIN)
    assert fit.dropped == 0
    with pytest.raises(ArgumentError, match=r"`validation` must be complete.*3 of 15 rows"):
        two_layer(X[~LAST], Y[~LAST], validation=(holes, Y[LAST]), na_action="fail", **PLAIN)


BAD = {
    "lengths": ((X[LAST], Y[:3]), "as many rows, not 15 and 3 rows"),
    "columns": ((X[LAST][["a", "b"]], Y[LAST]), 'not one without "c"'),
    "text for numbers": (
        (X[LAST].assign(a="x"), Y[LAST]),
        'data with numbers where training has them, not text in column "a"',
    ),
    "numbers for text": ((X[LAST].assign(b=1), Y[LAST]), 'data with factors or text .* column "b"'),
    "another outcome": ((X[LAST], KINDS[LAST]), "data with numbers .* text in column"),
    "two outcomes": ((X[LAST], np.ones((15, 2))), "a table of 1 columns, not one of 2"),
    "a table alone": (X.assign(target=Y)[LAST], "not a table without an outcome"),
    "no outcome": ((X[LAST], None), "data without an outcome"),
    "one alone": ((X[LAST],), "not a tuple of 1"),
    "too many": ((X[LAST], Y[LAST], None, None), "not a tuple of 4"),
    "infinite": ((X[LAST].assign(a=np.inf), Y[LAST]), 'infinite in column "a"'),
    "no rows": ((X[:0], Y[:0]), "at least one row"),
    "weights": ((X[LAST], Y[LAST], np.ones(3)), "weights that are as long as its rows"),
    "weights of 0": ((X[LAST], Y[LAST], np.zeros(15)), "at least one row, not 0 in all rows"),
    "weights of 0 where complete": (
        (X[LAST].assign(a=[np.nan] * 3 + [1.0] * 12), Y[LAST], [1.0] * 3 + [0.0] * 12),
        "data with weights that are above 0 in at least one complete row, not 0 in all of them",
    ),
    "bad weights": ((X[LAST], Y[LAST], -np.ones(15)), "weights that are numbers of at least 0"),
    "all missing": ((X[LAST].assign(a=np.nan), Y[LAST]), "complete in at least one row"),
    "text": ((X[LAST], "target"), "."),
    "matrix": (np.ones((3, 2)), "a share below 1, row numbers"),
}


@pytest.mark.parametrize(("validation", "told"), BAD.values(), ids=BAD)
def test_bad_data_are_an_error_about_validation(validation, told):
    with pytest.raises(ArgumentError, match=told) as caught:
        two_layer(X[~LAST], Y[~LAST], validation=validation, **PLAIN)
    assert caught.value.argument == "validation"


def test_a_run_is_kept_and_goes_on(tmp_path):
    whole = own(checkpoint=tmp_path / "whole")
    half = {"checkpoint": tmp_path / "half", "checkpoint_every": 1}

    class StopError(Exception):
        pass

    def stop(epoch, loss):
        if epoch == 4:
            raise StopError

    with pytest.raises(StopError):
        own(**half, on_epoch=stop)
    with pytest.warns(ResumedWarning):
        same(own(**half), whole)
    with pytest.raises(ArgumentError, match="held-out rows"):
        two_layer(X[~LAST], Y[~LAST], validation=(X[LAST], Y[LAST] + 1), **PLAIN, **half)


def test_a_fit_goes_on_with_its_validation_data(tmp_path):
    x, y, pair = X[~LAST], Y[~LAST], (X[LAST], Y[LAST])
    fit = two_layer(x, y, validation=pair, **PLAIN)
    longer = continue_training(fit, epochs=3, verbose=False)
    assert len(longer.history) == 11
    fit.save(tmp_path / "fit.safetensors")
    saved = load(tmp_path / "fit.safetensors")
    again = continue_training(saved, x, y, validation=pair, epochs=3, verbose=False)
    same(again, longer)
    for other, told in (((X[LAST], Y[LAST] + 1), "held-out rows"), (0, "`validation` must be")):
        with pytest.raises(ArgumentError, match=told):
            continue_training(saved, x, y, validation=other, epochs=3, verbose=False)
    del pair
    fit = two_layer(x, y, validation=(X[LAST].copy(), Y[LAST].copy()), **PLAIN)
    with pytest.raises(ArgumentError, match="`validation` must be given again"):
        continue_training(fit, epochs=3)


@pytest.mark.parametrize("kind", [TwoLayerRegressor, TwoLayerClassifier])
def test_estimators_take_validation_data_as_scikit_learn_does(kind):
    y = Y if kind is TwoLayerRegressor else KINDS
    model = kind(epochs=6, hidden_units=4, random_state=1, validation=LAST)
    wanted = model.fit(X, y, W).history_
    model = kind(epochs=6, hidden_units=4, random_state=1)
    found = model.fit(
        X[~LAST], y[~LAST], W[~LAST], X_val=X[LAST], y_val=y[LAST], sample_weight_val=W[LAST]
    )
    pd.testing.assert_frame_equal(found.history_, wanted, check_exact=True)
    with pytest.raises(ArgumentError, match="`y_val` must be given together"):
        model.fit(X, y, X_val=X)
    with pytest.raises(ArgumentError, match="`validation` must be 0"):
        kind(validation=0.2).fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ArgumentError, match="as `X_val` and `y_val`"):
        kind(validation=(X, y)).fit(X, y)
    with pytest.raises(ValueError, match="feature"):
        model.fit(X[["a"]], y, X_val=X, y_val=y)
    with pytest.raises((ArgumentError, ValueError)):
        model.fit(X, y, X_val=X, y_val=["other"] * 60)


class OfAnotherLibrary:
    """A frame of a library that gives pandas' by a method."""

    def __init__(self, frame):
        self._frame = frame

    def to_pandas(self):
        return self._frame


def test_frames_of_other_libraries_are_validation_data():
    draws = np.random.default_rng(8)
    frame = pd.DataFrame(draws.normal(size=(40, 3)), columns=["a", "b", "y"])
    training, own = frame[:30], frame[30:].reset_index(drop=True)
    how = {"epochs": 3, "seed": 1, "verbose": False}
    plain = two_layer(training, outcome="y", validation=own, **how)
    same = two_layer(training, outcome="y", validation=OfAnotherLibrary(own), **how)
    parts = OfAnotherLibrary(own[["a", "b"]]), OfAnotherLibrary(own["y"])
    apart = two_layer(training[["a", "b"]], training["y"], validation=parts, **how)
    assert plain.history.equals(same.history)
    assert plain.history.equals(apart.history)


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.UnseenLevelWarning")
def test_held_out_rows_that_all_have_unseen_levels_name_the_columns():
    said = "`validation` must be rows with levels that training sees, not rows with others in "
    rows = np.flatnonzero(X["b"] == "u")
    with pytest.raises(ArgumentError, match=said + r'column "b"\.$'):
        two_layer(X, Y, validation=rows, **PLAIN)
    with pytest.raises(ArgumentError, match=said + r'columns "b", "target"\.$'):
        two_layer(X, KINDS, validation=(X.assign(b="z"), KINDS.replace({"p": "r"})), **PLAIN)
    with pytest.raises(ArgumentError, match=said + r"the outcome\.$"):
        two_layer(X[["a"]], X["b"].to_numpy(), validation=rows, **PLAIN)
