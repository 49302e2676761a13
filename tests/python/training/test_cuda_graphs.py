"""Steps that a GPU replays. There is none here: what it does is done by a stand-in.

The stand-in notes every operation of PyTorch's with the tensors and the numbers that it got,
as a CUDA graph does, and does those again: a step that depended on the host in any other way
would go wrong.
"""

import math

import pytest
from torch.utils._python_dispatch import TorchDispatchMode

from pytwolayer.network.architecture import draw_initial_weights, flatten_parameters, two_layer_net
from pytwolayer.network.batches import Batches, Dropout, EncodedRows, SingleRows
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Single
from pytwolayer.optim.optimizer import OptimizerOptions, make_optimizer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.cuda_graphs import WARM_UP, GraphedStep, make_graphed_step
from pytwolayer.training.loop import fit_loop
from pytwolayer.training.loss_log import DeviceLossLog

CPU = torch.device("cpu")


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
    """Does as a CUDA graph does."""

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
        self._read_rate_from_memory()
        rows = EncodedRows(x, y, weights).to(device)
        self.batches = Batches(SingleRows(rows), batch_size, [draws])

    def _read_rate_from_memory(self):
        """Have Adam do as on a GPU."""
        rule = getattr(self.optimizer, "_update", self.optimizer)
        if hasattr(rule, "_learning_rate"):
            rule._learning_rate = rule._rate

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
