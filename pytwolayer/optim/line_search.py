"""The line search of L-BFGS: which step along a direction is tried next, and which one is taken.

It looks for a step at which the function is lower by enough and its slope flat enough (the strong
Wolfe conditions; Nocedal and Wright, Numerical Optimization, 2006, chapter 3). Steps are made
longer until such a one lies between two that were tried, and the gap is narrowed by cubics.
"""

import math
from dataclasses import dataclass

# Of the slope at the start: the decrease that a step must come to, and what may be left of it.
_DECREASE, _FLAT = 1e-4, 0.9
_LONGEST, _SHORTEST = 10.0, 0.1  # the next step beyond the last one, in lengths of that
_MARGIN = 0.1  # of a gap, which the next step keeps away from its ends
_NARROWER = 0.66  # a gap that did not become so narrow is halved
_SHRINK = 0.1  # towards the best step, where the function was not finite
_MOST = 25
# Roundings by which a value may be higher and count as equal.
LOST = 4.0


@dataclass(frozen=True)
class Point:
    """Step along the direction, the function there and its slope."""

    step: float
    value: float
    slope: float


class LineSearch:
    """One search.

    Parameters
    ----------
    value, slope : float
        At the start; the slope is below 0.
    step : float
        The first one to be tried.
    rounding : float
        What the function's rounding makes of it: a lower value by less is none, and one that is
        higher by ``LOST`` times as much is as good where the slope is flatter.

    Attributes
    ----------
    step : float
        The one to be tried next.
    best : Point
        The one to be taken; its step is 0 where none was lower.
    is_over : bool
    """

    def __init__(self, value: float, slope: float, step: float, rounding: float = 0.0) -> None:
        self._start = self.best = Point(0.0, value, slope)
        self._other: Point | None = None  # the far end of the gap
        self._width, self._rounding, self._tried = math.inf, rounding, 0
        self.step, self.is_over = step, False

    def observe(self, value: float, slope: float) -> bool:
        """Take in the function at ``step``; return whether that now is ``best``."""
        self._tried += 1
        before, found = self.best, Point(self.step, value, slope)
        is_best = self._descends(found) and value <= before.value + LOST * self._rounding
        if not is_best:
            self._other = found
        else:
            ahead = math.inf if self._other is None else self._other.step
            if slope * (ahead - found.step) >= 0:
                self._other = before
            self.best = found
            self.is_over = abs(slope) <= -_FLAT * self._start.slope
        if self._tried >= _MOST:
            self.is_over = True
        elif not self.is_over:
            self._choose(before)
        return is_best

    def _descends(self, found: Point) -> bool:
        """Whether the function is lower by enough.

        Where that is lost in rounding, the slope still shows it, and the function need only not be
        clearly higher (after Hager and Zhang, SIAM Journal on Optimization 16, 2005).
        """
        start, enough = self._start, -_DECREASE * found.step * self._start.slope
        if not math.isfinite(found.value + found.slope):
            return False
        if found.value <= start.value - enough:
            return True
        is_flat_enough = found.slope <= (2 * _DECREASE - 1) * start.slope
        is_no_higher = found.value <= start.value + LOST * self._rounding
        return enough <= self._rounding and is_no_higher and is_flat_enough

    def _choose(self, before: Point) -> None:
        """Choose the next step; ``before`` was the best one until now."""
        best, other = self.best, self._other
        if other is None:
            length = best.step - before.step
            least, most = best.step + _SHORTEST * length, _LONGEST * best.step
            self.step = _within(_lowest_of_cubic(before, best), least, most, default=most)
            # Of a function that rounding makes flat every step is as good.
            self.is_over = best.value == before.value or not math.isfinite(self.step)
            return
        gap = other.step - best.step
        if not math.isfinite(other.value + other.slope):
            self.step = best.step + _SHRINK * gap
            return
        # What is left to be gained is lost in rounding.
        self.is_over = abs(gap * best.slope) <= self._rounding
        at = None if abs(gap) > _NARROWER * self._width else _lowest_of_cubic(best, other)
        self._width = abs(gap)
        least, most = sorted((best.step + _MARGIN * gap, other.step - _MARGIN * gap))
        self.step = _within(at, least, most, default=best.step + gap / 2)


def _within(value: float | None, least: float, most: float, default: float) -> float:
    return default if value is None else min(max(value, least), most)


def _lowest_of_cubic(one: Point, other: Point) -> float | None:
    """Return where the cubic through two points with their slopes is lowest; None: nowhere."""
    left, right = (one, other) if one.step < other.step else (other, one)
    width = right.step - left.step
    if width <= 0:
        return None
    mean = left.slope + right.slope - 3 * (right.value - left.value) / width
    under_root = mean * mean - left.slope * right.slope
    if not 0 <= under_root < math.inf:
        return None
    root = math.sqrt(under_root)
    divisor = right.slope - left.slope + 2 * root
    if divisor == 0:
        return None
    return right.step - width * (right.slope + root - mean) / divisor
