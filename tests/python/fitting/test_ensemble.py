"""Several networks trained together: each is what it would be alone."""

import pickle

import numpy as np
import pandas as pd
import pytest

import pytwolayer
from pytwolayer import ArgumentError, FileFormatError, TwoLayer, TwoLayerEnsemble, two_layer
from pytwolayer.checkpoints.compatibility import refuse_other_tables
from pytwolayer.errors import (
    DivergenceError,
    InterruptWarning,
    PytwolayerWarning,
    UnseenLevelWarning,
)
from pytwolayer.fitting.ensemble import data_of_each, resample_seed, seeds_of
from pytwolayer.models.ensemble_file import ensemble_to_bytes
from pytwolayer.models.load import ensemble_from_bytes
from pytwolayer.preprocessing.bootstrap import draw_bootstrap_rows
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.runtime.torch_loading import torch

DRAWS = np.random.default_rng(1)
X = DRAWS.normal(size=(70, 3))
NUMBER = np.tanh(X @ [1, -1, 0.5]) + 0.1 * DRAWS.normal(size=70)
CLASS = np.where(NUMBER > 0.3, "high", np.where(NUMBER > -0.3, "some", "low"))
COUNT = np.floor(np.exp(NUMBER + 1))
WEIGHTS = DRAWS.uniform(0.5, 2, size=70)
OPTIONS = {"hidden_units": 6, "epochs": 25, "seed": 3, "verbose": False}


def together(y, n_models=3, **options):
    return two_layer(X, y, n_models=n_models, **OPTIONS | options)


def assert_as_alone(ensemble, y, rows=None, **options):
    """Compare each model with the fit that its seed gives alone, on the rows it was trained on."""
    for fit in ensemble.models:
        own = slice(None) if rows is None else rows(fit)
        if "sample_weight" in options:
            options = options | {"sample_weight": WEIGHTS[own]}
        alone = two_layer(X[own], y[own], **OPTIONS | options | {"seed": fit.settings.seed})
        assert fit.stopped == alone.stopped
        assert fit.best_epoch == alone.best_epoch
        assert list(fit.history) == list(alone.history)
        np.testing.assert_allclose(fit.history, alone.history, rtol=1e-4)
        np.testing.assert_allclose(fit.predict_raw(X), alone.predict_raw(X), rtol=1e-4, atol=1e-5)
        assert fit.settings == alone.settings


CASES = [
    (NUMBER, {}),
    (NUMBER, {"batch_size": 16}),
    (NUMBER, {"loss": "huber", "batch_size": 16, "sample_weight": WEIGHTS}),
    (NUMBER, {"loss": "mae", "reduction": "sum", "learning_rate": 1e-3}),
    (COUNT, {"loss": "poisson", "batch_size": 20}),
    (CLASS, {}),
    (CLASS, {"batch_size": 16, "class_weights": "balanced"}),
    (CLASS, {"activation": "tanh", "sample_weight": WEIGHTS}),
    (np.column_stack([NUMBER, COUNT]), {"activation": "gelu"}),
    (NUMBER, {"optimizer": "sgd", "momentum": 0.9, "nesterov": True}),
    (NUMBER, {"optimizer": "adamw", "weight_decay": 0.2, "schedule": "step"}),
    (NUMBER, {"optimizer": "rmsprop", "schedule": "constant", "batch_size": 30}),
    (NUMBER, {"optimizer": "lbfgs", "epochs": 8}),
    (NUMBER, {"schedule": "plateau"}),
    (NUMBER, {"dropout": 0.3}),
    (CLASS, {"dropout": 0.3, "batch_size": 16, "gradient_clip": 0.2}),
    (NUMBER, {"gradient_clip": 0.1}),
    (NUMBER, {"validation": 0.2, "patience": 3, "batch_size": 16, "learning_rate": 0.05}),
    (CLASS, {"validation": 0.3, "patience": 2, "learning_rate": 0.1}),
    (NUMBER, {"patience": 2, "learning_rate": 0.1}),
    (NUMBER, {"validation": range(0, 70, 5), "batch_size": 16}),
]


@pytest.mark.parametrize(("y", "options"), CASES, ids=lambda value: str(value)[:60])
def test_each_model_is_what_it_would_be_alone(y, options):
    assert_as_alone(together(y, **options), y, **options)


def rows_of(y):
    data = read_training_data(X, y)
    return lambda fit: draw_bootstrap_rows(data, resample_seed(fit.settings.seed))


