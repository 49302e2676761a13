"""What weights mean: proportions, whatever their scale; or frequencies, where that is said."""

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
from pytwolayer.errors import MissingRowsWarning
from pytwolayer.fitting.ensemble import resample_seed
from pytwolayer.preprocessing.bootstrap import draw_bootstrap_rows
from pytwolayer.preprocessing.reading import read_training_data

RNG = np.random.default_rng(5)
X = pd.DataFrame(
    {
        "a": RNG.normal(size=60),
        "b": RNG.choice(["u", "v", "w"], 60),
        "c": RNG.normal(size=60).round(1),
    }
)
Y = X["a"].to_numpy() ** 2 + (X["b"] == "u") + 0.1 * RNG.normal(size=60)
KINDS = np.where(Y > 1, "p", "q")
UNEQUAL = RNG.uniform(0.2, 3, size=60)
TIMES = RNG.integers(0, 4, size=60)
HELD_OUT = np.arange(60) % 4 == 1
PLAIN = {"hidden_units": 6, "epochs": 8, "seed": 2, "verbose": False}


def own_loss(output, y):
    return (output - y).abs().mean(1)


WAYS = {
    "auto": {},
    "batches": {"batch_size": 16},
    "all rows": {"batch_size": None},
    "sum": {"reduction": "sum", "learning_rate": 1e-3},
    "sum in batches": {"reduction": "sum", "batch_size": 16, "learning_rate": 1e-3},
    "held out": {"validation": HELD_OUT, "patience": 3},
    "held out, sum": {"validation": 0.25, "reduction": "sum", "batch_size": 8},
    "lbfgs": {"optimizer": "lbfgs"},
    "lbfgs, sum": {"optimizer": "lbfgs", "reduction": "sum"},
    "clipped": {"gradient_clip": 0.1, "reduction": "sum", "optimizer": "sgd"},
    "plateau": {"schedule": "plateau", "optimizer": "adamw"},
    "dropout": {"dropout": 0.2, "batch_size": 10},
    "own loss": {"loss": own_loss},
    "own loss, sum": {"loss": own_loss, "reduction": "sum"},
    "several": {"n_models": 2},
    "bootstrap": {"n_models": 2, "bootstrap": True},
    "bootstrap, held out, sum": {
        "n_models": 2,
        "bootstrap": True,
        "validation": 0.25,
        "reduction": "sum",
        "batch_size": 8,
    },
}


def fit_of(x=X, y=Y, **options):
    return two_layer(x, y, **PLAIN | options)


