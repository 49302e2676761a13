"""The line search against functions of one number whose slopes are known."""

import math

import pytest

from pytwolayer.optim.line_search import LineSearch

FUNCTIONS = {
    "parabola": (lambda t: (t - 1) ** 2, lambda t: 2 * (t - 1)),
    "far minimum": (lambda t: (t - 700) ** 2, lambda t: 2 * (t - 700)),
    "quartic": (lambda t: (t - 2) ** 4, lambda t: 4 * (t - 2) ** 3),
    "waves": (
        lambda t: -math.sin(t) + (t - 9) ** 2 / 40,
        lambda t: -math.cos(t) + (t - 9) / 20,
    ),
    "valley with a long wall": (
        lambda t: -t / (t * t + 2),
        lambda t: (t * t - 2) / (t * t + 2) ** 2,
    ),
    "exponential": (lambda t: math.exp(t) - 9 * t, lambda t: math.exp(t) - 9),
}


def search(function, slope, first, **options):
    """Search to the end; return the search and the steps that were tried."""
    found = LineSearch(function(0.0), slope(0.0), first, **options)
    tried = []
    while not found.is_over:
        tried.append(found.step)
        try:
            value = function(found.step), slope(found.step)
        except (OverflowError, ValueError):
            value = math.inf, math.nan
        found.observe(*value)
    return found, tried


@pytest.mark.parametrize("first", [1e-4, 0.1, 1.0, 10.0, 1e4])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_step_fulfils_the_strong_wolfe_conditions(name, first):
    function, slope = FUNCTIONS[name]
    found, tried = search(function, slope, first)
    best, start = found.best, slope(0.0)
    assert best.step > 0
    assert best.value == function(best.step) <= function(0.0) + 1e-4 * best.step * start
    assert abs(slope(best.step)) <= 0.9 * abs(start)
    assert len(tried) <= 12


def test_a_good_first_step_is_the_only_one():
    found, tried = search(*FUNCTIONS["parabola"], 0.7)
    assert tried == [0.7]
    assert found.best.step == 0.7


def test_a_cubic_is_minimised_at_once_when_its_minimum_is_between_two_steps():
    found, tried = search(lambda t: t**3 / 3 - t, lambda t: t * t - 1, 1.7)
    assert len(tried) == 2
    assert found.best.step == pytest.approx(1.0)


@pytest.mark.parametrize("first", [3.0, 1e3, 1e12])
def test_where_the_function_is_not_finite_the_step_becomes_shorter(first):
    def function(t):
        return -math.log(1 - t) - 3 * t if t < 1 else math.nan

    found, _ = search(function, lambda t: 1 / (1 - t) - 3 if t < 1 else math.nan, first)
    assert 0 < found.best.step < 1
    assert found.best.value < 0


@pytest.mark.parametrize("first", [1e-3, 0.3, 1.0, 50.0])
def test_a_kink_that_no_step_can_be_flat_at_ends_lower(first):
    found, tried = search(lambda t: abs(t - 1), lambda t: 1.0 if t > 1 else -1.0, first)
    assert found.best.value <= 0.5
    assert len(tried) <= 25


def test_where_nothing_is_lower_the_step_is_none():
    found, tried = search(lambda t: t, lambda t: -1.0, 1.0)  # the slope is a lie
    assert found.best.step == 0
    assert len(tried) <= 25


def test_what_rounding_hides_is_not_looked_for():
    def rounded(t):
        return 1 + (1e-9 if t else 0.0)

    lazy, few = search(rounded, lambda t: -1e-10, 1.0, rounding=1e-7)
    _, many = search(rounded, lambda t: -1e-10, 1.0)
    assert abs(lazy.best.value - 1) < 1e-7
    assert len(few) < 3 < len(many)


@pytest.mark.parametrize(("roundings", "is_taken"), [(3, True), (5, False)])
def test_a_flatter_point_may_be_higher_by_what_rounding_makes_of_it(roundings, is_taken):
    rounding = 2.0**-24

    def rounded(t):
        return 1 + (roundings * rounding if t else 0.0)

    found, _ = search(rounded, lambda t: 2e-9 * (t - 1), 1.0, rounding=rounding)
    assert (found.best.step == 1) == is_taken


def test_a_function_that_rounding_makes_flat_is_not_followed_for_ever():
    found, tried = search(lambda t: 1.0, lambda t: -1e-12, 1.0, rounding=1e-7)
    assert len(tried) == 1
    assert found.best.value == 1


def test_next_to_a_minimum_a_slope_counts_where_rounding_hides_the_decrease():
    def rounded(t):
        return 1 + round((t - 1) ** 2 * 1e-9, 8)

    found, tried = search(rounded, lambda t: 2e-9 * (t - 1), 0.9, rounding=1e-8)
    assert rounded(0.9) == rounded(0.0)
    assert tried == [0.9]
    assert found.best.step == 0.9


def test_a_function_that_falls_for_ever_ends_the_search():
    found, tried = search(lambda t: -t, lambda t: -1.0, 1.0)
    assert found.best.step > 1
    assert len(tried) <= 25
