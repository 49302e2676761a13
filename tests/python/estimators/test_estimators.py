"""The scikit-learn estimators: scikit-learn's own checks, their data, and their predictions."""

import doctest
import inspect
import re
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from estimator_samples import (
    BOTH,
    FRAME,
    LABELS,
    OF_FREQUENCIES,
    X,
    Y,
    classifier,
    quick,
    regressor,
)
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_estimator,
    estimator_checks_generator,
    parametrize_with_checks,
)

import pytwolayer
from pytwolayer import ArgumentError, TwoLayerClassifier, TwoLayerRegressor, two_layer
from pytwolayer.errors import UnseenLevelWarning

# scikit-learn's checks. One takes weights for frequencies, which they are where that is said

ALL_ROWS = {"optimizer": "lbfgs", "activation": "tanh", "epochs": 60}


@parametrize_with_checks(
    [kind(**options) for kind in BOTH for options in ({}, ALL_ROWS)],
    expected_failed_checks=lambda _: OF_FREQUENCIES,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:Skipping check check_array_api_input")
@pytest.mark.parametrize("options", [{}, ALL_ROWS], ids=["adam", "lbfgs"])
@pytest.mark.parametrize("kind", BOTH)
def test_the_check_of_weights_as_repetition_passes_with_frequencies(kind, options):
    estimator = kind(**options, weight_type="frequency")
    checks = {check.func.__name__: check for _, check in estimator_checks_generator(estimator)}
    for name in OF_FREQUENCIES:
        checks[name](estimator)


@pytest.mark.parametrize("kind", BOTH)
def test_the_one_check_that_must_be_switched_on_passes_too(fresh_python, kind):
    code = (
        "import sys\n"
        "from sklearn.utils.estimator_checks import estimator_checks_generator\n"
        "import pytwolayer\n"
        "estimator = getattr(pytwolayer, sys.argv[1])()\n"
        "for estimator, check in estimator_checks_generator(estimator):\n"
        "    if check.func.__name__ == 'check_array_api_input': check(estimator); print('passed')"
    )
    done = fresh_python(code, kind.__name__, SCIPY_ARRAY_API="1")
    assert (done.stdout, done.stderr) == ("passed\n", "")


@pytest.mark.filterwarnings("ignore:Skipping check check_array_api_input")
@pytest.mark.parametrize("kind", BOTH)
def test_with_small_batches_only_weights_as_repetition_differ(kind):
    """A row of weight 2 is one row of a batch, and two equal rows need not be in one batch."""
    estimator = kind(batch_size=8, hidden_units=8, epochs=60)
    results = check_estimator(estimator, on_fail=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert failed <= set(OF_FREQUENCIES)


# Parameters


@pytest.mark.parametrize("kind", BOTH)
def test_parameters_and_defaults_are_those_of_two_layer(kind):
    theirs = {n: p.default for n, p in inspect.signature(two_layer).parameters.items()}
    for name in ("x", "y", "outcome", "sample_weight", "na_action", "seed"):
        del theirs[name]
    for name in ("checkpoint", "checkpoint_every"):  # of a run, not of a model that is cloned
        del theirs[name]
    if kind is TwoLayerRegressor:
        del theirs["class_weights"]
    theirs |= {"verbose": False, "random_state": None, "warm_start": False}
    assert kind().get_params() == theirs


@pytest.mark.parametrize("kind", BOTH)
def test_every_parameter_and_attribute_is_documented(kind):
    doc = inspect.cleandoc(kind.__doc__)  # since Python 3.13 it has no indentation
    assert "{" not in doc
    assert re.findall(r"^(\w+) : .*, default=", doc, re.M) == [f.name for f in fields(kind)]
    for name in [name for name in vars(quick(kind)) if re.fullmatch(r"[a-z].*_", name)]:
        assert re.search(rf"^{name} : ", doc, re.M), name
    assert "feature_names_in_ : " in doc


@pytest.mark.parametrize("kind", BOTH)
def test_the_examples_run(kind):
    (example,) = doctest.DocTestFinder(recurse=False).find(kind, globs={})
    assert example.examples
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


def test_parameters_are_set_and_got():
    estimator = TwoLayerRegressor(hidden_units=3).set_params(epochs=2, activation="tanh")
    assert estimator.get_params()["epochs"] == 2
    fit = estimator.fit(X, Y).two_layer_
    assert (fit.architecture, len(fit.history), fit.settings.activation) == ("3-3-1", 2, "tanh")
    with pytest.raises(ValueError, match="Invalid parameter 'hiden_units'"):
        estimator.set_params(hiden_units=3)
    with pytest.raises(TypeError, match="hiden_units"):
        TwoLayerClassifier(hiden_units=3)


def test_the_repr_shows_what_is_not_usual():
    text = repr(TwoLayerClassifier(hidden_units=3, class_weights="balanced"))
    assert re.sub(r"\s+", " ", text) == (
        "TwoLayerClassifier(class_weights='balanced', hidden_units=3)"
    )


@pytest.mark.parametrize("kind", BOTH)
def test_a_bad_setting_is_said_by_fit_and_names_itself(kind):
    estimator = kind(hidden_units=-1)
    with pytest.raises(ArgumentError, match="`hidden_units` must be a whole number"):
        estimator.fit(X, LABELS == "high")


def test_tags_say_what_they_can_do():
    regression, classification = get_tags(TwoLayerRegressor()), get_tags(TwoLayerClassifier())
    assert regression.target_tags.multi_output
    assert not classification.target_tags.multi_output
    assert classification.classifier_tags.multi_class
    assert not regression.input_tags.allow_nan


# The same fit as two_layer()'s


@pytest.mark.parametrize("x", [X, FRAME], ids=["array", "frame"])
def test_an_int_as_random_state_gives_the_bits_of_two_layer(x):
    fit = two_layer(x, Y, hidden_units=4, epochs=5, seed=1, verbose=False)
    assert regressor(x).predict(x).tolist() == fit.predict(x).tolist()
    fit = two_layer(x, LABELS, hidden_units=4, epochs=5, seed=1, verbose=False)
    assert classifier(x).predict_proba(x).tolist() == fit.predict_proba(x).tolist()
    assert classifier(x).predict(x).tolist() == fit.predict(x).tolist()


def test_random_state_may_be_a_stream_or_nothing():
    one, other = (regressor(random_state=np.random.RandomState(3)).predict(X) for _ in range(2))
    assert one.tolist() == other.tolist()
    stream = np.random.RandomState(3)
    assert regressor(random_state=stream).loss_ != regressor(random_state=stream).loss_
    assert regressor(random_state=None).loss_ != regressor(random_state=None).loss_
    with pytest.raises(ValueError, match="seed"):
        regressor(random_state=-1)


# Data


def test_frames_with_text_and_categories_go_in_as_they_are():
    for estimator in (regressor(FRAME), classifier(FRAME)):
        assert estimator.two_layer_.inputs.width == 1 + 3 + 2 + 1
        assert estimator.n_features_in_ == 4
        assert estimator.feature_names_in_.tolist() == list(FRAME)
        assert len(estimator.predict(FRAME)) == 40
    assert np.isfinite(regressor(FRAME).predict(FRAME)).all()


def test_a_frame_without_names_that_are_text_is_known_by_position():
    estimator = regressor(FRAME.set_axis(range(4), axis=1))
    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.predict(FRAME.to_numpy()).tolist() == regressor(FRAME).predict(FRAME).tolist()


def test_another_librarys_frame_is_taken_through_pandas():
    class Other:
        def to_pandas(self):
            return FRAME

    assert regressor(Other()).predict(Other()).tolist() == regressor(FRAME).predict(FRAME).tolist()


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("column", ["size", "town", "grade"])
def test_missing_values_in_a_frame_are_refused_by_name(kind, column):
    holed = FRAME.copy()
    holed.loc[3, column] = None
    with pytest.raises(ValueError, match=f'`X` must be without missing values.*"{column}"'):
        quick(kind, x=holed)
    with pytest.raises(ValueError, match=f'`X` must be without missing values.*"{column}"'):
        quick(kind, x=FRAME).predict(holed)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_as_scikit_learn_does(bad):
    holed = X.copy()
    holed[0, 0] = bad
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        regressor(holed)
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        regressor().predict(holed)
    with pytest.raises(ValueError, match=r"Input y contains (NaN|infinity)"):
        regressor(X, np.append(Y[1:], bad))
    message = "without missing values" if np.isnan(bad) else 'infinite in column "size"'
    with pytest.raises(ValueError, match=message):
        regressor(FRAME.assign(size=holed[:, 0]))


@pytest.mark.parametrize("frame", [FRAME, FRAME[["size", "new"]].assign(third=1.5)])
def test_other_column_names_or_another_order_are_an_error(frame):
    estimator = regressor(frame)
    with pytest.raises(ValueError, match="must be in the same order"):
        estimator.predict(frame[list(frame)[::-1]])
    with pytest.raises(ValueError, match="seen at fit time, yet now missing:\n- size"):
        estimator.predict(frame.rename(columns={"size": "length"}))
    with pytest.raises(ValueError, match="Feature names unseen at fit time:\n- more"):
        estimator.predict(frame.assign(more=1))


def test_levels_that_training_did_not_see_are_missing_predictions():
    new = FRAME.iloc[:6].assign(town=["Oslo", "Rom", "Oslo", "Köln", "Rom", "Oslo"])
    strange = [False, True, False, False, True, False]
    with pytest.warns(UnseenLevelWarning, match='"town": "Rom"'):
        assert np.isnan(regressor(FRAME).predict(new)).tolist() == strange
    with pytest.warns(UnseenLevelWarning):
        found = classifier(FRAME).predict(new)
    assert [label is None for label in found] == strange
    with pytest.warns(UnseenLevelWarning):
        assert np.isnan(classifier(FRAME).predict_proba(new)).any(axis=1).tolist() == strange


@pytest.mark.parametrize("kind", BOTH)
def test_scores_leave_out_rows_without_a_prediction(kind):
    estimator, rows = quick(kind, x=FRAME), [0, 2, 3, 5]
    new = FRAME.iloc[:6].assign(town=["Oslo", "Rom", "Oslo", "Köln", "Rom", "Oslo"])
    y = (Y if kind is TwoLayerRegressor else LABELS)[:6]
    weights = np.arange(1.0, 7.0)
    with pytest.warns(UnseenLevelWarning):
        score = estimator.score(new, y, weights)
    assert score == estimator.score(new.iloc[rows], y[rows], weights[rows])
    with pytest.warns(UnseenLevelWarning):
        assert estimator.score(new, y) == estimator.score(new.iloc[rows], y[rows])


# Outcomes


def test_several_outcomes_have_a_column_each():
    both = np.column_stack([Y, -Y])
    assert regressor(X, both).predict(X).shape == (40, 2)
    assert regressor(X, Y[:, None]).predict(X).shape == (40, 1)
    named = regressor(X, pd.DataFrame(both, columns=["up", "down"]))
    assert named.two_layer_.outcome.outputs == ["up", "down"]
    assert named.predict(X).tolist() == regressor(X, both).predict(X).tolist()
    assert np.isfinite(named.score(X, both))


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, 7, 5, 3] * 10),
        np.array(["b", "ä", "cc", "b"] * 10),
        np.array(["b", "ä", "cc", "b"] * 10, dtype=object),
        np.array([True, False] * 20),
        np.array([1.0, 2.0, -1.0, 2.0] * 10),
        pd.Series(["b", "a"] * 20, name="kind"),
        pd.Series(["b", "a"] * 20, dtype="category"),
        ["b", "a"] * 20,
    ],
    ids=["int", "str", "object", "bool", "float", "Series", "category", "list"],
)
def test_classes_come_back_as_what_they_were(labels):
    estimator = classifier(X, labels, epochs=60)
    assert estimator.classes_.tolist() == sorted(set(labels))
    found = estimator.predict(X)
    assert found.dtype == estimator.classes_.dtype
    assert set(found) <= set(labels)
    assert estimator.score(X, labels) == np.mean(found == np.asarray(labels))
    assert estimator.predict_proba(X).shape == (40, len(estimator.classes_))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_labels_are_an_error(missing):
    labels = pd.Series(LABELS, dtype=object)
    labels[3] = missing
    with pytest.raises(ValueError, match="Input y contains NaN"):
        classifier(X, labels)