def same(one, other):
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    assert one.predict(X).tolist() == other.predict(X).tolist()
    assert one.settings.weight_decay == other.settings.weight_decay


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("y", [Y, KINDS], ids=["numbers", "classes"])
def test_equal_weights_of_any_size_are_none_to_the_bit(y, options):
    plain = fit_of(y=y, **options)
    for size in (1, 100, 10_000, 1e-6, 0.3):
        same(fit_of(y=y, sample_weight=np.full(60, size), **options), plain)


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("y", [Y, KINDS], ids=["numbers", "classes"])
def test_the_scale_of_unequal_weights_does_not_matter(y, options):
    plain = fit_of(y=y, sample_weight=UNEQUAL, **options)
    for power in (-20, 3, 30):
        same(fit_of(y=y, sample_weight=UNEQUAL * 2.0**power, **options), plain)
    for size in (100, 1e4, 1e-6):
        other = fit_of(y=y, sample_weight=UNEQUAL * size, **options)
        assert other.settings == plain.settings
        np.testing.assert_allclose(other.history, plain.history, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("factors", ["balanced", {"p": 1.0, "q": 5.0}])
def test_nor_does_it_beside_weights_of_classes(factors, reduction):
    options = {"y": KINDS, "class_weights": factors, "reduction": reduction}
    plain = fit_of(**options)
    for size in (1, 100, 1e-6):
        same(fit_of(**options, sample_weight=np.full(60, size)), plain)
    weighted = fit_of(**options, sample_weight=UNEQUAL)
    same(fit_of(**options, sample_weight=UNEQUAL * 2.0**20), weighted)


def test_rows_left_out_do_not_count_for_the_scale():
    holes = X.assign(a=X["a"].where(np.arange(60) % 5 > 0))
    weights = np.where(np.arange(60) % 5 > 0, 7.0, 1.0)
    with pytest.warns(MissingRowsWarning):
        weighted = fit_of(holes, sample_weight=weights, reduction="sum")
    with pytest.warns(MissingRowsWarning):
        same(weighted, fit_of(holes, reduction="sum"))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("kind", [TwoLayerRegressor, TwoLayerClassifier])
def test_estimators_take_proportions_too_also_part_by_part(kind, reduction):
    x, y = X[["a", "c"]], Y if kind is TwoLayerRegressor else KINDS
    classes = {} if kind is TwoLayerRegressor else {"classes": ["p", "q"]}

    def fitted(weights):
        model = kind(epochs=4, hidden_units=4, random_state=1, reduction=reduction)
        return model.fit(x, y, sample_weight=weights).predict(x).tolist()

    def in_parts(*weights):
        model = kind(hidden_units=4, random_state=1, reduction=reduction)
        for weight in weights:
            model.partial_fit(x, y, sample_weight=weight, **classes)
        return model.predict(x).tolist(), model.loss_curve_

    assert fitted(np.full(60, 100.0)) == fitted(None)
    assert fitted(UNEQUAL * 2.0**20) == fitted(UNEQUAL)
    assert in_parts(np.full(60, 1.0), np.full(60, 100.0)) == in_parts(None, None)
    assert in_parts(UNEQUAL, UNEQUAL * 2.0**10) == in_parts(UNEQUAL, UNEQUAL)


# Frequencies


def expand_frequencies(y, **options):
    rows = np.repeat(np.arange(60), TIMES)
    if "validation" in options and np.ndim(options["validation"]):
        options["validation"] = options["validation"][rows]
    return fit_of(X.iloc[rows], y[rows], **options)


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("y", [Y, KINDS], ids=["numbers", "classes"])
def test_frequencies_are_the_rows_written_out_to_the_bit(y, options):
    fit = fit_of(y=y, sample_weight=TIMES, weight_type="frequency", **options)
    same(fit, expand_frequencies(y, **options))


@pytest.mark.parametrize("options", [{}, {"batch_size": 16}, {"reduction": "sum"}])
def test_also_beside_weights_of_classes(options):
    for factors in ("balanced", {"p": 1.0, "q": 5.0}):
        own = {"y": KINDS, "class_weights": factors, **options}
        fit = fit_of(**own, sample_weight=TIMES, weight_type="frequency")
        other = expand_frequencies(**own)
        assert fit.settings == other.settings
        np.testing.assert_allclose(fit.history, other.history, rtol=1e-4)


def test_many_rows_of_few_kinds_are_not_written_out():
    times = np.full(60, 1e9)
    fit = fit_of(sample_weight=times, weight_type="frequency")
    assert fit.settings.weight_decay == pytest.approx(3 / 6e10)
    assert fit.rows == 60


@pytest.mark.parametrize("bad", [1.5, 0.1])
def test_frequencies_are_whole_numbers(bad):
    weights = np.r_[bad, np.ones(59)]
    with pytest.raises(ArgumentError, match=r"`sample_weight` must be whole numbers") as caught:
        fit_of(sample_weight=weights, weight_type="frequency")
    assert caught.value.received == str(bad)


def test_another_type_is_an_error_that_names_both():
    with pytest.raises(ArgumentError, match=r'`weight_type`.*"importance".*"frequency"'):
        fit_of(sample_weight=TIMES, weight_type="count")


def test_a_fit_to_frequencies_goes_on_as_one(tmp_path):
    options = {"sample_weight": TIMES.astype(float), "weight_type": "frequency"}
    fit = fit_of(**options)
    longer = continue_training(fit, epochs=3, verbose=False)
    again = continue_training(fit, X, Y, epochs=3, verbose=False, **options)
    same(longer, again)
    fit.save(tmp_path / "fit.safetensors")
    saved = load(tmp_path / "fit.safetensors")
    known = continue_training(saved, X, Y, sample_weight=TIMES, epochs=3, verbose=False)
    same(known, longer)
    options["weight_type"] = "importance"
    with pytest.raises(ArgumentError, match="frequencies of the rows"):
        continue_training(saved, X, Y, epochs=3, verbose=False, **options)


def test_a_run_of_frequencies_is_not_one_of_proportions(tmp_path):
    options = {"sample_weight": TIMES, "checkpoint": tmp_path, "epochs": 2}
    fit_of(weight_type="frequency", **options)
    with pytest.raises(ArgumentError, match="frequencies of the rows"):
        fit_of(**options)


@pytest.mark.parametrize("class_weights", [None, {"a": 1.0, "b": 4.0}])
def test_a_resample_has_the_scale_of_its_own_weights(class_weights):
    draws = np.random.default_rng(5)
    x, y = draws.normal(size=(30, 2)), np.where(draws.random(30) < 0.5, "a", "b")
    weights = draws.uniform(0.1, 9, size=30)
    options = {"reduction": "sum", "epochs": 3, "verbose": False, "class_weights": class_weights}
    fits = two_layer(x, y, n_models=2, bootstrap=True, seed=1, sample_weight=weights, **options)
    for fit in fits.models:
        seed = fit.settings.seed
        rows = draw_bootstrap_rows(read_training_data(x, y, weights=weights), resample_seed(seed))
        alone = two_layer(x[rows], y[rows], seed=seed, sample_weight=weights[rows], **options)
        np.testing.assert_allclose(fit.history, alone.history, rtol=1e-5)