@pytest.mark.parametrize("y", [NUMBER, CLASS], ids=["numbers", "classes"])
@pytest.mark.parametrize("options", [{}, {"batch_size": 16}, {"dropout": 0.2}], ids=str)
def test_with_bootstrap_each_is_the_fit_of_its_resample(y, options):
    ensemble = together(y, bootstrap=True, **options)
    assert_as_alone(ensemble, y, rows_of(y), **options)


def test_models_that_stop_early_do_so_at_epochs_of_their_own():
    options = {"validation": 0.2, "patience": 2, "learning_rate": 0.05, "epochs": 60}
    ensemble = together(NUMBER, 8, **options)
    assert len({len(fit.history) for fit in ensemble.models}) > 1
    assert {fit.stopped for fit in ensemble.models} <= {"patience", "epochs"}
    assert_as_alone(ensemble, NUMBER, **options)


def test_a_level_that_some_resamples_lack_is_left_to_the_other_models():
    frame = pd.DataFrame({"a": X[:, 0], "b": ["rare", "rare"] + ["x", "y"] * 34})
    ensemble = two_layer(frame, NUMBER, n_models=8, bootstrap=True, **OPTIONS)
    widths = {fit.inputs.width for fit in ensemble.models}
    assert widths == {3, 4}
    new = pd.DataFrame({"a": [0.1, 0.1], "b": ["rare", "x"]})
    all_of_them = ensemble.predict_all(new)[:, :, 0]
    knows = np.array([fit.inputs.width == 4 for fit in ensemble.models])
    assert (np.isnan(all_of_them[:, 0]) == ~knows).all()
    expected = [all_of_them[knows, 0].mean(), all_of_them[:, 1].mean()]
    np.testing.assert_allclose(ensemble.predict(new), expected)
    with pytest.warns(UnseenLevelWarning, match='column "b": "none"'):
        assert np.isnan(ensemble.predict(new.assign(b=["none", "x"]))).tolist() == [True, False]


def test_a_resample_keeps_the_number_of_rows_of_every_class():
    data = read_training_data(X, CLASS)
    for seed in range(20):
        rows = draw_bootstrap_rows(data, seed)
        assert sorted(CLASS[rows]) == sorted(CLASS)
        assert len(set(rows)) < len(rows)
    assert not np.array_equal(draw_bootstrap_rows(data, 1), draw_bootstrap_rows(data, 2))


def test_the_first_seed_is_the_calls_and_none_comes_twice():
    seeds = seeds_of(7, 200)
    assert seeds[0] == 7
    assert len(set(seeds)) == 200
    assert max(seeds) < 2**53
    assert seeds_of(7, 5) == seeds[:5]


def test_the_same_call_gives_the_same_bits_and_leaves_the_global_random_state():
    state = torch.get_rng_state()
    first, again = (together(CLASS, 3, batch_size=16, bootstrap=True) for _ in range(2))
    assert np.array_equal(first.predict_all(X), again.predict_all(X))
    assert torch.equal(torch.get_rng_state(), state)


def test_one_model_is_a_plain_fit():
    assert isinstance(two_layer(X, NUMBER, n_models=1, **OPTIONS), TwoLayer)


@pytest.mark.parametrize("value", [0, -1, 1.5, "3", None, True])
def test_a_number_of_models_that_is_none_is_an_error(value):
    with pytest.raises(ArgumentError, match="`n_models` must be"):
        two_layer(X, NUMBER, n_models=value, **OPTIONS)


def test_bootstrap_wants_several_models_and_checkpoints_one(tmp_path):
    with pytest.raises(ArgumentError, match="`bootstrap` must be False for one model"):
        two_layer(X, NUMBER, bootstrap=True, **OPTIONS)
    with pytest.raises(ArgumentError, match="`checkpoint` must be left out where `n_models`"):
        together(NUMBER, checkpoint=tmp_path)


# What they say together


@pytest.fixture(scope="module")
def numbers():
    return together(NUMBER, 7)


@pytest.fixture(scope="module")
def classes():
    return together(CLASS, 7, bootstrap=True)


def test_predictions_are_the_mean_of_the_models_with_their_spread(numbers):
    each = np.stack([fit.predict(X) for fit in numbers.models])
    np.testing.assert_allclose(numbers.predict_all(X)[:, :, 0], each)
    np.testing.assert_allclose(numbers.predict(X), each.mean(axis=0))
    np.testing.assert_allclose(numbers.predict_spread(X), each.std(axis=0, ddof=1))
    lower, upper = numbers.predict_interval(X, level=0.8)
    np.testing.assert_allclose(lower, np.quantile(each, 0.1, axis=0))
    np.testing.assert_allclose(upper, np.quantile(each, 0.9, axis=0))
    assert numbers.predict(X).shape == lower.shape == (70,)


