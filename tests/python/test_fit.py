"""``two_layer()`` on the user's data."""

import copy
import pickle
import random
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pytwolayer import ArgumentError, DeviceError, PytwolayerError, TwoLayer, two_layer
from pytwolayer.activation import ACTIVATIONS
from pytwolayer.loss import LOSSES
from pytwolayer.torch_loading import torch

QUICK = {"hidden_units": 4, "epochs": 3, "seed": 1}
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


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_loss_falls_with_every_activation_and_optimiser(activation, optimizer):
    history = quick(activation=activation, optimizer=optimizer, epochs=60).history
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


@pytest.mark.parametrize("reduction", ["mean", "sum", "elementwise_mean"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_falls_with_every_loss_and_reduction(loss, reduction):
    history = quick(loss=loss, reduction=reduction, epochs=60).history
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_the_default_fit_is_the_documented_one():
    settings = two_layer(X, Y).settings
    assert settings.hidden_units == 32
    assert settings.activation == "relu"
    assert settings.epochs == 500
    assert (settings.optimizer, settings.learning_rate) == ("adam", 0.01)
    assert (settings.loss, settings.reduction) == ("mse", "mean")


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
    fit = two_layer(
        X, Y, hidden_units=6, activation="tanh", epochs=40, learning_rate=0.02, loss="huber", seed=9
    )
    np.testing.assert_allclose(fit.history["loss"], losses, rtol=1e-4)
    expected = net(x).detach().numpy()[:, 0] * Y.std() + Y.mean()
    np.testing.assert_allclose(fit.predict(X), expected, rtol=1e-4)


def test_what_is_kept_on_the_fit(fit, frame):
    assert fit.architecture == "3-8-1"
    assert fit.n_parameters == 3 * 8 + 8 + 8 + 1
    assert fit.rows == len(frame)
    assert fit.device == "cpu"
    assert fit.inputs.names == ("a", "b", "c")
    assert fit.outputs.names == ("target",)
    assert isinstance(fit, TwoLayer)


def test_repr_tells_what_it_is(fit):
    assert repr(fit) == (
        "<TwoLayer 3-8-1 (relu), 41 parameters, fitted to 40 rows: adam, learning rate 0.01, "
        f"30 epochs on cpu, seed 3; last loss {fit.history['loss'].iloc[-1]:.4g} (mse, mean)>"
    )


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
        )

    from pytwolayer import available_devices, chapter_losses, select_device

    before = state()
    for seed in (None, 0, 12):
        fit = two_layer(frame, outcome, epochs=2, seed=seed)
    fit.predict(frame)
    chapter_losses(2)
    select_device()
    available_devices()
    copy.deepcopy(fit)
    assert state() == before


def test_the_global_seed_does_not_change_a_fit():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first = quick()
        torch.manual_seed(2)
        assert same(first, quick())


def test_the_users_default_dtype_changes_nothing():
    expected = quick()
    torch.set_default_dtype(torch.float64)
    try:
        fit = quick()
        predictions = fit.predict(X)
    finally:
        torch.set_default_dtype(torch.float32)
    assert same(fit, expected)
    assert predictions.tolist() == expected.predict(X).tolist()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_gradient_modes_change_nothing(mode):
    with mode():
        fit = quick()
    assert same(fit, quick())
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
    expected = quick()
    for kind in kinds:
        fit = quick(kind)
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


def test_several_outcomes_each_come_back_on_their_own_scale():
    y = pd.DataFrame({"small": Y / 1000, "large": 1000 * Y + 1e6})
    fit = two_layer(X, y, epochs=300, seed=1)
    predictions = fit.predict(X)
    assert predictions.shape == (30, 2)
    assert fit.architecture == "3-32-2"
    np.testing.assert_allclose(predictions.mean(0), y.mean(), rtol=0.05)
    np.testing.assert_allclose(predictions.std(0), y.std(ddof=0), rtol=0.1)


def test_there_is_one_prediction_per_row_in_order(fit, frame):
    everything = fit.predict(frame)
    one_by_one = [fit.predict(frame.iloc[[i]])[0] for i in range(len(frame))]
    np.testing.assert_allclose(everything, one_by_one, rtol=1e-5)
    np.testing.assert_allclose(fit.predict(frame[::-1]), everything[::-1], rtol=1e-5)


def test_more_rows_than_go_through_at_once_are_still_one_each_in_order():
    fit = quick(X[:, :1])
    x = np.linspace(-2, 2, 65536 * 2 + 1)[:, None]
    predictions = fit.predict(x)
    assert predictions.shape == (len(x),)
    for i in (0, 65535, 65536, 131071, 131072):
        assert predictions[i] == pytest.approx(fit.predict(x[[i]])[0], rel=1e-5)


def test_reordered_and_extra_columns_change_no_bit(fit, frame):
    expected = fit.predict(frame).tolist()
    assert fit.predict(frame[["c", "a", "b"]]).tolist() == expected
    assert fit.predict(frame.assign(more=1.0)).tolist() == expected
    assert fit.predict(frame.to_numpy()).tolist() == expected


@pytest.mark.parametrize("extra", ["text", None, float("nan"), pd.Timestamp("2020-01-01")])
def test_extra_columns_may_hold_anything(fit, frame, extra):
    assert fit.predict(frame.assign(more=extra)).tolist() == fit.predict(frame).tolist()


def test_missing_columns_are_all_named(fit, frame):
    with pytest.raises(ArgumentError, match=r'`x` must be .* seen in training, not .* "a", "c"'):
        fit.predict(frame[["b"]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.assign(b="text"), 'numeric, not text in column "b"'),
        (lambda x: x.assign(b=np.nan), r'finite, not .* in column "b" \(40 of 40 values\)'),
        (lambda x: x.iloc[0], r"a table with rows and columns, not data of shape \(3,\)"),
        (lambda x: x.to_numpy()[:, :2], "a table of 3 columns, not one of 2"),
    ],
)
def test_new_data_that_does_not_fit_is_an_error_naming_it(fit, frame, change, message):
    with pytest.raises(ArgumentError, match=f"^`x` must be {message}"):
        fit.predict(change(frame))


