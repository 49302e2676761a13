"""Operations on the CPU that are done in one call after they were noted."""

import gc
import weakref
from functools import partial

import pytest

from pytwolayer.network import recorded_operations
from pytwolayer.network.recorded_operations import RECORD_AFTER, Repeated, do_and_record
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import default_torch_settings


class Numbers:
    """Some memory, and operations on it of the kinds that a step has."""

    def __init__(self):
        draws = torch.Generator().manual_seed(5)
        self.x, self.w = (torch.randn(6, 6, generator=draws) for _ in range(2))
        self.out, self.total = torch.zeros(6, 6), torch.zeros(())
        self.mean, self.square, self.count = torch.zeros(6, 6), torch.zeros(6, 6), torch.zeros(())
        self.rate = torch.tensor(0.01, dtype=torch.float64)

    def operations(self):
        vectors = [self.w], [self.out], [self.mean], [self.square], [], [self.count]
        adam = {"beta1": 0.9, "beta2": 0.999, "weight_decay": 0, "eps": 1e-8}
        return [
            partial(torch.addmm, self.x[0], self.x, self.w.t(), out=self.out),
            lambda: self.out.mul_(self.out.norm() + 1e-6).clamp_(max=1),
            lambda: self.out.copy_(torch.stack([self.out, self.x]).sum(0)),
            partial(torch.sum, self.out.view(-1), 0, out=self.total),
            partial(self.count.add_, 1),
            partial(
                torch._fused_adam_, *vectors, **adam, lr=self.rate, amsgrad=False, maximize=False
            ),
        ]

    def contents(self):
        return [self.out, self.total, self.w, self.mean, self.square, self.count]


def same(one, other):
    return all(map(torch.equal, one.contents(), other.contents()))


@pytest.fixture(autouse=True)
def settings():
    with default_torch_settings(), torch.inference_mode():
        yield


def do(operations):
    for operation in operations:
        operation()


def test_what_is_done_in_one_call_has_the_bits_of_what_is_done_one_by_one():
    plain, recorded = Numbers(), Numbers()
    do(plain.operations())
    again = do_and_record(recorded.operations())
    assert same(plain, recorded)
    for _ in range(5):
        do(plain.operations())
        again()
        assert same(plain, recorded)


def test_a_number_in_memory_is_read_anew_and_the_callers_tensors_are_the_memory():
    plain, recorded = Numbers(), Numbers()
    do(plain.operations())
    again = do_and_record(recorded.operations())
    for each in (plain, recorded):
        each.rate.fill_(0.5)
        each.x.mul_(2)
    do(plain.operations())
    again()
    assert same(plain, recorded)


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x.fill_(x.sum().item()),
        lambda x: x.bernoulli_(0.5, generator=torch.Generator()),
        lambda x: x.copy_(x.max(0).values),
        lambda x: x.copy_(x.to(torch.float64)),
        lambda x: x.copy_(x.clone().unbind()[0]),
    ],
    ids=["reads", "draws", "returns several", "has another kind", "views of what is new"],
)
def test_what_cannot_be_recorded_is_done(operation):
    x, expected = torch.ones(3, 3), torch.ones(3, 3)
    operation(expected)
    again = do_and_record([lambda: operation(x)])
    assert again is None
    assert torch.equal(x, expected) or x.unique().numel() <= 2


def test_a_pytorch_that_lacks_something_records_nothing(monkeypatch):
    monkeypatch.delattr(torch._C, "_create_function_from_graph")
    x = torch.zeros(())
    assert do_and_record([partial(x.add_, 1)]) is None
    assert x == 1


@pytest.mark.parametrize("records", [True, False])
def test_each_time_is_done_once_whether_recorded_or_not(records, monkeypatch):
    noted, own = [], do_and_record
    monkeypatch.setattr(
        recorded_operations, "do_and_record", lambda of: noted.append(len(of)) or own(of)
    )
    x = torch.zeros(())
    repeated = Repeated([partial(x.add_, 1), partial(x.add_, 1)], records=records)
    for times in range(1, RECORD_AFTER + 5):
        repeated()
        assert x == 2 * times
    assert noted == [2] * records


def test_what_could_not_be_recorded_is_done_one_by_one_from_then_on():
    x, seen = torch.zeros(()), []
    repeated = Repeated([partial(x.add_, 1), lambda: seen.append(x.item())], records=True)
    for _ in range(RECORD_AFTER + 5):
        repeated()
    assert seen == list(range(1, RECORD_AFTER + 6))


@pytest.mark.parametrize("times", [1, RECORD_AFTER + 5])
def test_the_memory_is_given_back_without_a_search_for_garbage(times):
    """Rows in files stay mapped until then."""
    x = torch.zeros(3)
    repeated, memory = Repeated([partial(x.add_, 1)], records=True), weakref.ref(x)
    gc.disable()
    try:
        for _ in range(times):
            repeated()
        del x, repeated
        assert memory() is None
    finally:
        gc.enable()


def test_an_error_of_the_operations_is_the_callers():
    def fails():
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        do_and_record([fails])