def test_one_class_is_an_error_that_says_so():
    with pytest.raises(ValueError, match=r'at least two classes, not one class only, "7"'):
        classifier(X, np.full(40, 7))
    with pytest.raises(ValueError, match=r"Unknown label type: continuous.*TwoLayerRegressor"):
        classifier(X, Y)


def test_a_column_of_classes_is_taken_with_scikit_learns_warning():
    with pytest.warns(DataConversionWarning):
        column = classifier(X, pd.DataFrame({"kind": LABELS}))
    assert column.predict(X).tolist() == classifier().predict(X).tolist()


def test_probabilities_logarithms_and_decisions_agree():
    estimator = classifier()
    chances = estimator.predict_proba(X)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(estimator.predict_log_proba(X)), chances)
    decisions = estimator.decision_function(X)
    assert decisions.shape == (40, 3)
    assert estimator.classes_[decisions.argmax(axis=1)].tolist() == estimator.predict(X).tolist()
    two = classifier(X, LABELS == "high")
    odds = two.predict_log_proba(X)
    np.testing.assert_allclose(two.decision_function(X), odds[:, 1] - odds[:, 0])
    assert np.isfinite(two.predict_log_proba(X * 1e6)).all()


@pytest.mark.parametrize("kind", BOTH)
def test_before_fit_nothing_can_be_predicted(kind):
    with pytest.raises(NotFittedError):
        kind().predict(X)
    with pytest.raises(NotFittedError):
        clone(quick(kind)).score(X, LABELS)


# Without scikit-learn


def test_without_scikit_learn_the_rest_works_and_the_error_says_what_to_install(fresh_python):
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import pytwolayer\n"
        "assert pytwolayer.two_layer\n"
        "try: pytwolayer.TwoLayerRegressor\n"
        "except pytwolayer.PytwolayerError as problem: print(problem)"
    )
    done = fresh_python(code)
    assert done.stderr == ""
    assert "pip install scikit-learn" in done.stdout


def test_they_are_public_names():
    assert {"TwoLayerClassifier", "TwoLayerRegressor"} <= set(pytwolayer.__all__)