@pytest.mark.parametrize("value", [1e300, -1e300, 1e39])
def test_new_data_too_large_for_the_network_is_never_a_wrong_number(fit, frame, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArgumentError, match="`x` must be"):
            fit.predict(frame.assign(c=value))


def test_predicting_changes_neither_fit_nor_data(fit, frame):
    before, data = copy.deepcopy(fit), frame.copy()
    fit.predict(frame)
    assert same(before, fit)
    pd.testing.assert_frame_equal(frame, data)


def test_constant_columns_are_fine():
    fit = quick(np.column_stack([X, np.full(30, 7.0)]))
    assert np.isfinite(fit.predict(np.column_stack([X, np.full(30, 7.0)]))).all()


def test_a_constant_outcome_is_predicted():
    fit = two_layer(X, np.full(30, 12.5), seed=1)
    np.testing.assert_allclose(fit.predict(X), 12.5, atol=0.05)


def test_one_row_is_enough():
    fit = quick([[1.0, 2.0]], [5.0])
    assert fit.rows == 1
    assert fit.predict([[1.0, 2.0]]).shape == (1,)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 5), (100, 1), (3, 50)])
def test_odd_shapes_fit(shape):
    x = np.random.default_rng(2).normal(size=shape)
    fit = quick(x, x[:, :1], hidden_units=1)
    assert fit.predict(x).shape == (shape[0], 1)


@pytest.mark.parametrize("size", [1e-200, 1e-300, 1e-100, 1e100])
def test_the_size_of_the_outcome_does_not_matter(size):
    fit, scaled = two_layer(X, Y, epochs=100, seed=1), two_layer(X, Y * size, epochs=100, seed=1)
    np.testing.assert_allclose(scaled.predict(X) / size, fit.predict(X), rtol=1e-3)


def test_mixtures_of_huge_and_small_numbers_are_a_fit_or_an_error():
    with pytest.raises(ArgumentError, match="`x` must be of a size that can be standardised"):
        quick([[1e308], [-1e308], [1.0]], [1, 2, 3])
    with pytest.raises(ArgumentError, match="`y` must be of a size that can be standardised"):
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
        (X, ["u"] * 30, "`y` must be numeric, not text"),
        (X, np.where(X > 1, np.nan, X)[:, 0], r"`y` must be finite, not .* of 30 values\)"),
        (X, None, "`y` must be a table with rows and columns or a vector"),
        (X[:, 0], Y, r"`x` must be a table with rows and columns, not data of shape \(30,\)"),
        (X, pd.DataFrame({"u": Y, "v": "w"}), '`y` must be numeric, not text in column "v"'),
    ],
    ids=str,
)
def test_bad_data_names_the_argument(x, y, message):
    with pytest.raises(ArgumentError, match=message):
        quick(x, y)


