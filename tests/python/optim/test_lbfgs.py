"""L-BFGS on functions whose minimum is known."""

from itertools import pairwise

import pytest

from pytwolayer.network.architecture import flatten_parameters, two_layer_net
from pytwolayer.optim import lbfgs
from pytwolayer.optim.curvature import PAIRS
from pytwolayer.optim.lbfgs import Lbfgs
from pytwolayer.runtime.torch_loading import torch

CPU = torch.device("cpu")


def parabola(values):
    return (torch.linspace(0.5, 30, len(values)) * (values - 1) ** 2).sum()


def rosenbrock(values):
    odd, even = values[0::2], values[1::2]
    return (100 * (even - odd**2) ** 2 + (1 - odd) ** 2).sum()


def barrier(values):
    """Not finite beyond 0.9."""
    return (-torch.log(1 - values / 0.9) - 2 * values).sum()


class Descent:
    """L-BFGS on its way down a function of all parameters, with its evaluations counted."""

    def __init__(self, function, learning_rate=1.0, decay=0.0):
        self.flat = flatten_parameters(two_layer_net(2, 3, 1), CPU)
        self.values = self.flat.values.data
        self.values.copy_(torch.linspace(-1, 0.5, len(self.values)))
        self.optimizer = Lbfgs(self.flat, learning_rate, decay)
        self.function, self.evaluations, self.loss = function, 0, torch.empty(())

    def evaluate(self):
        self.evaluations += 1
        with torch.enable_grad():
            values = self.values.clone().requires_grad_()
            loss = self.function(values)
            loss.backward()
        self.flat.gradients.copy_(values.grad)
        self.loss.copy_(loss.detach())

    @torch.no_grad()
    def go(self, steps):
        losses = []
        for _ in range(steps):
            self.optimizer.step(self.evaluate, self.loss, 1.0)
            losses.append(self.loss.item())
        return losses


def test_it_comes_to_the_minimum_of_a_curved_valley():
    descent = Descent(rosenbrock)
    losses = descent.go(80)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-6
    assert descent.evaluations < 120
    torch.testing.assert_close(descent.values, torch.ones_like(descent.values), rtol=0, atol=1e-2)


def test_a_step_evaluates_once_as_a_rule():
    descent = Descent(parabola)
    descent.go(20)
    assert descent.evaluations <= 25


def test_at_the_minimum_it_stays_and_evaluates_no_more():
    descent = Descent(parabola)
    descent.go(100)
    before, evaluations = descent.values.clone(), descent.evaluations
    assert evaluations < 100
    losses = descent.go(50)
    assert descent.evaluations == evaluations
    assert torch.equal(descent.values, before)
    assert set(losses) == {parabola(before).item()}


def lifted(values):
    """A valley at a height where rounding hides the last digits of its depth."""
    return 100 + rosenbrock(values)


def test_next_to_a_minimum_it_goes_on_while_the_gradient_becomes_smaller():
    descent = Descent(lifted)
    descent.go(200)
    assert descent.optimizer.state()["state"][0]["ended"]
    assert descent.evaluations < 120
    assert descent.flat.gradients.abs().max() < 0.01  # it was 0.7 where the value fell no more


def test_a_run_that_goes_on_next_to_a_minimum_ends_where_it_would_have():
    unbroken, parts = Descent(lifted), [45, 1, 2, 3, 5, 8]
    losses = unbroken.go(sum(parts))
    state, values, found = None, Descent(lifted).values, []
    for steps in parts:
        part = Descent(lifted)
        part.values.copy_(values)
        if state is not None:
            part.optimizer.refuse_other_state(state["state"])
            part.optimizer.set_state(state)
        found += part.go(steps)
        state, values = part.optimizer.state(), part.values
    assert found == losses
    assert torch.equal(values, unbroken.values)
    assert state["state"][0]["idle"] > 0


@pytest.mark.parametrize("learning_rate", [1.0, 1e3, 1e9])
def test_a_step_to_where_the_loss_is_not_finite_becomes_shorter(learning_rate):
    losses = Descent(barrier, learning_rate).go(40)
    assert all(map(torch.isfinite, torch.tensor(losses)))
    assert all(after <= before + abs(before) * 4e-7 for before, after in pairwise(losses))
    at_minimum = torch.full((len(Descent(barrier).values),), 0.4)
    assert losses[-1] == pytest.approx(barrier(at_minimum).item(), rel=1e-4)


def test_a_loss_that_is_not_finite_at_the_start_is_told_and_moves_nothing():
    descent = Descent(barrier)
    descent.values.fill_(2.0)
    (loss,) = descent.go(1)
    assert not torch.isfinite(torch.tensor(loss))
    assert (descent.values == 2).all()


def test_an_error_in_the_middle_of_a_search_leaves_the_parameters_of_before():
    class FailedError(Exception):
        pass

    def fails(values):
        if descent.evaluations > failing:
            raise FailedError
        return rosenbrock(values)

    failing = 7
    descent = Descent(fails)
    while True:
        before = descent.values.clone()
        try:
            descent.go(1)
        except FailedError:
            break
    assert torch.equal(descent.values, before)
    failing = 10**9
    losses = descent.go(5)
    assert losses == sorted(losses, reverse=True)


def test_scalars_read_together_as_on_a_gpu_are_those_read_one_by_one():
    scalars = [torch.tensor(value) for value in (0.1, -3e7, torch.inf)]
    assert list(lbfgs._read_together(*scalars)) == list(lbfgs._read_here(*scalars))


def test_weight_decay_is_part_of_what_it_minimises():
    descent = Descent(parabola, decay=3.0)
    descent.go(60)
    slopes = 2 * torch.linspace(0.5, 30, len(descent.values)) * (descent.values - 1)
    slopes += 3.0 * descent.values * descent.flat.mark_weights()
    torch.testing.assert_close(slopes, torch.zeros_like(slopes), rtol=0, atol=5e-3)


@pytest.mark.parametrize("steps", [1, 9, PAIRS, PAIRS + 1, PAIRS + 30])
def test_a_run_that_goes_on_has_the_same_bits(steps):
    def crooked(values):  # long enough on the way
        return (values[1:] - values[:-1] ** 2).abs().pow(1.5).sum() + values.square().sum() / 50

    unbroken, first, second = Descent(crooked), Descent(crooked), Descent(crooked)
    losses = unbroken.go(steps + 20)
    first.go(steps)
    state = first.optimizer.state()
    second.values.copy_(first.values)
    second.optimizer.refuse_other_state(state["state"])
    second.optimizer.set_state(state)
    assert second.go(20) == losses[steps:]
    assert torch.equal(second.values, unbroken.values)


def test_a_run_that_has_ended_stays_so_when_it_goes_on():
    first, second = Descent(parabola), Descent(parabola)
    first.go(100)
    second.values.copy_(first.values)
    second.optimizer.set_state(first.optimizer.state())
    second.go(5)
    assert second.evaluations == 1
    assert torch.equal(second.values, first.values)


def test_a_state_of_pytorchs_lbfgs_is_refused_with_the_reason():
    values = torch.ones(3, requires_grad=True)
    theirs = torch.optim.LBFGS([values], max_iter=1)

    def closure():
        theirs.zero_grad()
        loss = (values**2).sum()
        loss.backward()
        return loss

    theirs.step(closure)
    state = theirs.state_dict()["state"]
    with pytest.raises(ValueError, match="by a version of pytwolayer whose L-BFGS differs"):
        Descent(parabola).optimizer.refuse_other_state(state)