def test_a_class_is_that_of_the_highest_mean_probability(classes):
    each = np.stack([fit.predict_proba(X) for fit in classes.models])
    mean = classes.predict_proba(X)
    np.testing.assert_allclose(mean, each.mean(axis=0))
    assert classes.classes.tolist() == ["high", "low", "some"]
    assert classes.predict(X).tolist() == classes.classes[mean.argmax(axis=1)].tolist()
    lower, upper = classes.predict_interval(X)
    assert lower.shape == classes.predict_spread(X).shape == (70, 3)
    assert ((lower >= 0) & (upper <= 1) & (lower <= upper)).all()


def test_rows_with_missing_values_are_missing_in_all_predictions(numbers, classes):
    new = X[:3].copy()
    new[1, 0] = np.nan
    assert np.isnan(numbers.predict(new)).tolist() == [False, True, False]
    assert np.isnan(numbers.predict_spread(new)).tolist() == [False, True, False]
    assert np.isnan(numbers.predict_interval(new)[0]).tolist() == [False, True, False]
    assert classes.predict(new)[1] is None
    assert np.isnan(classes.predict_proba(new)).any(axis=1).tolist() == [False, True, False]


def test_several_outcomes_have_a_column_each():
    ensemble = together(np.column_stack([NUMBER, COUNT]))
    assert ensemble.predict(X).shape == ensemble.predict_spread(X).shape == (70, 2)


@pytest.mark.parametrize("level", [0, 1, -0.1, 1.5, "high", None])
def test_a_level_that_is_none_is_an_error(numbers, level):
    with pytest.raises(ArgumentError, match="`level` must be"):
        numbers.predict_interval(X, level=level)


def test_numbers_have_no_probabilities(numbers):
    with pytest.raises(ArgumentError, match="an outcome of classes for probabilities"):
        numbers.predict_proba(X)


def test_the_history_has_all_models_and_the_score_is_that_of_the_mean(numbers, classes):
    assert list(numbers.history) == ["model", "epoch", "loss"]
    assert numbers.history["model"].unique().tolist() == list(range(1, 8))
    assert len(numbers.history) == 7 * 25
    residuals = NUMBER - numbers.predict(X)
    expected = 1 - residuals.var() / NUMBER.var() - residuals.mean() ** 2 / NUMBER.var()
    assert numbers.score(X, NUMBER) == pytest.approx(expected)
    assert classes.score(X, CLASS) == pytest.approx((classes.predict(X) == CLASS).mean())


def test_it_says_what_it_is(numbers, classes):
    assert repr(numbers).startswith("<TwoLayerEnsemble of 7 models with different seeds")
    assert "7 models on bootstrap resamples" in repr(classes)


def test_the_plot_has_a_curve_for_each_model(numbers, tmp_path):
    axes = numbers.plot(tmp_path / "losses.png")
    assert len(axes.get_lines()) == 7
    assert (tmp_path / "losses.png").stat().st_size > 1000


# Ends of a run


def test_on_epoch_is_told_the_mean_loss_and_can_end_the_run():
    told = []

    def on_epoch(epoch, loss):
        told.append(loss)
        return epoch < 5

    ensemble = together(NUMBER, 3, on_epoch=on_epoch)
    assert [len(fit.history) for fit in ensemble.models] == [5] * 3
    assert {fit.stopped for fit in ensemble.models} == {"on_epoch"}
    np.testing.assert_allclose(told, ensemble.history.groupby("epoch")["loss"].mean())


def interrupt(epoch, loss):
    if epoch == 4:
        raise KeyboardInterrupt


def test_an_interrupt_gives_the_models_so_far():
    with pytest.warns(InterruptWarning, match="after 4 of 25 epochs: these are 3 of 3 models"):
        ensemble = together(NUMBER, 3, on_epoch=interrupt)
    assert {fit.stopped for fit in ensemble.models} == {"interrupt"}


def test_where_models_are_trained_one_after_the_other_an_interrupt_leaves_those_done():
    calls = []

    def on_epoch(epoch, loss):
        calls.append(epoch)
        if len(calls) == 35:  # of the second model
            raise KeyboardInterrupt

    with pytest.warns(InterruptWarning, match="2 of 3 models so far"):
        ensemble = together(NUMBER, 3, schedule="plateau", on_epoch=on_epoch)
    assert [len(fit.history) for fit in ensemble.models] == [25, 10]


