"""``two_layer()`` on the user's data: what comes back, seeds, layouts, bad arguments, copies."""

import copy
import inspect
import pickle
import random
import re

import numpy as np
import pandas as pd
import pytest

from pytwolayer import (
    ArgumentError,
    DeviceError,
    PytwolayerError,
    TwoLayer,
    continue_training,
    two_layer,
)
from pytwolayer.fitting import auto_settings
from pytwolayer.fitting.prepare import PreparedFit
from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.losses import LOSSES
from pytwolayer.optim.optimizer import OPTIMIZERS
from pytwolayer.runtime.torch_loading import torch

PLAIN = {
    "batch_size": None,
    "learning_rate": 0.01,
    "schedule": "constant",
    "weight_decay": 0.0,
    "seed": 1,
}
QUICK = PLAIN | {"hidden_units": 4, "epochs": 3}
X = np.random.default_rng(0).normal(size=(30, 3))
Y = X @ [1.0, -2.0, 0.5] + 4


def quick(x=X, y=Y, **options):
    return two_layer(x, y, **QUICK | options)


def same(one, other):
    weights = zip(one.network.parameters(), other.network.parameters(), strict=True)
    return one.history["loss"].tolist() == other.history["loss"].tolist() and all(
        torch.equal(a, b) for a, b in weights
    )


# What comes back


def test_it_learns_and_predicts_on_the_users_own_scale():
    x = np.random.default_rng(5).normal(size=(200, 2)) * [1000, 0.01]
    y = 5000 + x[:, 0] - 1e5 * x[:, 1]
    fit = two_layer(x, y, seed=1)
    error = fit.predict(x) - y
    assert np.sqrt(np.mean(error**2)) < 0.05 * np.std(y)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_loss_falls_with_every_activation_and_optimiser(activation, optimizer):
    rate = OPTIMIZERS[optimizer].learning_rate
    fit = quick(activation=activation, optimizer=optimizer, epochs=60, learning_rate=rate)
    assert fit.history["loss"].iloc[-1] < fit.history["loss"].iloc[0]


