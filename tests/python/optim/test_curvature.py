"""The direction against the recursion over all pairs, in double precision."""

import copy

import pytest

from pytwolayer.optim.curvature import PAIRS, CurvaturePairs
from pytwolayer.runtime.torch_loading import torch

LENGTH = 40
NUMBERS = [1, 2, 8, 9, 30, PAIRS, PAIRS + 1, PAIRS + 2, 2 * PAIRS + 5]


def draw(number, seed=1):
    """Draw pairs of a quadratic function with curvatures from 0.5 to 2."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(number, LENGTH, generator=generator)
    return list(zip(steps, steps * torch.linspace(0.5, 2, LENGTH), strict=True))


def known(pairs):
    memory = CurvaturePairs(torch.zeros(LENGTH))
    for step, change in pairs:
        enter(memory, step, change)
    return memory


def enter(memory, step, change):
    memory.add(step, torch.zeros(LENGTH), change, torch.zeros(LENGTH))


def direction(memory, seed=2):
    out = torch.empty(LENGTH)
    memory.direction(torch.randn(LENGTH, generator=torch.Generator().manual_seed(seed)), out)
    return out


def recursion(pairs, seed=2):
    """Compute the direction in two loops over the pairs."""
    pairs = [(step.double(), change.double()) for step, change in pairs[-PAIRS:]]
    left = torch.randn(LENGTH, generator=torch.Generator().manual_seed(seed)).double()
    factors = []
    for step, change in reversed(pairs):
        factors.append(step @ left / (step @ change))
        left = left - factors[-1] * change
    step, change = pairs[-1]
    left = left * (step @ change) / (change @ change)
    for (step, change), factor in zip(pairs, reversed(factors), strict=True):
        left = left + (factor - change @ left / (step @ change)) * step
    return -left.float()


@pytest.mark.parametrize("number", NUMBERS)
def test_the_direction_is_that_of_the_recursion_over_the_latest_pairs(number):
    pairs = draw(number)
    memory = known(pairs)
    assert len(memory) == min(number, PAIRS)
    torch.testing.assert_close(direction(memory), recursion(pairs), rtol=2e-4, atol=2e-4)


def test_without_pairs_it_is_that_of_steepest_descent():
    gradient, out = torch.randn(LENGTH), torch.empty(LENGTH)
    memory = known(draw(3))
    memory.clear()
    memory.direction(gradient, out)
    assert len(memory) == 0
    assert torch.equal(out, -gradient)


@pytest.mark.parametrize("before", [0, 3, PAIRS + 4])
@pytest.mark.parametrize("kind", ["none", "against", "nan", "inf", "zero"])
def test_pairs_that_show_no_curvature_are_left_out(before, kind):
    (step, change), *others = draw(4, seed=3)
    odd = {
        "none": (step, change - step * (change @ step) / (step @ step)),
        "against": (step, -change),
        "nan": (step, change * torch.nan),
        "inf": (step * torch.inf, change),
        "zero": (step * 0, change * 0),
    }
    memory, expected = known(draw(before)), known(draw(before))
    enter(memory, *odd[kind])
    assert len(memory) == len(expected)
    assert torch.equal(direction(memory), direction(expected))
    for pair in others:
        enter(memory, *pair)
        enter(expected, *pair)
    assert torch.equal(direction(memory), direction(expected))


@pytest.mark.parametrize("number", [0, *NUMBERS])
def test_a_state_gives_the_same_bits_from_there_on(number):
    memory = known(draw(number))
    state, other = copy.deepcopy(memory.state()), CurvaturePairs(torch.zeros(LENGTH))
    other.refuse_other_state(state)
    other.set_state(state)
    for pair in draw(12, seed=4):
        assert torch.equal(direction(other), direction(memory))
        enter(memory, *pair)
        enter(other, *pair)
    assert torch.equal(direction(other), direction(memory))
    assert len(other) == len(memory)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e38, torch.inf, torch.nan])
def test_of_a_gradient_too_large_the_direction_is_not_finite_without_a_warning(size):
    out = torch.empty(LENGTH)
    known(draw(5)).direction(torch.full((LENGTH,), size), out)
    assert not out.isfinite().all()


def test_memory_is_taken_as_pairs_come():
    large = torch.zeros(1000)
    memory = CurvaturePairs(large)
    assert memory._rows.numel() <= 20 * len(large)
    memory.add(large + 1, large, large + 2, large)
    assert len(memory.state()["rows"]) == 2
