"""How a fit is trained: the same as a plain PyTorch loop, step by step, and what is told of it."""

import pickle

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, PytwolayerError, two_layer
from pytwolayer.errors import DivergenceError
from pytwolayer.network.architecture import draw_initial_weights, two_layer_net
from pytwolayer.runtime.torch_loading import torch

functional = torch.nn.functional
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 4 + 0.3 * RNG.normal(size=60)
COUNTS = RNG.poisson(np.exp(X[:, 0])).astype(float)
KINDS = np.array(["u", "v", "w"])[np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])]
WEIGHTS = RNG.uniform(0.2, 3, size=60)
HELD_OUT = np.arange(60) % 4 == 1

PLAIN = {
    "hidden_units": 6,
    "activation": "tanh",
    "epochs": 12,
    "batch_size": 16,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "schedule": "constant",
    "weight_decay": 0.0,
    "input_clip": None,
    "seed": 3,
}


def fit_of(x=X, y=Y, **options):
    return two_layer(x, y, **PLAIN | options)


def same(one, other):
    weights = zip(one.network.parameters(), other.network.parameters(), strict=True)
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    assert all(torch.equal(a, b) for a, b in weights)


# A plain loop

MSE = lambda output, y: functional.mse_loss(output, y, reduction="none").mean(1)  # noqa: E731
MAE = lambda output, y: functional.l1_loss(output, y, reduction="none").mean(1)  # noqa: E731
CROSS = lambda output, y: functional.cross_entropy(output, y, reduction="none")  # noqa: E731
POISSON = lambda output, y: functional.poisson_nll_loss(  # noqa: E731
    output, y, reduction="none"
).mean(1)
NUMBERS = torch.from_numpy(((Y - Y.mean()) / Y.std()).astype(np.float32))[:, None]
TARGETS = {
    MSE: (Y, NUMBERS),
    MAE: (Y, NUMBERS),
    CROSS: (KINDS, torch.from_numpy(np.searchsorted(["u", "v", "w"], KINDS))),
    POISSON: (COUNTS, torch.from_numpy((COUNTS / COUNTS.mean()).astype(np.float32))[:, None]),
}


