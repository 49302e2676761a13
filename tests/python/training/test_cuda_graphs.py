"""Steps that a GPU replays. Where there is none, what it does is done by a stand-in."""

import math
import threading
from contextlib import contextmanager

import pytest
from gpu_stand_in import StandIn

from pytwolayer.network.architecture import draw_initial_weights, flatten_parameters, two_layer_net
from pytwolayer.network.batches import Batches, Dropout, EncodedRows, SingleRows
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Single
from pytwolayer.optim.optimizer import OptimizerOptions, make_optimizer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training import cuda_graphs
from pytwolayer.training.cuda_graphs import (
    WARM_UP,
    CudaGraphRecorder,
    GraphedStep,
    make_graphed_step,
)
from pytwolayer.training.loop import fit_loop
from pytwolayer.training.loss_log import DeviceLossLog

CPU = torch.device("cpu")


class Run:
    """A small network on its way, its steps make_graphed_step or not."""

    def __init__(
        self,
        name="adam",
        batch_size=7,
        loss="mse",
        dropout=0.0,
        weighted=False,
        device=CPU,
        **tuning,
    ):
        draws = torch.Generator().manual_seed(3)
        x = torch.randn(30, 5, generator=draws)
        y = torch.randn(30, 2, generator=draws)
        if loss == "cross_entropy":
            y = torch.nn.functional.one_hot(y.argmax(1), 2).float()
        weights = torch.rand(30, 1, generator=draws) if weighted else None
        net = two_layer_net(5, 6, 2)
        draw_initial_weights(net, draws)
        self.flat = flatten_parameters(net, device)
        dropped = [Dropout(dropout, draws)] if dropout else ()
        shape = "relu", loss, "mean", [30], dropped
        self.gradient = ClosedFormGradient(Single(self.flat), *shape)
        self.optimizer = make_optimizer(name, self.flat, OptimizerOptions(0.01, **tuning))
        rows = EncodedRows(x, y, weights).to(device)
        self.batches = Batches(SingleRows(rows), batch_size, [draws])

    def begin_epoch(self, epoch):
        self.optimizer.set_learning_rate(0.01 * math.cos(epoch / 20))

    def end_epoch(self, epoch, read_losses):
        return True

    ends_now = False

    def go(self, epochs=12):
        return fit_loop(self.gradient, self.optimizer, self.batches, epochs, self)


CASES = [
    {},
    {"batch_size": None},
    {"name": "sgd", "loss": "cross_entropy"},
    {"name": "sgd", "momentum": 0.9, "nesterov": True, "weighted": True},
    {"name": "rmsprop", "momentum": 0.5, "gradient_clip": 0.1},
    {"name": "adamw", "weight_decay": 0.2, "dropout": 0.3},
    {"weight_decay": 0.2, "gradient_clip": 0.1, "loss": "huber", "dropout": 0.5},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_replayed_steps_give_the_bits_of_steps_done_one_by_one(case, monkeypatch):
    monkeypatch.setattr("pytwolayer.training.loop.make_loss_log", DeviceLossLog)
    plain = Run(**case)
    expected = plain.go()
    stand_in, again = StandIn(), Run(**case)
    monkeypatch.setattr(
        "pytwolayer.training.loop.make_graphed_step",
        lambda step, device, on_fixed_memory: GraphedStep(step, stand_in),
    )
    assert again.go() == expected
    assert torch.equal(again.flat.values, plain.flat.values)
    assert stand_in.captured == 1


def test_batches_of_two_sizes_have_a_graph_each():
    stand_in, done = StandIn(), []
    steps = GraphedStep(done.append, stand_in)
    for _ in range(WARM_UP + 2):
        steps("large")
        steps("small")
    assert stand_in.captured == 2


def test_on_the_cpu_and_with_steps_that_differ_nothing_is_replayed():
    for device, fixed in (("cpu", True), ("mps", True), ("cuda", False)):
        step = object()
        assert make_graphed_step(step, torch.device(device), on_fixed_memory=fixed) is step


def test_a_users_loss_and_lbfgs_are_not_replayed():
    assert not Run("lbfgs").optimizer.on_fixed_memory
    assert not Run(loss=lambda output, y: (output - y) ** 2).gradient.on_fixed_memory
    assert Run().optimizer.on_fixed_memory
    assert Run(weight_decay=0.1).optimizer.on_fixed_memory
    assert Run().gradient.on_fixed_memory


class Calls:
    """Stands for ``torch.cuda``: notes what is called, in the order of the calls."""

    def __init__(self, monkeypatch):
        self.noted, self.made = [], 0
        for name in ("Stream", "current_stream", "stream", "graph", "device", "CUDAGraph"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))
        cuda_graphs._stream_of_captures.cache_clear()

    def Stream(self, device):  # noqa: N802
        self.made += 1
        return Waiting("side", self)

    def current_stream(self, device):
        return Waiting("current", self)

    @contextmanager
    def stream(self, stream):
        self.noted.append(f"on {stream.name}")
        yield

    @contextmanager
    def graph(self, graph, stream, capture_error_mode):
        self.noted.append(f"capture on {stream.name}, {capture_error_mode}")
        yield
        self.noted.append("captured")

    @contextmanager
    def device(self, device):
        yield

    class CUDAGraph:
        replay = "replay"


class Waiting:
    def __init__(self, name, calls):
        self.name, self.calls = name, calls

    def wait_stream(self, other):
        self.calls.noted.append(f"{self.name} waits for {other.name}")


@pytest.fixture
def calls(monkeypatch):
    yield Calls(monkeypatch)
    cuda_graphs._stream_of_captures.cache_clear()


def test_all_fits_on_a_gpu_capture_on_one_stream_since_each_keeps_memory(calls):
    for _ in range(3):
        recorder = CudaGraphRecorder(torch.device("cuda:0"))
    assert calls.made == 1
    CudaGraphRecorder(torch.device("cuda:1"))
    assert calls.made == 2
    assert recorder.capture(lambda: calls.noted.append("work")) == "replay"
    assert calls.noted == ["capture on side, thread_local", "work", "captured"]


def test_after_an_error_too_later_work_waits_for_what_is_queued(calls):
    def work():
        calls.noted.append("work")
        raise KeyError

    recorder = CudaGraphRecorder(torch.device("cuda:0"))
    with pytest.raises(KeyError):
        recorder.warm_up(work)
    waits = ["side waits for current", "on side", "work", "current waits for side"]
    assert calls.noted == waits


@pytest.mark.parametrize("way", ["warm_up", "capture"])
def test_while_one_thread_captures_the_others_wait(calls, way):
    recorder, seen = CudaGraphRecorder(torch.device("cuda:0")), []

    def work():
        other = threading.Thread(target=getattr(recorder, way), args=(lambda: seen.append(2),))
        other.start()
        other.join(0.2)
        seen.append(1)
        others.append(other)

    others = []
    recorder.capture(work)
    others[0].join(60)
    assert seen == [1, 2]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_on_a_gpu_replayed_steps_follow_those_of_the_cpu(case):
    expected = Run(**case).go(60)
    there = Run(**case, device=torch.device("cuda")).go(60)
    assert there == pytest.approx(expected, rel=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_on_a_gpu_the_memory_of_graphs_is_given_back():
    Run(device=torch.device("cuda")).go(10)
    torch.cuda.empty_cache()
    before = torch.cuda.memory_reserved()
    for _ in range(3):
        Run(device=torch.device("cuda")).go(10)
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved() <= before
