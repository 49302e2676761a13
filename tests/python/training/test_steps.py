"""The steps of a run: on the CPU recorded after some hundred, which changes no bit."""

import numpy as np
import pytest

from pytwolayer import two_layer
from pytwolayer.network import recorded_operations
from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.losses import LOSSES
from pytwolayer.runtime.torch_loading import torch

ROWS = 24
CASES = [
    *({"loss": loss} for loss in LOSSES),
    *({"activation": activation} for activation in ACTIVATIONS),
    {"optimizer": "sgd"},
    {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "schedule": "cosine"},
    {"optimizer": "rmsprop", "momentum": 0.5, "gradient_clip": 0.1},
    {"optimizer": "adamw", "weight_decay": 0.2, "dropout": 0.3, "schedule": "plateau"},
    {"batch_size": 7, "sample_weight": [1.0, 2.0] * (ROWS // 2)},
    {"n_models": 3, "bootstrap": True, "gradient_clip": 0.1, "batch_size": 7},
    {"n_models": 3},
    {"optimizer": "lbfgs"},
]


def data(loss):
    draws = torch.Generator().manual_seed(2)
    x = torch.randn(ROWS, 3, generator=draws).numpy()
    counts = torch.randint(0, 5, (ROWS,), generator=draws).numpy()
    if loss == "cross_entropy":
        return x, (counts > 2).astype(str)
    if loss in ("binomial", "binary_cross_entropy"):
        return x, (counts > 2).astype(float)
    return x, counts + 1.0


def fit(options):
    own = {"epochs": 12, "hidden_units": 4, "seed": 1, "verbose": False, "weight_decay": 0.01}
    own |= {"batch_size": None, "validation": 0.25} | options
    return two_layer(*data(options.get("loss")), **own)


@pytest.mark.parametrize("options", CASES, ids=str)
def test_recorded_steps_have_the_bits_of_steps_done_one_by_one(options, monkeypatch):
    plain = fit(options)
    recorded, own = [], recorded_operations.do_and_record

    def noting(operations):
        recorded.append(own(operations))
        return recorded[-1]

    monkeypatch.setattr(recorded_operations, "RECORD_AFTER", 3)
    monkeypatch.setattr(recorded_operations, "do_and_record", noting)
    again = fit(options)
    assert again.history.equals(plain.history)
    x, _ = data(options.get("loss"))
    assert np.array_equal(again.predict(x), plain.predict(x))
    assert recorded
    if options.get("loss") != "negative_binomial":  # of kinds of numbers that are not recorded
        assert all(recorded)


def test_what_pytorch_cannot_repeat_is_not_recorded(monkeypatch):
    monkeypatch.setattr(recorded_operations, "RECORD_AFTER", 3)
    monkeypatch.setattr(recorded_operations, "do_and_record", None)
    fit({"loss": lambda output, y: (output - y) ** 2})