@pytest.mark.parametrize("reduction", ["mean", "sum", "elementwise_mean"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_falls_with_every_loss_and_reduction(loss, reduction):
    positive, above = np.exp(X[:, 0]), Y > 4
    outcomes = {
        "cross_entropy": above,
        "binary_cross_entropy": np.column_stack([above, X[:, 1] > 0]),
        "binomial": 1 / (1 + positive),
        "poisson": positive,
        "negative_binomial": np.floor(9 * positive),
        "gamma": positive,
    }
    y = outcomes.get(loss, Y)
    history = quick(y=y, loss=loss, reduction=reduction, epochs=60).history
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_the_default_fit_is_the_documented_one():
    settings = two_layer(X[:29], Y[:29]).settings  # too few rows for a search
    usual = {
        name: parameter.default
        for name, parameter in inspect.signature(two_layer).parameters.items()
    }
    decided = {
        "epochs": auto_settings.EPOCHS_OF_ONE_BATCH,
        "batch_size": None,
        "learning_rate": OPTIMIZERS[usual["optimizer"]].learning_rate,
        "schedule": auto_settings.SCHEDULE,
        "weight_decay": auto_settings.DECAY / 29,
        "encoding": auto_settings.ENCODING,
        "loss": "mse",
    }
    for name, value in settings.plain().items():
        if name != "seed":
            assert value == decided.get(name, usual[name]), name
    assert {name for name in decided if usual[name] == "auto"} == set(decided)
    documented = re.sub(r"\s+", " ", two_layer.__doc__)
    for text in (
        f'"auto": {auto_settings.EPOCHS}, or '
        f"{auto_settings.EPOCHS_OF_ONE_BATCH} where all rows are one",
        f'"auto": "{auto_settings.SCHEDULE}", or "{auto_settings.SCHEDULE_OF_LBFGS}" for "lbfgs"',
        f"{auto_settings.DECAY:g} divided by the number of rows",
        f'{auto_settings.DECAY_OF_ADAMW:g} for "adamw"',
        *(f'{kind.learning_rate:g} for "' for kind in OPTIMIZERS.values()),
    ):
        assert text in documented, text


def test_history_has_epoch_from_one_and_loss_in_doubles(fit):
    assert fit.history.columns.tolist() == ["epoch", "loss"]
    assert fit.history["epoch"].tolist() == list(range(1, 31))
    assert fit.history["epoch"].dtype.kind == "i"
    assert fit.history["loss"].dtype == np.float64


def test_the_loss_is_of_the_standardised_outcome_before_the_update():
    fit = quick(learning_rate=1e-30, epochs=1)
    standardised = (Y - Y.mean()) / Y.std()
    predicted = (fit.predict(X) - Y.mean()) / Y.std()
    expected = np.mean((predicted - standardised) ** 2)
    assert fit.history["loss"].tolist() == [pytest.approx(expected, rel=1e-5)]


def test_the_initial_weights_are_those_of_torchs_layers():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        net = torch.nn.Sequential(torch.nn.Linear(3, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    fit = quick(hidden_units=6, activation="tanh", seed=9, learning_rate=1e-30, epochs=1)
    for ours, theirs in zip(fit.network.parameters(), net.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_fit_is_an_ordinary_module_stepped_with_autograd():
    x = torch.from_numpy(((X - X.mean(0)) / X.std(0)).astype(np.float32))
    y = torch.from_numpy(((Y - Y.mean()) / Y.std()).astype(np.float32))[:, None]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        net = torch.nn.Sequential(torch.nn.Linear(3, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    adam = torch.optim.Adam(net.parameters(), lr=0.02)
    losses = []
    for _ in range(40):
        adam.zero_grad()
        loss = torch.nn.HuberLoss()(net(x), y)
        losses.append(loss.item())
        loss.backward()
        adam.step()
    options = {"hidden_units": 6, "activation": "tanh", "loss": "huber", "seed": 9}
    fit = quick(epochs=40, learning_rate=0.02, **options)
    np.testing.assert_allclose(fit.history["loss"], losses, rtol=1e-4)
    expected = net(x).detach().numpy()[:, 0] * Y.std() + Y.mean()
    np.testing.assert_allclose(fit.predict(X), expected, rtol=1e-4)


def test_what_is_kept_on_the_fit(fit, frame):
    assert fit.architecture == "3-8-1"
    assert fit.n_parameters == 3 * 8 + 8 + 8 + 1
    assert (fit.rows, fit.dropped) == (len(frame), 0)
    assert fit.device == "cpu"
    assert fit.inputs.names == ("a", "b", "c")
    assert fit.outcome.names == ("target",)
    assert fit.classes is None
    assert (fit.best_epoch, fit.stopped) == (None, "epochs")
    assert isinstance(fit, TwoLayer)


def test_the_settings_kept_have_no_auto_left():
    for optimizer in OPTIMIZERS:
        for y in (Y, Y > 4):
            fit = two_layer(X, y, optimizer=optimizer, epochs=2)
            assert "auto" not in fit.settings.plain().values()


def test_the_trained_network_is_at_rest():
    assert not any(parameter.requires_grad for parameter in quick().network.parameters())


# Seeds and global state


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    assert same(quick(), quick())
    assert not same(quick(), quick(seed=2))


def test_a_drawn_seed_is_kept_and_gives_the_fit_again():
    first, second = quick(seed=None), quick(seed=None)
    assert first.settings.seed != second.settings.seed
    assert same(first, quick(seed=first.settings.seed))


def test_no_call_changes_a_global_random_state_or_setting(frame, outcome):
    def state():
        return (
            torch.get_rng_state().tolist(),
            random.getstate(),
            [part.tolist() if hasattr(part, "tolist") else part for part in np.random.get_state()],
            torch.get_num_threads(),
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            np.geterr(),
        )

    from pytwolayer import available_devices, chapter_losses, select_device

    before = state()
    for seed in (None, 0, 12):
        fit = two_layer(frame, outcome, epochs=2, seed=seed, validation=0.3, dropout=0.2)
    fit.predict(frame)
    chapter_losses(2)
    select_device()
    available_devices()
    copy.deepcopy(fit)
    assert state() == before


def test_the_global_seed_does_not_change_a_fit():
    def drawn():
        return quick(validation=0.3, dropout=0.3, batch_size=5)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first = drawn()
        torch.manual_seed(2)
        assert same(first, drawn())


def test_the_users_default_dtype_changes_nothing():
    options = {"validation": 0.3, "dropout": 0.3, "batch_size": 5}
    expected = quick(**options)
    torch.set_default_dtype(torch.float64)
    try:
        fit = quick(**options)
        predictions = fit.predict(X)
    finally:
        torch.set_default_dtype(torch.float32)
    assert same(fit, expected)
    assert predictions.tolist() == expected.predict(X).tolist()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_gradient_modes_change_nothing(mode):
    def own_loss(output, y):
        return (output - y) ** 2

    for options in ({}, {"batch_size": 7}, {"optimizer": "lbfgs"}, {"loss": own_loss}):
        if "loss" in options and mode is torch.inference_mode:
            continue  # autograd is switched off for good there
        with mode():
            fit = quick(**options)
        assert same(fit, quick(**options))
        assert fit.predict(X).shape == (30,)


# Data


def test_every_layout_and_kind_gives_the_same_bits():
    names = ["a", "b", "c"]
    kinds = [
        np.asfortranarray(X),
        pd.DataFrame(X, columns=names),
        pd.DataFrame({name: X[:, j] for j, name in enumerate(names)}),
        torch.from_numpy(X),
        X.tolist(),
    ]
    for options in ({}, {"batch_size": 7}):
        expected = quick(**options)
        for kind in kinds:
            fit = quick(kind, **options)
            assert same(fit, expected)
            assert fit.predict(kind).tolist() == expected.predict(X).tolist()


@pytest.mark.parametrize(
    "y", [Y, Y.tolist(), pd.Series(Y), torch.from_numpy(Y)], ids=lambda y: type(y).__name__
)
def test_predictions_of_a_vector_are_a_vector(y):
    fit = quick(y=y)
    assert fit.predict(X).shape == (30,)
    assert fit.predict(X).dtype == np.float64
    assert same(fit, quick())


@pytest.mark.parametrize(
    "y",
    [Y[:, None], pd.DataFrame({"y": Y}), torch.from_numpy(Y)[:, None]],
    ids=lambda y: type(y).__name__,
)
def test_predictions_of_one_column_are_one_column(y):
    fit = quick(y=y)
    assert fit.predict(X).shape == (30, 1)
    assert same(fit, quick())


def test_an_outcome_by_name_is_the_fit_to_that_column():
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=Y, z=2 * Y)
    by_name = two_layer(frame, outcome="y", **QUICK)
    by_hand = quick(frame.drop(columns="y"), frame["y"])
    assert same(by_name, by_hand)
    assert by_name.predict(frame).tolist() == by_hand.predict(frame).tolist()
    several = two_layer(frame, outcome=["z", "y"], **QUICK)
    assert several.outcome.names == ("z", "y")
    assert several.inputs.names == ("a", "b", "c")
    assert several.predict(frame).shape == (30, 2)
    assert same(several, quick(frame[["a", "b", "c"]], frame[["z", "y"]]))


def test_several_outcomes_each_come_back_on_their_own_scale():
    y = pd.DataFrame({"small": Y / 1000, "large": 1000 * Y + 1e6})
    fit = quick(y=y, epochs=300, hidden_units=32)
    predictions = fit.predict(X)
    assert predictions.shape == (30, 2)
    assert fit.architecture == "3-32-2"
    np.testing.assert_allclose(predictions.mean(0), y.mean(), rtol=0.05)
    np.testing.assert_allclose(predictions.std(0), y.std(ddof=0), rtol=0.1)


def test_counts_come_back_as_rates():
    x = np.random.default_rng(3).normal(size=(400, 1))
    y = np.random.default_rng(4).poisson(50 * np.exp(x[:, 0] / 2))
    fit = quick(x, y, loss="poisson", epochs=300, learning_rate=0.02)
    predictions = fit.predict(x)
    assert (predictions > 0).all()
    assert predictions.mean() == pytest.approx(y.mean(), rel=0.02)
    assert np.corrcoef(predictions, np.exp(x[:, 0] / 2))[0, 1] > 0.99


def test_a_constant_outcome_is_predicted():
    fit = quick(y=np.full(30, 12.5), epochs=200)
    np.testing.assert_allclose(fit.predict(X), 12.5, atol=0.05)


def test_one_row_is_enough():
    fit = quick([[1.0, 2.0]], [5.0])
    assert fit.rows == 1
    assert fit.predict([[1.0, 2.0]]).shape == (1,)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 5), (100, 1), (3, 50)])
@pytest.mark.parametrize("batch_size", [None, 1, 2, "auto"])
def test_odd_shapes_fit(shape, batch_size):
    x = np.random.default_rng(2).normal(size=shape)
    fit = quick(x, x[:, :1], hidden_units=1, batch_size=batch_size)
    assert fit.predict(x).shape == (shape[0], 1)


@pytest.mark.parametrize("size", [1e-200, 1e-300, 1e-100, 1e100])
def test_the_size_of_the_outcome_does_not_matter(size):
    fit, scaled = quick(epochs=100), quick(y=Y * size, epochs=100)
    np.testing.assert_allclose(scaled.predict(X) / size, fit.predict(X), rtol=1e-3)


def test_mixtures_of_huge_and_small_numbers_are_a_fit_or_an_error():
    with pytest.raises(ArgumentError, match="`x` must be numbers small enough to be standardised"):
        quick([[1e308], [-1e308], [1.0]], [1, 2, 3])
    with pytest.raises(ArgumentError, match="`y` must be numbers small enough to be standardised"):
        quick([[1.0], [2.0], [3.0]], [1e300, 1.0, 2.0])
    assert np.isfinite(quick([[1e150], [-1e150], [1.0]], [1, 2, 3]).predict([[0.0]])).all()


def test_integers_and_logicals_are_numbers():
    x = pd.DataFrame({"n": range(30), "yes": [True, False] * 15})
    as_doubles = x.astype(float)
    assert same(quick(x), quick(as_doubles))
    nullable = x.convert_dtypes()
    assert same(quick(nullable), quick(as_doubles))
    assert quick(x).predict(nullable).tolist() == quick(x).predict(as_doubles).tolist()


# Bad input


@pytest.mark.parametrize("rows", [29, 31, 1])
def test_x_and_y_of_different_lengths(rows):
    with pytest.raises(
        ArgumentError, match=rf"`y` must be as long as `x` \(30 rows\), not {rows} rows"
    ):
        quick(y=np.zeros(rows))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:0], Y[:0], "`x` must be a table of at least one row"),
        (X[:, :0], Y, "`x` must be a table of at least one row and one column"),
        (X, [], "`y` must be a table of at least one row"),
        (X, None, "`y` must be the outcome, where `outcome` does not name it, not missing"),
        (X, 3, "`y` must be a table with rows and columns or a vector, not 3"),
        (X, [[1, 2], [3]], "`y` must be a table or an array, not a list with rows of different"),
        (X[:, 0], Y, r"`x` must be a table with rows and columns, not data of shape \(30,\)"),
        (X, pd.DataFrame({"u": Y, "v": "w"}), r"`y` must be numbers where .* several columns"),
        (X, pd.to_datetime(["2020-01-01"] * 30), "`y` must be numbers, logicals, .* not dates"),
        (X, [1j] * 30, "`y` must be numbers, logicals, factors or text, not complex128 values"),
    ],
    ids=str,
)
def test_bad_data_name_the_argument(x, y, message):
    with pytest.raises(ArgumentError, match=message):
        quick(x, y)