def plain_loop(
    loss, optimizer, weights=None, dropout=0.0, clip=None, rate=None, batch_size=16, summed=False
):
    """Train with autograd and torch.optim, with the draws of the fit: losses and network."""
    generator = torch.Generator().manual_seed(3)
    x = torch.from_numpy(((X - X.mean(0)) / X.std(0)).astype(np.float32))
    y = TARGETS[loss][1]
    d_out = 3 if loss is CROSS else 1
    net = two_layer_net(3, 6, d_out, "tanh")
    draw_initial_weights(net, generator)
    update, losses = optimizer(net), []
    for epoch in range(12):
        for group in update.param_groups:
            group["lr"] = rate(epoch) if rate else 0.1
        order = torch.randperm(60, generator=generator)
        total, parts = 0.0, -(-60 // batch_size)
        for part in range(parts):
            rows = order[60 * part // parts : 60 * (part + 1) // parts]
            hidden = net[1](net[0](x[rows]))
            if dropout:
                keep = torch.empty_like(hidden).bernoulli_(1 - dropout, generator=generator)
                hidden = hidden * keep / (1 - dropout)
            values = loss(net[2](hidden), y[rows])
            if weights is not None:
                values = values * weights[rows]
            value = values.sum() if summed else values.mean()
            total += value.item() * (1 if summed else len(rows) / 60)
            update.zero_grad()
            value.backward()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
            update.step()
        losses.append(total)
    return losses, net


def sgd(**options):
    return lambda net: torch.optim.SGD(net.parameters(), lr=0.1, **options)


def adamw(net):
    groups = [
        {"params": [net[0].weight, net[2].weight], "weight_decay": 0.2},
        {"params": [net[0].bias, net[2].bias], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.1)


NORMED = torch.from_numpy((WEIGHTS / WEIGHTS.mean()).astype(np.float32))
CASES = {
    "mini-batches": ({}, MSE, sgd(), {}),
    "other batches": ({"batch_size": 7}, MSE, sgd(), {"batch_size": 7}),
    "batches of one": ({"batch_size": 1}, MAE, sgd(), {"batch_size": 1}),
    "classes": ({}, CROSS, sgd(), {}),
    "counts": ({"loss": "poisson"}, POISSON, sgd(), {}),
    "momentum": (
        {"momentum": 0.5, "nesterov": True}, MSE, sgd(momentum=0.5, nesterov=True), {},
    ),
    "adam": ({"optimizer": "adam"}, CROSS, lambda net: torch.optim.Adam(net.parameters()), {}),
    "adamw": ({"optimizer": "adamw", "weight_decay": 0.2}, MSE, adamw, {}),
    "dropout": ({"dropout": 0.3}, MSE, sgd(), {"dropout": 0.3}),
    "clipping": ({"gradient_clip": 0.2}, MSE, sgd(), {"clip": 0.2}),
    "cosine": (
        {"schedule": "cosine"}, MSE, sgd(),
        {"rate": lambda epoch: 0.1 * (1 + np.cos(np.pi * epoch / 12)) / 2},
    ),
    "step": (
        {"schedule": "step"}, MSE, sgd(), {"rate": lambda epoch: 0.1 * 0.1 ** (3 * epoch // 12)},
    ),
    "all together": (
        {"batch_size": 9, "dropout": 0.2, "gradient_clip": 0.5, "schedule": "step"},
        CROSS,
        sgd(),
        {
            "batch_size": 9,
            "dropout": 0.2,
            "clip": 0.5,
            "rate": lambda epoch: 0.1 * 0.1 ** (3 * epoch // 12),
        },
    ),
    "sum": (
        {"reduction": "sum", "learning_rate": 0.01}, CROSS, sgd(),
        {"summed": True, "rate": lambda epoch: 0.01},
    ),
}  # fmt: skip


def assert_follows(fit, losses, net):
    np.testing.assert_allclose(fit.history["loss"], losses, rtol=2e-4)
    for ours, theirs in zip(fit.network.parameters(), net.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("options", "loss", "optimizer", "loop"), CASES.values(), ids=CASES)
def test_a_fit_is_a_plain_loop_with_the_same_draws(options, loss, optimizer, loop):
    fit = fit_of(y=TARGETS[loss][0], **{"loss": "mae" if loss is MAE else "auto"} | options)
    assert_follows(fit, *plain_loop(loss, optimizer, **loop))


def test_a_weighted_fit_is_a_plain_loop_with_weights_of_mean_1():
    """Classes, so that the outcome is not standardised with the weights."""
    weighted = fit_of(pd.DataFrame(X), KINDS, sample_weight=WEIGHTS)
    center = [coding.center for coding in weighted.inputs.codings]
    np.testing.assert_allclose(center, np.average(X, axis=0, weights=WEIGHTS))
    # The same predictors, standardised with weights or without
    scale = np.array([coding.scale for coding in weighted.inputs.codings])
    generator = torch.Generator().manual_seed(3)
    x = torch.from_numpy(((X - center) / scale).astype(np.float32))
    y = TARGETS[CROSS][1]
    net = two_layer_net(3, 6, 3, "tanh")
    draw_initial_weights(net, generator)
    update, losses = torch.optim.SGD(net.parameters(), lr=0.1), []
    for _ in range(12):
        order, total = torch.randperm(60, generator=generator), 0.0
        for rows in order.chunk(4):
            value = (CROSS(net(x[rows]), y[rows]) * NORMED[rows]).mean()
            total += value.item() / 4
            update.zero_grad()
            value.backward()
            update.step()
        losses.append(total)
    assert_follows(weighted, losses, net)


def test_a_function_of_the_users_is_trained_as_the_loss_of_that_name():
    for reduction in ("mean", "sum"):
        options = {"reduction": reduction, "learning_rate": 0.01, "dropout": 0.2}
        own = fit_of(loss=lambda output, y: (output - y) ** 2, **options)
        built_in = fit_of(loss="mse", **options)
        np.testing.assert_allclose(own.history["loss"], built_in.history["loss"], rtol=1e-4)


def test_a_users_loss_per_row_may_be_of_classes():
    own = fit_of(y=KINDS, loss=lambda output, y: -(torch.log_softmax(output, 1) * y).sum(1))
    np.testing.assert_allclose(own.history["loss"], fit_of(y=KINDS).history["loss"], rtol=1e-4)
    assert own.settings.loss_name == "<lambda>"


# What the losses reported are: those of the docstring's notes

STILL = {"learning_rate": 1e-30, "epochs": 1, "batch_size": None}


def still(y, **options):
    """Fit with weights that do not move: the loss is that of the predictions."""
    fit = fit_of(y=y, **STILL | options)
    return fit, fit.history["loss"].item()


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_losses_of_numbers_are_means_of_the_standardised_outcome(loss, weights):
    y = np.column_stack([Y, 1000 * X[:, 0] + 7])
    fit, value = still(y, loss=loss, sample_weight=weights)
    scale = np.sqrt(np.average((y - np.average(y, 0, weights)) ** 2, 0, weights))
    error = (fit.predict(X) - y) / scale
    small = np.abs(error) < 1
    each = {
        "mse": error**2,
        "mae": np.abs(error),
        "huber": np.where(small, error**2 / 2, np.abs(error) - 0.5),
    }[loss]
    assert value == pytest.approx(np.average(each.mean(1), weights=weights), rel=1e-5)


def test_an_mse_of_1_is_what_predicting_the_mean_gives():
    noise = np.random.default_rng(8).normal(size=200)
    fit = fit_of(np.ones((200, 1)), noise, epochs=300, learning_rate=0.3, batch_size=None)
    np.testing.assert_allclose(fit.predict(np.ones((1, 1))), noise.mean(), atol=1e-3)
    assert fit.history["loss"].iloc[-1] == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("y", [KINDS, KINDS == "u"], ids=["three", "two"])
def test_cross_entropy_is_the_mean_of_minus_the_logarithm_of_the_classs_probability(y, weights):
    fit, value = still(y, sample_weight=weights)
    codes = np.searchsorted(fit.classes, y)
    surprise = -np.log(fit.predict_proba(X)[np.arange(60), codes])
    assert value == pytest.approx(np.average(surprise, weights=weights), rel=1e-5)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_poisson_is_the_mean_of_rate_minus_y_times_its_logarithm(weights):
    fit, value = still(COUNTS, loss="poisson", sample_weight=weights)
    mean = np.average(COUNTS, weights=weights)
    rate, y = fit.predict(X) / mean, COUNTS / mean
    assert value == pytest.approx(np.average(rate - y * np.log(rate), weights=weights), rel=1e-5)


@pytest.mark.parametrize(
    ("y", "loss", "terms"), [(Y, "mse", 60), (KINDS, "cross_entropy", 60)], ids=["mse", "ce"]
)
def test_the_sum_is_the_mean_times_the_number_of_terms(y, loss, terms):
    _, mean = still(y, loss=loss)
    _, total = still(y, loss=loss, reduction="sum")
    assert total == pytest.approx(mean * terms, rel=1e-5)
    _, batched = still(y, loss=loss, reduction="sum", batch_size=7)
    assert batched == pytest.approx(total, rel=1e-5)
    _, weighted = still(y, loss=loss, reduction="sum", sample_weight=np.full(60, 3.0))
    assert weighted == total
    _, expand_frequencies = still(
        y, loss=loss, reduction="sum", sample_weight=np.full(60, 3.0), weight_type="frequency"
    )
    assert expand_frequencies == pytest.approx(3 * total, rel=1e-5)


def test_elementwise_mean_is_the_mean():
    same(fit_of(reduction="elementwise_mean"), fit_of(reduction="mean"))


def test_the_size_of_weights_does_not_matter_to_a_mean_loss():
    one, other = fit_of(sample_weight=WEIGHTS), fit_of(sample_weight=WEIGHTS * 2.0**20)
    same(one, other)


# Held-out rows


def held(**options):
    return fit_of(**{"validation": HELD_OUT} | options)


@pytest.mark.parametrize("y", [Y, KINDS], ids=["numbers", "classes"])
def test_valid_loss_is_that_of_the_held_out_rows_after_the_epoch(y):
    fit = held(y=y, epochs=1)
    x, truth = X[HELD_OUT], y[HELD_OUT]
    if y is Y:
        scale = Y[~HELD_OUT].std()
        expected = np.mean(((fit.predict(x) - truth) / scale) ** 2)
    else:
        codes = np.searchsorted(fit.classes, truth)
        expected = -np.log(fit.predict_proba(x)[np.arange(len(x)), codes]).mean()
    assert fit.history["valid_loss"].tolist() == [pytest.approx(expected, rel=1e-5)]


def test_valid_loss_is_weighted():
    fit = held(epochs=1, y=KINDS, sample_weight=WEIGHTS)
    codes = np.searchsorted(fit.classes, KINDS[HELD_OUT])
    surprise = -np.log(fit.predict_proba(X[HELD_OUT])[np.arange(15), codes])
    expected = np.average(surprise, weights=WEIGHTS[HELD_OUT])
    assert fit.history["valid_loss"].item() == pytest.approx(expected, rel=1e-5)


def test_held_out_rows_teach_nothing():
    other = Y.copy()
    other[HELD_OUT] = 1e6
    x = X.copy()
    x[HELD_OUT] *= -3
    one, changed = held(epochs=1), held(x=x, y=other, epochs=1)
    assert one.history["loss"].tolist() == changed.history["loss"].tolist()
    assert one.inputs == changed.inputs
    assert one.outcome == changed.outcome
    assert one.predict(X).tolist() == changed.predict(X).tolist()


def test_validation_is_without_dropout():
    fit = held(dropout=0.6, **STILL)
    scale = Y[~HELD_OUT].std()
    error = (fit.predict(X) - Y) / scale
    assert fit.history["valid_loss"].item() == pytest.approx(
        np.mean(error[HELD_OUT] ** 2), rel=1e-5
    )
    assert abs(fit.history["loss"].item() - np.mean(error[~HELD_OUT] ** 2)) > 1e-3


def test_with_validation_history_has_three_columns():
    history = held().history
    assert history.columns.tolist() == ["epoch", "loss", "valid_loss"]
    assert history["valid_loss"].dtype == np.float64
    assert len(history) == 12


@pytest.mark.parametrize("validation", [0, 0.0, None])
def test_without_validation_it_has_two(validation):
    assert fit_of(validation=validation).history.columns.tolist() == ["epoch", "loss"]


@pytest.mark.parametrize("share", [0.25, np.float32(0.25), np.float64(0.25)], ids=repr)
def test_a_share_of_the_rows_is_drawn_with_the_seed(share):
    one, again, other = (fit_of(validation=share, seed=seed) for seed in (1, 1, 2))
    same(one, again)
    assert one.history["valid_loss"].tolist() != other.history["valid_loss"].tolist()
    same(one, fit_of(validation=0.25, seed=1))


def test_a_mask_and_row_numbers_say_the_same():
    same(held(), held(validation=np.flatnonzero(HELD_OUT)))


@pytest.mark.parametrize("share", [1, 1.5, -0.1, float("nan"), "a half", "0.5", True])
def test_a_share_that_is_none_is_an_error(share):
    with pytest.raises(ArgumentError, match=r"^`validation` must be a"):
        fit_of(validation=share)


@pytest.mark.parametrize("validation", [0.001, 0.999, [True] * 60, [False] * 60, range(60)])
def test_a_side_without_rows_is_an_error(validation):
    with pytest.raises(ArgumentError, match=r"`validation` must be .* both sides"):
        fit_of(validation=validation)


def test_held_out_classes_that_leave_one_class_are_an_error():
    with pytest.raises(ArgumentError, match=r"`y` must be an outcome of at least two classes"):
        fit_of(y=KINDS, validation=KINDS != "u")


# The best weights


def test_the_best_weights_come_back_with_validation():
    fit = held(learning_rate=0.4, epochs=40)
    best = fit.history["valid_loss"].idxmin() + 1
    assert fit.best_epoch == best < 40
    until = fit_of(X[~HELD_OUT], Y[~HELD_OUT], learning_rate=0.4, epochs=best)
    assert fit.history["loss"].tolist()[:best] == until.history["loss"].tolist()
    assert fit.predict(X).tolist() == until.predict(X).tolist()


def test_the_best_weights_come_back_with_patience():
    fit = fit_of(learning_rate=0.3, epochs=200, patience=7)
    assert fit.stopped == "patience"
    assert fit.best_epoch == fit.history["loss"].idxmin() + 1
    assert len(fit.history) == fit.best_epoch + 7 < 200
    until = fit_of(learning_rate=0.3, epochs=fit.best_epoch - 1)
    assert fit.predict(X).tolist() == until.predict(X).tolist()


@pytest.mark.parametrize("learning_rate", [0.05, 0.3, 0.6])
def test_the_weights_that_patience_gives_back_have_the_loss_that_is_told(learning_rate):
    fit = fit_of(learning_rate=learning_rate, epochs=200, patience=5, batch_size=None)
    error = (fit.predict(X) - Y) / Y.std()
    told = fit.history["loss"].iloc[fit.best_epoch - 1]
    assert np.mean(error**2) == pytest.approx(told, rel=1e-4)


def test_patience_follows_the_validation_loss_where_there_is_one():
    fit = held(learning_rate=0.4, epochs=500, patience=4)
    assert fit.stopped == "patience"
    assert len(fit.history) == fit.best_epoch + 4
    assert fit.best_epoch == fit.history["valid_loss"].idxmin() + 1


def test_patience_that_is_never_lost_changes_only_which_weights_come_back():
    fit = fit_of(patience=1000)
    assert (fit.stopped, len(fit.history)) == ("epochs", 12)
    assert fit.history["loss"].tolist() == fit_of().history["loss"].tolist()


def test_without_validation_and_patience_the_last_weights_are_the_fit():
    assert fit_of().best_epoch is None


# The user's function


def test_on_epoch_hears_the_history():
    heard = []
    fit = fit_of(on_epoch=lambda epoch, loss: heard.append((epoch, loss)))
    assert heard == list(fit.history.itertuples(index=False, name=None))
    same(fit, fit_of())


def test_on_epoch_stops_the_run():
    fit = fit_of(on_epoch=lambda epoch, loss: epoch < 5)
    assert (fit.stopped, len(fit.history), fit.best_epoch) == ("on_epoch", 5, None)
    assert fit.predict(X).tolist() == fit_of(epochs=5).predict(X).tolist()


def test_on_epoch_stops_the_run_with_the_best_weights():
    fit = held(learning_rate=0.4, epochs=40, on_epoch=lambda epoch, loss: epoch < 30)
    assert len(fit.history) == 30
    assert fit.best_epoch == fit.history["valid_loss"].idxmin() + 1


class TheirError(Exception):
    pass


def fails_in_epoch_5(epoch, loss):
    if epoch == 5:
        raise TheirError("of theirs")


class FailsInCall20:
    calls = 0

    def __call__(self, output, y):
        self.calls += 1
        if self.calls == 20:  # in epoch 5, of four batches each
            raise TheirError("of theirs")
        return (output - y) ** 2


def test_what_on_epoch_raises_passes_and_has_the_fit_so_far():
    with pytest.raises(TheirError, match=r"^of theirs$") as caught:
        fit_of(on_epoch=fails_in_epoch_5)
    fit = caught.value.fit
    assert len(fit.history) == 5
    assert fit.predict(X).tolist() == fit_of(epochs=5).predict(X).tolist()


def test_what_a_users_loss_raises_passes_and_has_the_fit_so_far():
    with pytest.raises(TheirError, match=r"^of theirs$") as caught:
        fit_of(loss=FailsInCall20())
    fit = caught.value.fit
    assert (
        fit.history["loss"].tolist()
        == fit_of(loss=lambda output, y: (output - y) ** 2, epochs=4).history["loss"].tolist()
    )
    assert np.isfinite(fit.predict(X)).all()


def test_what_on_epoch_raises_has_the_best_weights():
    with pytest.raises(TheirError) as caught:
        held(on_epoch=fails_in_epoch_5)
    fit = caught.value.fit
    assert fit.best_epoch == fit.history["valid_loss"].idxmin() + 1


@pytest.mark.parametrize("on_epoch", [3, "print", [print]])
def test_on_epoch_is_a_function(on_epoch):
    with pytest.raises(ArgumentError, match=r"`on_epoch` must be a function, not"):
        fit_of(on_epoch=on_epoch)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda output, y: 1.0, "a function that computes with tensors"),
        (lambda output, y: None, "a function that computes with tensors"),
        (lambda output, y: output.detach(), "a function that computes with tensors"),
        (lambda output, y: output.mean(0, keepdim=True), "a function that gives a loss of shape"),
    ],
    ids=range(4),
)
def test_a_users_loss_that_is_none_is_an_error(function, message):
    with pytest.raises(ArgumentError, match=f"^`loss` must be {message}"):
        fit_of(loss=function)


def test_a_users_loss_that_gives_one_number_cannot_be_weighted():
    with pytest.raises(ArgumentError, match=r"^`loss` must be .* per row where rows have weights"):
        fit_of(loss=lambda output, y: (output - y).square().mean(), sample_weight=WEIGHTS)


# Divergence


TOO_FAST = [{"batch_size": None, "learning_rate": 3.0}, {"batch_size": 16, "learning_rate": 1.0}]


def diverging(**options):
    with pytest.raises(DivergenceError) as caught:
        fit_of(**{"activation": "relu", "epochs": 100, "learning_rate": 3.0} | options)
    return caught.value


@pytest.mark.parametrize("options", TOO_FAST, ids=str)
def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_epoch(options):
    error = diverging(**options)
    assert isinstance(error, PytwolayerError)
    assert f"in epoch {error.epoch}," in str(error)
    assert "learning_rate" in str(error)
    fit = error.fit
    assert fit.stopped == "divergence"
    assert len(fit.history) == error.epoch < 100
    losses = fit.history["loss"].to_numpy()
    assert not np.isfinite(losses[-1])
    assert np.isfinite(losses[:-1]).all()


@pytest.mark.parametrize("options", TOO_FAST, ids=str)
def test_the_last_good_weights_are_those_whose_losses_were_finite(options):
    error = diverging(**options)
    good = error.epoch - 2  # the epoch after them was the last one with a finite loss
    if good:
        before = fit_of(**options | {"activation": "relu", "epochs": good})
    else:
        before = fit_of(**options | {"activation": "relu", "epochs": 1, "learning_rate": 1e-30})
    assert np.isfinite(error.fit.predict(X)).all()
    np.testing.assert_allclose(error.fit.predict(X), before.predict(X), rtol=1e-12)


@pytest.mark.parametrize("options", TOO_FAST, ids=str)
def test_divergence_with_validation_gives_the_best_weights(options):
    fit = diverging(validation=HELD_OUT, **options).fit
    assert fit.best_epoch == fit.history["valid_loss"].idxmin() + 1
    best = fit_of(
        X[~HELD_OUT], Y[~HELD_OUT], **options | {"activation": "relu", "epochs": fit.best_epoch}
    )
    np.testing.assert_allclose(fit.predict(X), best.predict(X), rtol=1e-5)


def test_divergence_at_once_gives_the_initial_weights():
    fit = diverging(learning_rate=1e4, batch_size=16).fit
    assert len(fit.history) == 1
    still = fit_of(activation="relu", **STILL)
    np.testing.assert_allclose(fit.predict(X), still.predict(X), rtol=1e-12)


def test_the_errors_survive_a_pickle():
    error = diverging()
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert again.fit.history.equals(error.fit.history)
    with pytest.raises(ArgumentError) as caught:
        fit_of(epochs=0)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


# Weights and repeated rows

TIMES = np.random.default_rng(4).integers(0, 4, size=60)
FRAME = pd.DataFrame({"a": X[:, 0], "b": KINDS, "c": X[:, 2].round(1)})
OUTCOMES = {"numbers": Y, "classes": np.where(X[:, 1] > 0, "p", "q")}
ONE_BATCH = {
    "adam": {"optimizer": "adam", "batch_size": None, "epochs": 20},
    "sgd": {"batch_size": None},
    "lbfgs": {"optimizer": "lbfgs", "batch_size": "auto", "learning_rate": 1.0},
    "auto": {"batch_size": "auto", "weight_decay": "auto", "schedule": "auto"},
    "as large as the rows": {"batch_size": 1000},
    "sum": {"batch_size": None, "reduction": "sum", "learning_rate": 0.001},
}


@pytest.mark.parametrize("options", ONE_BATCH.values(), ids=ONE_BATCH)
@pytest.mark.parametrize("y", OUTCOMES.values(), ids=OUTCOMES)
def test_frequencies_are_repeated_rows_to_the_bit_in_one_batch(y, options):
    weighted = fit_of(FRAME, y, sample_weight=TIMES, weight_type="frequency", **options)
    repeated = fit_of(FRAME.loc[FRAME.index.repeat(TIMES)], np.repeat(y, TIMES), **options)
    same(weighted, repeated)
    assert weighted.predict(FRAME).tolist() == repeated.predict(FRAME).tolist()


@pytest.mark.parametrize("options", ONE_BATCH.values(), ids=ONE_BATCH)
@pytest.mark.parametrize("y", OUTCOMES.values(), ids=OUTCOMES)
def test_the_order_of_rows_changes_no_bit_in_one_batch(y, options):
    order = np.random.default_rng(5).permutation(60)
    one = fit_of(FRAME, y, sample_weight=WEIGHTS, **options)
    other = fit_of(FRAME.iloc[order], y[order], sample_weight=WEIGHTS[order], **options)
    same(one, other)


@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_row_of_weight_zero_is_not_there(batch_size):
    weights = (~HELD_OUT).astype(float)
    one = fit_of(sample_weight=weights, batch_size=batch_size)
    same(one, fit_of(X[~HELD_OUT], Y[~HELD_OUT], batch_size=batch_size))


@pytest.mark.parametrize("batch_size", [None, 16])
def test_weights_of_1_change_no_bit(batch_size):
    same(
        fit_of(sample_weight=np.ones(60), batch_size=batch_size),
        fit_of(batch_size=batch_size),
    )


def test_class_weights_are_sample_weights():
    given = {"u": 1.0, "v": 3.0, "w": 0.5}
    same(
        fit_of(y=KINDS, class_weights=given),
        fit_of(y=KINDS, sample_weight=[given[kind] for kind in KINDS]),
    )


def test_balanced_classes_make_a_rare_class_as_likely_as_the_others():
    x = np.random.default_rng(6).normal(size=(400, 1))
    rare = np.arange(400) % 20 == 0
    options = {"epochs": 60, "batch_size": None, "learning_rate": 0.5}
    plain = fit_of(x, rare, **options).predict_proba(x)[:, 1].mean()
    balanced = fit_of(x, rare, class_weights="balanced", **options).predict_proba(x)[:, 1].mean()
    assert plain == pytest.approx(0.05, abs=0.02)
    assert balanced == pytest.approx(0.5, abs=0.1)


# Draws


def test_every_part_of_the_training_is_drawn_from_the_seed():
    options = {"dropout": 0.3, "validation": 0.2, "seed": 11}
    same(fit_of(**options), fit_of(**options))
    losses = {
        tuple(fit_of(**options | change).history["loss"])
        for change in ({}, {"seed": 12}, {"dropout": 0.0}, {"validation": 0.0}, {"batch_size": 15})
    }
    assert len(losses) == 5


def test_batches_dropout_and_validation_leave_the_global_random_state_alone():
    import random

    state = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    fit_of(dropout=0.3, validation=0.2, patience=3, y=KINDS, class_weights="balanced")
    assert torch.equal(state[0], torch.get_rng_state())
    assert state[1:] == (random.getstate(), np.random.get_state()[1].tolist())


def test_mini_batches_with_batch_size_as_large_as_the_rows_are_all_rows():
    same(fit_of(batch_size=60), fit_of(batch_size=None))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "lbfgs"])
@pytest.mark.parametrize("schedule", ["constant", "cosine", "step", "plateau"])
def test_every_optimiser_learns_with_every_schedule(optimizer, schedule):
    options = {"batch_size": "auto"} if optimizer == "lbfgs" else {}
    rate = 1.0 if optimizer == "lbfgs" else 0.02
    fit = fit_of(optimizer=optimizer, schedule=schedule, epochs=30, learning_rate=rate, **options)
    assert fit.history["loss"].iloc[-1] < 0.6 * fit.history["loss"].iloc[0]


def test_lbfgs_goes_on_where_a_step_leads_to_a_loss_that_is_not_finite():
    counts = np.round(np.exp(X[:, 0]))
    options = {"batch_size": "auto", "learning_rate": 1e9, "epochs": 40}
    fit = fit_of(y=counts, loss="poisson", optimizer="lbfgs", **options)
    assert fit.stopped == "epochs"
    assert np.isfinite(fit.history["loss"]).all()
    assert fit.history["loss"].iloc[-1] < fit.history["loss"].iloc[0] - 0.1


def test_lbfgs_never_climbs():
    losses = fit_of(optimizer="lbfgs", batch_size="auto", learning_rate=1.0, epochs=60).history[
        "loss"
    ]
    assert (losses.diff().dropna() <= 0).all()
    assert losses.iloc[-1] < 0.1