@pytest.mark.parametrize("argument", ["hidden_units", "epochs"])
@pytest.mark.parametrize("value", [0, -1, 2.5, float("nan"), True, "3", None])
def test_a_bad_count_names_itself(argument, value):
    with pytest.raises(
        ArgumentError, match=f"`{argument}` must be a whole number of at least 1, not"
    ):
        quick(**{argument: value})


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("learning_rate", float("nan")),
        ("learning_rate", 0),
        ("loss", "mea"),
        ("optimizer", "lbfgs"),
        ("activation", "swish"),
        ("reduction", None),
        ("seed", -1),
        ("device", "gpu"),
    ],
)
def test_a_bad_setting_names_itself(argument, value):
    with pytest.raises(ArgumentError, match=f"^`{argument}` must be .*, not "):
        quick(**{argument: value})


@pytest.mark.parametrize("learning_rate", [1e39, 1e300])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_huge_learning_rate_is_a_fit_or_one_of_our_errors(optimizer, learning_rate):
    try:
        fit = quick(optimizer=optimizer, learning_rate=learning_rate)
    except ArgumentError as problem:
        fit, error = None, problem
    assert error.argument == "learning_rate" if fit is None else len(fit.history) == 3


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


def test_a_fit_that_diverges_keeps_its_history():
    fit = quick(optimizer="sgd", learning_rate=1e6, epochs=50)
    assert len(fit.history) == 50
    assert not np.isfinite(fit.history["loss"].iloc[-1])
    assert "last loss" in repr(fit)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_a_fit_on_a_gpu_predicts_the_same_within_rounding():
    np.testing.assert_allclose(quick(device="cuda").predict(X), quick().predict(X), rtol=1e-3)


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
    size = len(pickle.dumps(quick(hidden_units=1000)))
    assert size < 4 * quick(hidden_units=1000).n_parameters + 20_000


# Anything at all

COLUMNS = st.sampled_from(
    ["float64", "float32", "int64", "bool", "Int64", "boolean", "object", "str"]
)


@st.composite
def frames(draw):
    rows, width = draw(st.integers(0, 6)), draw(st.integers(0, 4))
    columns = {}
    for j in range(width):
        kind = draw(COLUMNS)
        if kind in {"float64", "float32"} or kind == "int64" or kind == "bool":
            column = draw(arrays.arrays(kind, rows))
        elif kind in {"Int64", "boolean"}:
            values = st.one_of(st.none(), st.integers(0, 1))
            column = pd.array(draw(st.lists(values, min_size=rows, max_size=rows)), dtype=kind)
        elif kind == "object":
            values = st.one_of(
                st.none(), st.integers(), st.floats(), st.text(max_size=2), st.binary()
            )
            column = pd.Series(draw(st.lists(values, min_size=rows, max_size=rows)), dtype=object)
        else:
            column = draw(st.lists(st.text(max_size=3), min_size=rows, max_size=rows))
        columns[draw(st.text(max_size=2)) + str(j)] = column
    return pd.DataFrame(columns, index=range(rows))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(x=frames(), y=frames())
def test_any_frame_gives_a_fit_or_one_of_our_errors(x, y):
    try:
        fit = two_layer(x, y, hidden_units=2, epochs=2, seed=0)
    except ArgumentError as problem:
        fit, error = None, problem
    if fit is None:
        assert error.argument in {"x", "y"}
    else:
        assert fit.predict(x).shape == (len(x), y.shape[1])


FINITE = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 8), st.integers(1, 3)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)


@settings(max_examples=75, deadline=None)
@given(x=FINITE, seed=st.integers(0, 2**53))
def test_ordinary_numbers_always_give_a_fit_with_finite_predictions(x, seed):
    fit = two_layer(x, x[:, 0], hidden_units=3, epochs=2, seed=seed)
    assert np.isfinite(fit.history["loss"]).all()
    assert np.isfinite(fit.predict(x)).all()
    assert fit.predict(pd.DataFrame(x)).tolist() == fit.predict(np.asfortranarray(x)).tolist()


def test_a_fit_can_be_a_key_and_equals_itself(frame):
    fit = quick()
    assert {fit: 1}[fit] == 1
    assert fit != quick()


def test_the_trained_network_is_at_rest():
    assert not any(parameter.requires_grad for parameter in quick().network.parameters())


def test_no_new_rows_are_no_predictions(fit, frame):
    assert fit.predict(frame.iloc[:0]).shape == (0,)


def test_a_fit_that_diverges_says_so():
    with pytest.warns(RuntimeWarning, match="not finite from epoch"):
        two_layer(X, Y, optimizer="sgd", learning_rate=1e6, epochs=50, seed=1)


@pytest.mark.parametrize("nothing", [None, {"a": [1]}, "text"])
def test_what_is_no_table_is_shown(nothing):
    with pytest.raises(ArgumentError, match="`x` must be a table with rows and columns") as caught:
        two_layer(nothing, Y)
    assert "shape ()" not in str(caught.value)