@pytest.mark.parametrize("nothing", [None, {"a": [1]}])
def test_what_is_no_table_is_shown(nothing):
    with pytest.raises(ArgumentError, match="`x` must be a table with rows and columns") as caught:
        two_layer(nothing, Y)
    assert "shape ()" not in str(caught.value)


@pytest.mark.parametrize("argument", ["hidden_units", "epochs"])
@pytest.mark.parametrize("value", [0, -1, 2.5, float("nan"), True, "3", None])
def test_a_bad_count_names_itself(argument, value):
    auto = '"auto" or ' if (argument, value) == ("epochs", "3") else ""
    with pytest.raises(
        ArgumentError, match=f"`{argument}` must be {auto}a whole number of at least 1, not"
    ):
        quick(**{argument: value})


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("learning_rate", float("nan")),
        ("learning_rate", 0),
        ("loss", "mea"),
        ("optimizer", "lbfg"),
        ("activation", "swish"),
        ("reduction", None),
        ("schedule", "linear"),
        ("batch_size", 0),
        ("momentum", 0.5),
        ("dropout", 1),
        ("patience", 0),
        ("gradient_clip", -1),
        ("weight_decay", -1),
        ("seed", -1),
        ("device", "gpu"),
    ],
)
def test_a_bad_setting_names_itself(argument, value):
    with pytest.raises(ArgumentError, match=rf"^`{argument}` must be .*, not "):
        quick(**{argument: value})


