"""Networks of several folds and weight decays in one computation: each as it would be alone."""

import numpy as np
import pytest

from pytwolayer.network.architecture import draw_initial_weights, flatten_parameters, two_layer_net
from pytwolayer.network.batches import Batches, EncodedRows, SingleRows
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Single
from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.optim.optimizer import make_optimizer
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.cross_validation import Fold, ShortRun, held_out_losses
from pytwolayer.training.loop import fit_loop
from pytwolayer.training.settings import Settings

CPU = torch.device("cpu")
DECAYS = np.array([0.0, 0.01, 0.3])
PLAIN = {
    "hidden_units": 5,
    "activation": "relu",
    "epochs": 12,
    "batch_size": None,
    "optimizer": "adam",
    "learning_rate": 0.02,
    "momentum": 0.0,
    "nesterov": False,
    "schedule": "cosine",
    "weight_decay": 0.0,
    "dropout": 0.0,
    "gradient_clip": None,
    "input_clip": 5.0,
    "encoding": "linear",
    "pieces": 8,
    "loss": "mse",
    "reduction": "mean",
    "patience": None,
    "seed": 1,
}


def rows(number, classes=0, seed=0, weighted=False):
    generator = cpu_generator(seed)
    x = torch.randn(number, 4, generator=generator)
    y = x[:, :1].sin() + x[:, 1:2]
    if classes:
        y = torch.nn.functional.one_hot((y[:, 0] > 0).long() + (y[:, 0] > 1).long(), 3).float()
    weights = torch.rand(number, 1, generator=generator) + 0.5 if weighted else None
    return EncodedRows(x, y, weights).to(CPU)


def parameters(d_out):
    network = two_layer_net(4, 5, d_out, "relu")
    draw_initial_weights(network, cpu_generator(5))
    return flatten_parameters(network, CPU, by_input=True)


def alone(train_rows, valid_rows, seed, decay, settings, epochs):
    """Train one network as the core does, and return its loss on the held-out rows."""
    own = parameters(train_rows.y.shape[1])
    gradient = ClosedFormGradient(
        Single(own), settings.activation, settings.loss, settings.reduction, [len(train_rows.x)]
    )
    options = {"learning_rate": settings.learning_rate, "weight_decay": float(decay)}
    options |= {"gradient_clip": settings.gradient_clip, "momentum": settings.momentum}
    optimizer = make_optimizer(settings.optimizer, own, type(settings.optimizer_options)(**options))
    batches = Batches(SingleRows(train_rows), settings.batch_size, [cpu_generator(seed)])
    schedule = Schedule(settings.schedule, settings.learning_rate, settings.epochs)
    fit_loop(gradient, optimizer, batches, epochs, ShortRun(schedule, optimizer, Interrupt()))
    step, scale = gradient.make_validation_step(SingleRows(valid_rows).whole())
    loss = torch.empty(())
    with torch.inference_mode():
        step(loss)
    rows_of_a_sum = len(valid_rows.x) if settings.reduction == "sum" else 1
    return loss.item() * scale / rows_of_a_sum


CASES = [
    ({}, {}),
    ({"batch_size": 10}, {}),
    ({"batch_size": 16, "loss": "cross_entropy"}, {"classes": 3}),
    ({"loss": "cross_entropy"}, {"classes": 3, "weighted": True}),
    ({"batch_size": 16, "loss": "huber"}, {"weighted": True}),
    ({"batch_size": 16, "gradient_clip": 0.05}, {}),
    ({"reduction": "sum", "learning_rate": 0.001}, {}),
    ({"batch_size": 10, "optimizer": "sgd", "momentum": 0.9, "schedule": "step"}, {}),
    ({"batch_size": 10, "optimizer": "rmsprop", "schedule": "constant"}, {}),
]


@pytest.mark.parametrize(("settings", "data"), CASES)
@pytest.mark.parametrize("folds", [1, 3])
def test_each_network_is_what_it_would_be_alone(settings, data, folds):
    settings = Settings(**PLAIN | settings)
    parts = [(rows(40, seed=k, **data), rows(17, seed=9 + k, **data)) for k in range(folds)]
    given = [Fold(*part, cpu_generator(70 + k)) for k, part in enumerate(parts)]
    decays = np.array([DECAYS * (k + 1) for k in range(folds)])
    d_out = parts[0][0].y.shape[1]
    found, _ = held_out_losses(given, decays, parameters(d_out), settings, 5, Interrupt())
    wanted = [
        [alone(*part, 70 + k, decay, settings, 5) for decay in decays[k]]
        for k, part in enumerate(parts)
    ]
    np.testing.assert_allclose(found, wanted, rtol=2e-4)
    assert (found[:, 0] != found[:, 2]).all()


def test_folds_of_one_batch_may_have_different_numbers_of_rows():
    settings = Settings(**PLAIN)
    parts = [(rows(n, seed=n), rows(n // 2, seed=n + 1)) for n in (30, 41, 36)]
    given = [Fold(*part, cpu_generator(1)) for part in parts]
    decays = np.array([DECAYS] * 3)
    found, _ = held_out_losses(given, decays, parameters(1), settings, 7, Interrupt())
    wanted = [[alone(*part, 1, decay, settings, 7) for decay in DECAYS] for part in parts]
    np.testing.assert_allclose(found, wanted, rtol=2e-4)


def test_dropout_is_drawn_for_each_network():
    settings = Settings(**PLAIN | {"dropout": 0.5})
    given = [Fold(rows(40), rows(20, seed=1), cpu_generator(2)) for _ in range(2)]
    decays = np.zeros((2, 3))
    found, _ = held_out_losses(given, decays, parameters(1), settings, 5, Interrupt())
    assert len(np.unique(found)) > 1


def test_a_network_that_diverges_has_an_infinite_loss_and_the_others_do_not_notice():
    settings = Settings(**PLAIN | {"optimizer": "sgd", "learning_rate": 1.0, "epochs": 40})
    given = [Fold(rows(40), rows(20, seed=1), cpu_generator(2))]
    decays = np.array([[0.1, 1e6]])
    found, _ = held_out_losses(given, decays, parameters(1), settings, 40, Interrupt())
    assert np.isinf(found[0, 1])
    alone_, _ = held_out_losses(given, decays[:, :1], parameters(1), settings, 40, Interrupt())
    assert found[0, 0] == pytest.approx(alone_[0, 0], rel=1e-3)


def test_ctrl_c_ends_it_before_the_next_batch():
    settings = Settings(**PLAIN)
    pressed = Interrupt()
    pressed.pressed = True
    given = [Fold(rows(40), rows(20, seed=1), cpu_generator(2))]
    decays = np.array([DECAYS])
    found, _ = held_out_losses(given, decays, parameters(1), settings, 40, pressed)
    assert len(np.unique(found)) == 1, "no step was made"
