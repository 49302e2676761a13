"""What a GPU would do in a step, tried on PyTorch's device "meta", which has no numbers.

There nothing can be read, and a tensor of another device is seen: a step that waited for the GPU,
or that was handed memory of the host, would not get through.
"""

from functools import partial

import pytest
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.architecture import (
    flatten_parameters,
    outline,
    repeat_parameters,
    stack_parameters,
)
from pytwolayer.network.batches import Dropout, EncodedRows, SingleRows
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Grouped, Single, Stacked
from pytwolayer.network.losses import LOSSES
from pytwolayer.network.stacked_batches import StackedRows
from pytwolayer.optim.first_order import Adam
from pytwolayer.optim.optimizer import ClipAndDecay, OptimizerOptions, make_optimizer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.loss_log import DeviceLossLog

META = torch.device("meta")
D_IN, HIDDEN, D_OUT, ROWS = 5, 6, 3, 30


class OnlyThere(TorchDispatchMode):
    """Refuses operations with tensors of other devices."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        for value in tree_leaves((args, kwargs, result)):
            if isinstance(value, torch.Tensor):
                assert value.device == META, function
        return result


def rows(number, outputs, *, weighted):
    sizes = [(number, D_IN), (number, D_OUT * outputs), (number, 1)]
    x, y, weights = (torch.empty(size, device=META) for size in sizes)
    return EncodedRows(x, y, weights if weighted else None)


def parameters(activation, outputs):
    network = outline(D_IN, HIDDEN, D_OUT * outputs, activation)
    return flatten_parameters(network, META, by_input=True)


def single(activation, batch_size, outputs, *, weighted):
    flat = parameters(activation, outputs)
    return flat, Single(flat), 1, SingleRows(rows(ROWS, outputs, weighted=weighted))


def stacked(activation, batch_size, outputs, *, weighted):
    flat = [parameters(activation, outputs) for _ in range(3)]
    flat = stack_parameters(flat, same_rows=batch_size is None)
    return flat, Stacked(flat), 3, StackedRows([rows(ROWS, outputs, weighted=weighted)] * 3)


def resampled(activation, batch_size, outputs, *, weighted):
    flat = [parameters(activation, outputs) for _ in range(3)]
    flat = stack_parameters(flat, same_rows=False)
    numbers = [ROWS] * 3 if batch_size else [ROWS - 2, ROWS - 1, ROWS]
    return (
        flat,
        Stacked(flat),
        3,
        StackedRows([rows(n, outputs, weighted=weighted) for n in numbers]),
    )


def grouped(activation, batch_size, outputs, *, weighted):
    flat = repeat_parameters(parameters(activation, outputs), 3, 2)
    numbers = [ROWS] * 3 if batch_size else [ROWS - 2, ROWS - 1, ROWS]
    own = [rows(n, outputs, weighted=weighted) for n in numbers]
    return flat, Grouped(flat), 6, StackedRows(own, 2)


FORMS = [single, stacked, resampled, grouped]


def optimizer_of(name, flat, options):
    """Make an optimiser as on a GPU, which has the fused Adam as the CPU has."""
    if not name.startswith("adam"):
        return make_optimizer(name, flat, options)
    adam = Adam(flat, options.learning_rate)
    rate = options.learning_rate  # "meta" has no fused Adam with a rate in memory
    adam._update[-1].keywords["lr"] = rate
    return ClipAndDecay(flat, options, adam, decoupled=name == "adamw")


def go(
    form, loss="mse", activation="relu", optimizer="adam", batch_size=None, dropout=False, **how
):
    weighted, clip = how.pop("weighted", False), how.pop("gradient_clip", None)
    reduction = how.pop("reduction", "mean")
    outputs = LOSSES[loss].outputs  # for each outcome
    flat, layout, networks, data = form(activation, batch_size, outputs, weighted=weighted)
    options = OptimizerOptions(0.01, gradient_clip=clip if networks == 1 else None, **how)
    updates = optimizer_of(optimizer, flat, options)
    draws = [Dropout(0.2, torch.Generator()) for _ in range(networks)] if dropout else ()
    clip = None if networks == 1 else clip
    gradient = ClosedFormGradient(
        layout, activation, loss, reduction, [ROWS] * networks, draws, clip
    )
    batch = data.whole() if batch_size is None else data.drawn(batch_size)
    loss, scale = gradient.loss, gradient.scale
    log = DeviceLossLog(loss, scale, ())
    validation_step, _ = gradient.make_validation_step(data.whole())
    with torch.inference_mode():
        gradient.draw_dropout(batch)  # on the host
        gradient.program(batch)
        with OnlyThere():
            for _ in range(2):
                updates.set_learning_rate(0.02)
                batch.gather()
                for operation in updates.operations([partial(gradient, batch)], loss, scale):
                    operation()
                log.add()
            log.end_epoch()
            validation_step(torch.empty_like(gradient.loss))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_stays_there(form, loss):
    for activation in ACTIVATIONS:
        go(form, loss, activation)


CASES = [
    {"optimizer": "sgd", "reduction": "sum"},
    {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weighted": True},
    {"optimizer": "rmsprop", "momentum": 0.5, "weight_decay": 0.1},
    {"optimizer": "adam", "weight_decay": 0.1, "gradient_clip": 0.1},
    {"optimizer": "adamw", "weight_decay": 0.1, "dropout": True},
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_optimiser_stays_there(form, batch_size, case):
    go(form, batch_size=batch_size, **case)


def test_reading_and_the_hosts_memory_are_seen():
    there, here = torch.empty(3, device=META), torch.ones(3)
    with pytest.raises(RuntimeError), OnlyThere():
        there.sum().item()
    with pytest.raises(AssertionError), OnlyThere():
        there.copy_(here)