@pytest.mark.parametrize("learning_rate", [1e39, 1e300])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_huge_learning_rate_is_one_of_our_errors(optimizer, learning_rate):
    with pytest.raises(ArgumentError, match="`learning_rate` must be at most"):
        quick(optimizer=optimizer, learning_rate=learning_rate)


@pytest.mark.parametrize("hidden_units", [1e15, 2**70])
def test_a_hidden_layer_that_no_memory_holds_is_one_of_our_errors(hidden_units):
    with pytest.raises(PytwolayerError, match="hidden_units"):
        quick(hidden_units=hidden_units)


def test_settings_and_device_are_checked_before_the_data():
    with pytest.raises(ArgumentError, match="`epochs`"):
        two_layer(None, None, epochs=0)
    with pytest.raises(DeviceError, match="`device`"):
        two_layer(None, None, device="tpu")


def test_an_unknown_argument_is_named():
    with pytest.raises(TypeError, match="'hiden_units'"):
        quick(hiden_units=3)


def test_a_device_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=r'`device` must be a device of this machine.*not "cuda"'):
        quick(device="cuda")


def test_the_encoded_rows_are_not_asked_of_a_gpu_where_nobody_wants_them(monkeypatch):
    asked = []
    monkeypatch.setattr(PreparedFit, "encoded_rows", lambda self: asked.append(self))
    continue_training(quick(), epochs=2)
    assert asked == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 7, "dropout": 0.3, "validation": 0.3, "optimizer": "sgd"},
        {"optimizer": "lbfgs", "learning_rate": 1.0},
        {"patience": 2, "gradient_clip": 0.1, "sample_weight": np.arange(1.0, 31)},
    ],
    ids=str,
)
def test_a_fit_on_a_gpu_predicts_the_same_within_rounding(options):
    on_gpu, on_cpu = quick(device="cuda", **options), quick(**options)
    np.testing.assert_allclose(on_gpu.history, on_cpu.history, rtol=1e-3)
    np.testing.assert_allclose(on_gpu.predict(X), on_cpu.predict(X), rtol=1e-3)


