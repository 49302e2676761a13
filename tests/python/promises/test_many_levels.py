"""A column of many levels is trained by its codes: the network is that of zeros and ones."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import TwoLayerClassifier, continue_training, load, two_layer
from pytwolayer.preprocessing import block_writer
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.table import read_table
from pytwolayer.runtime.torch_loading import torch

ROWS = 90
DRAWS = np.random.default_rng(1)
FRAME = pd.DataFrame(
    {
        "before": DRAWS.normal(size=ROWS),
        "many": DRAWS.choice(list("abcdefgh"), ROWS),
        "between": DRAWS.normal(size=ROWS),
        "few": DRAWS.choice(["u", "v"], ROWS),
        "more": pd.Categorical(DRAWS.choice(list("klmnop"), ROWS)),
        "last": DRAWS.normal(size=ROWS),
    }
)
EFFECT = pd.Series(dict(zip("abcdefgh", range(8), strict=True)))
Y = FRAME["before"] + EFFECT[FRAME["many"]].to_numpy() / 4 + 0.1 * DRAWS.normal(size=ROWS)
QUICK = {"epochs": 4, "batch_size": 20, "hidden_units": 5, "seed": 1, "verbose": False}
CLASSES = np.where(Y > 1, "yes", "no")


def in_both_ways(monkeypatch, work):
    """Do the work by codes, from 5 levels on, and by zeros and ones."""
    done = []
    for many in (4, 1000):
        monkeypatch.setattr(block_writer, "MANY_LEVELS", many)
        done.append(work())
    return done


def assert_alike(fit, plain, x=FRAME):
    numbers = [name for name in fit.history if name != "model"]
    np.testing.assert_allclose(fit.history[numbers], plain.history[numbers], rtol=2e-4)
    np.testing.assert_allclose(fit.predict_raw(x), plain.predict_raw(x), rtol=2e-3, atol=2e-3)


SETTINGS = {
    "batches": {},
    "one batch": {"batch_size": None},
    "held-out rows": {"validation": 0.3, "patience": 3},
    "weights": {"sample_weight": np.arange(ROWS) % 4 + 0.5},
    "dropout": {"dropout": 0.3},
    "piecewise": {"encoding": "piecewise"},
    "clipped": {"gradient_clip": 0.1},
    "sgd": {"optimizer": "sgd", "momentum": 0.5},
    "lbfgs": {"optimizer": "lbfgs", "batch_size": None},
    "adamw": {"optimizer": "adamw"},
    "a loss function": {"loss": lambda output, y: (output - y) ** 2, "validation": 0.3},
    "networks": {"n_models": 3},
    "networks on all rows": {"n_models": 3, "batch_size": None},
    "resamples": {"n_models": 3, "bootstrap": True},
    "networks with held-out rows": {"n_models": 2, "validation": 0.3, "batch_size": None},
    "searched": {"epochs": 120, "weight_decay": "auto"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_codes_give_the_network_of_zeros_and_ones(name, monkeypatch):
    settings = {**QUICK, "weight_decay": 0.01, **SETTINGS[name]}
    if name == "searched":  # the networks of a long run part by rounding; the search is compared
        fit, plain = in_both_ways(monkeypatch, lambda: two_layer(FRAME, Y, **settings))
        losses = [each.tuning["valid_loss"] for each in (fit, plain)]
        np.testing.assert_allclose(*losses, rtol=0.02)
        return
    assert_alike(*in_both_ways(monkeypatch, lambda: two_layer(FRAME, Y, **settings)))


def test_classes_too(monkeypatch):
    assert_alike(*in_both_ways(monkeypatch, lambda: two_layer(FRAME, CLASSES, **QUICK)))


def test_a_table_of_nothing_else_will_do(monkeypatch):
    only = FRAME[["many", "more"]]
    fit, plain = in_both_ways(monkeypatch, lambda: two_layer(only, Y, **QUICK))
    assert_alike(fit, plain, only)
    fit, plain = in_both_ways(monkeypatch, lambda: two_layer(only, Y, **QUICK, n_models=2))
    assert_alike(fit, plain, only)


def test_one_network_predicts_alike_by_codes_and_by_zeros_and_ones(monkeypatch):
    fit = two_layer(FRAME, Y, **QUICK)
    by_codes, plain = in_both_ways(monkeypatch, lambda: fit.predict(FRAME))
    np.testing.assert_allclose(by_codes, plain, rtol=1e-12)


def test_inputs_of_the_network_are_in_the_columns_order(monkeypatch):
    monkeypatch.setattr(block_writer, "MANY_LEVELS", 4)
    fit = two_layer(FRAME, Y, **QUICK)
    weights = fit.network[0].weight.detach()
    zeros = np.zeros((1, 3))
    for place, name in enumerate(fit.inputs.inputs):
        if not name.startswith(("many_", "more_")):
            continue
        one = torch.zeros(1, fit.inputs.width)
        one[0, place] = 1
        column, level = name.split("_")
        row = pd.DataFrame(zeros, columns=["before", "between", "last"])
        row = row.assign(**{"many": "a", "few": "u", "more": "k", column: level})
        (encoded,) = fit.inputs.encode_parts("x", fit.inputs.read("x", row), 9)
        order = fit.inputs.order.tolist()
        assert place in [order[code] for code in encoded.codes[0].tolist()]
    assert weights.shape == (5, fit.inputs.width)


def test_runs_are_repeated_and_resumed_with_the_same_bits(monkeypatch, tmp_path):
    monkeypatch.setattr(block_writer, "MANY_LEVELS", 4)
    plain = two_layer(FRAME, Y, **QUICK)
    assert two_layer(FRAME, Y, **QUICK).history.equals(plain.history)
    kept = {**QUICK, "checkpoint": tmp_path, "checkpoint_every": 1}
    with pytest.raises(ZeroDivisionError):
        two_layer(FRAME, Y, **kept, on_epoch=lambda epoch, loss: 1 / (2 - epoch))
    with pytest.warns(UserWarning, match="Continuing after epoch 1 of 4"):
        resumed = two_layer(FRAME, Y, **kept)
    assert resumed.history.equals(plain.history)
    assert np.array_equal(resumed.predict(FRAME), plain.predict(FRAME))


def test_fits_are_continued_saved_and_loaded(monkeypatch, tmp_path):
    def work():
        fit = continue_training(two_layer(FRAME, Y, **QUICK), FRAME, Y, epochs=3, verbose=False)
        fit.save(tmp_path / "fit.safetensors")
        loaded = load(tmp_path / "fit.safetensors")
        assert np.array_equal(loaded.predict(FRAME), fit.predict(FRAME))
        return fit

    assert_alike(*in_both_ways(monkeypatch, work))


def test_an_estimator_goes_on_where_it_was(monkeypatch):
    def work():
        estimator = TwoLayerClassifier(
            hidden_units=5, epochs=3, batch_size=20, random_state=1, warm_start=True
        )
        estimator.fit(FRAME, CLASSES)
        return estimator.set_params(epochs=6).fit(FRAME, CLASSES).predict_proba(FRAME)

    np.testing.assert_allclose(*in_both_ways(monkeypatch, work), rtol=1e-2)


def test_missing_and_unseen_levels_are_as_ever(monkeypatch):
    def work():
        fit = two_layer(FRAME, Y, **QUICK)
        new = FRAME.head(4).copy()
        new.loc[0, "many"], new.loc[2, "many"] = "new", None
        with pytest.warns(UserWarning, match='did not see in column "many": "new"'):
            return np.isnan(fit.predict(new)).tolist()

    assert in_both_ways(monkeypatch, work) == [[True, False, True, False]] * 2


def test_codes_take_no_memory_for_zeros():
    rows = 3000
    levels = [f"level {number % 1000}" for number in range(rows)]
    table = read_table("x", pd.DataFrame({"many": levels, "number": range(rows)}))
    encoded = Encoder.fit("x", table).encode("x", table)
    assert encoded.x.shape == (rows, 1)
    assert encoded.codes.shape == (rows, 1)
    assert encoded.codes.dtype == torch.int32


def test_a_column_of_so_many_levels_that_zeros_would_not_fit_is_trained_and_predicted():
    rows = 40_000
    frame = pd.DataFrame({"id": pd.Categorical(np.arange(rows) % 20_000), "x": np.arange(rows)})
    fit = two_layer(frame, np.arange(rows) % 7, **{**QUICK, "epochs": 1, "batch_size": 4000})
    assert np.isfinite(fit.predict(frame)).all()
