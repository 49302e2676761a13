"""The learning-rate schedules."""

import math

import pytest

from pytwolayer.optim.lr_schedule import SCHEDULES, Schedule


def rates(name, epochs, start=0.4, losses=None):
    schedule = Schedule(name, start, epochs)
    found = []
    for epoch in range(epochs):
        found.append(schedule.learning_rate(epoch))
        if losses is not None:
            schedule.observe(losses[epoch])
    return found


def test_the_documented_schedules_are_there():
    assert set(SCHEDULES) == {"constant", "cosine", "step", "plateau"}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("epochs", [1, 2, 3, 100])
def test_every_schedule_starts_from_the_learning_rate_given(name, epochs):
    assert rates(name, epochs)[0] == 0.4


def test_constant_stays():
    assert rates("constant", 5) == [0.4] * 5
    assert not Schedule("constant", 0.4, 5).changes


def test_cosine_falls_along_half_a_cosine_to_nearly_zero():
    found = rates("cosine", 100)
    expected = [0.4 * (1 + math.cos(math.pi * epoch / 100)) / 2 for epoch in range(100)]
    assert found == pytest.approx(expected)
    assert 0 < found[-1] < 0.4 / 1000
    assert found == sorted(found, reverse=True)


def test_step_takes_a_tenth_after_each_third():
    assert rates("step", 9) == pytest.approx([0.4] * 3 + [0.04] * 3 + [0.004] * 3)
    assert rates("step", 2) == pytest.approx([0.4, 0.04])


def test_plateau_halves_after_ten_epochs_without_a_lower_loss():
    losses = [1.0, 0.5, *[0.5] * 10, *[0.6] * 10, 0.4, *[0.4] * 10, 0.4]
    found = rates("plateau", len(losses), losses=losses)
    assert found == [0.4] * 12 + [0.2] * 10 + [0.1] * 11 + [0.05]


def test_plateau_stays_while_the_loss_falls():
    assert rates("plateau", 30, losses=[1 / (n + 1) for n in range(30)]) == [0.4] * 30


@pytest.mark.parametrize("name", SCHEDULES)
def test_only_plateau_follows_the_losses(name):
    assert Schedule(name, 0.4, 10).follows_losses == (name == "plateau")