# Copies


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda fit: pickle.loads(pickle.dumps(fit))],
    ids=["deepcopy", "pickle"],
)
def test_a_copy_is_the_same_fit_and_independent(fit, frame, copied):
    again = copied(fit)
    assert same(again, fit)
    assert again.settings == fit.settings
    assert repr(again) == repr(fit)
    assert again.predict(frame).tolist() == fit.predict(frame).tolist()
    expected = fit.predict(frame).tolist()
    with torch.no_grad():
        for parameter in again.network.parameters():
            parameter.zero_()
    assert fit.predict(frame).tolist() == expected


def test_a_pickle_holds_no_more_than_the_fit():
    for options in ({}, {"patience": 2, "validation": 0.3, "dropout": 0.2}):
        fit = quick(hidden_units=1000, **options)
        assert len(pickle.dumps(fit)) < 4 * fit.n_parameters + 20_000


def test_a_fit_can_be_a_key_and_equals_itself():
    fit = quick()
    assert {fit: 1}[fit] == 1
    assert fit != quick()


def test_class_weights_that_are_far_too_large_are_an_error_about_them():
    with pytest.raises(ArgumentError, match="`class_weights` must be at most"):
        quick(y=["a", "b"] * 15, class_weights={"a": 1e307, "b": 1e307})


def test_numbers_can_name_columns():
    frame = pd.DataFrame(np.column_stack([X, Y]))
    assert same(quick(frame, None, outcome=3), quick(frame, None, outcome="3"))
