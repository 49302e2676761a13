"""A stand-in for a GPU: the CPU, made to do what the package does differently on one.

The name "stand-in" selects it as a device. Losses are added up on the device and read now and then,
steps are noted and replayed, and layouts in memory are those of a GPU. So all but CUDA itself is
tried where there is no GPU.
"""

import sys
import threading

from torch.utils._python_dispatch import TorchDispatchMode

from pytwolayer.network.batches import EncodedRows
from pytwolayer.network.layouts import Single
from pytwolayer.runtime.device import select_device
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.cuda_graphs import GraphedStep, make_graphed_step
from pytwolayer.training.loss_log import DeviceLossLog, make_loss_log
from pytwolayer.training.supervisor import reading_interval

STAND_IN = "stand-in"
_SELECTING = (
    "pytwolayer.runtime.own_gpus",
    "pytwolayer.fitting.continue_training",
    "pytwolayer.chapter",
)
_META = torch.device("meta")


class Noting(TorchDispatchMode):
    """Notes operations while it does them."""

    def __init__(self):
        super().__init__()
        self.operations = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.operations.append((function, args, kwargs or {}, result))
        return result


class StandIn:
    """Does as a CUDA graph does.

    It notes every operation of PyTorch's with the tensors and the numbers that it got, and does
    those again: a step that depended on the host in any other way would go wrong.
    """

    def __init__(self):
        self.captured = 0

    def warm_up(self, work):
        work()

    def capture(self, work):
        self.captured += 1
        noting = Noting()
        with noting:
            work()  # here it cannot be noted without being done: so this is the first replay
        return iter_replay(noting.operations)


def iter_replay(operations):
    first = [True]

    def replay():
        if first:
            first.clear()
            return
        for function, args, kwargs, result in operations:
            again = function(*args, **kwargs)
            if isinstance(result, torch.Tensor) and again.data_ptr() != result.data_ptr():
                result.copy_(again)

    return replay


def use_stand_in(monkeypatch):
    """Have the package know the device; other devices stay what they are, in this thread too."""
    here = threading.local()

    def is_on():
        return getattr(here, "on", False)

    def select(device="auto"):
        here.on = device == STAND_IN
        return torch.device("cpu") if here.on else select_device(device)

    def interval(values, updates):
        pretended = torch.empty(values.shape, device=_META) if is_on() else values
        return reading_interval(pretended, updates)

    def graphed(step, device, *, on_fixed_memory):
        if is_on() and on_fixed_memory:
            return GraphedStep(step, StandIn())
        return make_graphed_step(step, device, on_fixed_memory=on_fixed_memory)

    def to(self, device):
        rows = own_to(self, device)
        return rows._replace(y=rows.y.contiguous()) if is_on() else rows

    def layers_for(self, batch):
        return None if is_on() else own_layers_for(self, batch)

    own_to, own_layers_for = EncodedRows.to, Single._layers_for
    for module in _SELECTING:
        monkeypatch.setattr(sys.modules[module], "select_device", select)
    monkeypatch.setattr(
        "pytwolayer.training.loop.make_loss_log",
        lambda *args: (DeviceLossLog if is_on() else make_loss_log)(*args),
    )
    monkeypatch.setattr("pytwolayer.training.loop.make_graphed_step", graphed)
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", interval)
    monkeypatch.setattr(EncodedRows, "to", to)
    monkeypatch.setattr(Single, "_layers_for", layers_for)