def test_models_whose_loss_becomes_infinite_are_left_out_and_the_others_stay(monkeypatch):
    options = {"optimizer": "sgd", "schedule": "constant", "loss": "mse", "input_clip": None}
    diverging = None
    for rate in np.geomspace(0.5, 50, 40):
        stopped = []
        for seed in seeds_of(3, 6):
            try:
                two_layer(X, NUMBER, learning_rate=rate, **OPTIONS | options | {"seed": seed})
                stopped.append(False)
            except DivergenceError:
                stopped.append(True)
        if any(stopped) and not all(stopped):
            diverging = rate, stopped
            break
    assert diverging is not None
    rate, stopped = diverging
    with pytest.warns(PytwolayerWarning, match=f"{sum(stopped)} of 6 models left out"):
        ensemble = together(NUMBER, 6, learning_rate=rate, **options)
    seeds = [seed for seed, gone in zip(seeds_of(3, 6), stopped, strict=True) if not gone]
    assert [fit.settings.seed for fit in ensemble.models] == seeds
    assert np.isfinite(ensemble.predict(X)).all()


def test_if_no_model_is_left_the_error_has_the_first():
    with pytest.raises(DivergenceError) as caught:
        together(NUMBER, optimizer="sgd", learning_rate=1e6, loss="mse", schedule="constant")
    assert np.isfinite(caught.value.fit.predict(X)).all()


# Files


@pytest.mark.parametrize("name", ["numbers", "classes"])
def test_a_file_gives_it_back(name, request, tmp_path):
    ensemble = request.getfixturevalue(name)
    ensemble.save(tmp_path / "ensemble.safetensors")
    again = pytwolayer.load(tmp_path / "ensemble.safetensors")
    assert isinstance(again, TwoLayerEnsemble)
    assert np.array_equal(again.predict_all(X), ensemble.predict_all(X))
    assert again.settings == ensemble.settings
    assert again.bootstrap == ensemble.bootstrap
    pd.testing.assert_frame_equal(again.history, ensemble.history)
    assert np.array_equal(pickle.loads(pickle.dumps(ensemble)).predict_all(X), again.predict_all(X))


def test_damaged_bytes_are_an_error(numbers):
    data = bytearray(ensemble_to_bytes(numbers))
    assert ensemble_from_bytes(data).n_models == 7
    for place in range(0, len(data), len(data) // 97):
        changed = data.copy()
        changed[place] ^= 1
        with pytest.raises(FileFormatError):
            ensemble_from_bytes(changed)
    for end in (0, 7, 100, len(data) - 1):
        with pytest.raises(FileFormatError):
            ensemble_from_bytes(data[:end])


def test_one_model_is_no_ensemble(numbers):
    from pytwolayer.models.model_file import to_bytes

    with pytest.raises(FileFormatError, match='it is a file of kind "model", not "ensemble"'):
        ensemble_from_bytes(to_bytes(numbers.models[0]))


def test_an_ensemble_is_no_single_model(numbers):
    from pytwolayer.models.load import from_bytes

    with pytest.raises(FileFormatError, match='it is a file of kind "ensemble", not "model"'):
        from_bytes(ensemble_to_bytes(numbers))


def test_models_of_several_forms_are_no_ensemble(numbers, classes):
    with pytest.raises(ValueError, match="differ in their inputs or outputs"):
        TwoLayerEnsemble.of([numbers.models[0], classes.models[0]], 1, bootstrap=False)


@pytest.mark.parametrize("name", ["predict_spread", "predict_all"])
def test_a_single_network_says_that_intervals_are_of_several(name):
    fit = together(NUMBER, n_models=1, epochs=2)
    with pytest.raises(AttributeError, match=r"several networks, two_layer\(\.\.\., n_models="):
        getattr(fit, name)(X)
    assert not hasattr(fit, name)
    with pytest.raises(AttributeError, match=r"no attribute 'predictt'$"):
        fit.predictt(X)
    again = pickle.loads(pickle.dumps(fit))
    assert np.array_equal(again.predict(X), fit.predict(X))


@pytest.mark.parametrize(
    "options", [{}, {"bootstrap": True}, {"bootstrap": True, "validation": 0.2}], ids=str
)
def test_each_network_knows_the_tables_that_it_saw(options):
    fits = together(CLASS, sample_weight=WEIGHTS, epochs=1, **options)
    for model, own in data_of_each(fits, read_training_data(X, CLASS, weights=WEIGHTS)):
        refuse_other_tables(model, own)
    for model, own in data_of_each(fits, read_training_data(X * 2, CLASS)):
        with pytest.raises(ArgumentError, match=r"`x` must be the data of the fit, not others"):
            refuse_other_tables(model, own)
