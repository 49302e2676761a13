"""The losses: their values and derivatives at the network's output."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.spread import LEAST_LOG_SD, LOG_THETA
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor

# The last is PyTorch's old name of the mean, which the chapter uses.
REDUCTIONS = ("mean", "sum", "elementwise_mean")
_HUBER_DELTA = 1.0

Operation = Callable[[], object]


@dataclass(frozen=True)
class Loss:
    """One loss, as the operations of a step.

    Attributes
    ----------
    operations : callable
        ``operations(output, y, e, d)`` returns functions to be called one after the other. They
        write into ``e`` terms whose sum is the loss times ``sign``, and into ``d`` the loss's
        derivative at the output divided by ``slope``; all of shape ``(rows, d_out)``. The two
        constants are applied once for the whole batch instead of to each element.
    slope, sign : float
    per_row : bool
        Whether the mean is over rows (the elements of a row are one loss together) rather than
        over all elements.
    outputs : int
        How many outputs an outcome has. With two the first half of the outputs are of the means
        and the second half of what else is estimated, and ``y`` has as many columns.
    shares_rows : bool
        Whether the second half is the same for all rows: biases without weights.
    """

    operations: Callable[[Tensor, Tensor, Tensor, Tensor], list[Operation]]
    slope: float = 1.0
    sign: float = 1.0
    per_row: bool = False
    outputs: int = 1
    shares_rows: bool = False

    def terms(self, rows: Any, d_out: int) -> Any:
        """Return the divisor of the mean over so many rows, a number or an array of them."""
        return rows if self.per_row else rows * (d_out // self.outputs)

    def at(self, quantile_levels: Sequence[float] | None) -> "Loss":
        """Return the loss of these quantiles, an output for each; None: the loss as it is."""
        if quantile_levels is None:
            return self
        return replace(self, operations=partial(_pinball, levels=tuple(quantile_levels)))


def _squared_error(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> list[Operation]:
    return [partial(torch.sub, output, y, out=d), partial(torch.mul, d, d, out=e)]


def _absolute_error(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> list[Operation]:
    return [partial(torch.sub, output, y, out=d), partial(torch.abs, d, out=e), d.sign_]


def _huber(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> list[Operation]:
    return [
        partial(torch.ops.aten.huber_loss.out, output, y, 0, _HUBER_DELTA, out=e),
        partial(torch.sub, output, y, out=d),
        partial(d.clamp_, -_HUBER_DELTA, _HUBER_DELTA),
    ]


def _cross_entropy(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> list[Operation]:
    """``-log(probability of the row's class)``; ``y`` is 1 at the row's class, else 0."""
    # Along the layout in memory the softmax is quickest, and copies nothing.
    by_row = output.is_contiguous()
    softmax = (
        partial(torch.log_softmax, output, 1, out=d)
        if by_row
        else partial(torch.log_softmax, output.t(), 0, out=d.t())
    )
    return [
        softmax,
        partial(torch.mul, d, y, out=e),
        d.exp_,
        partial(d.sub_, y),
    ]


def _poisson(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> list[Operation]:
    """``rate - y * log(rate)``, the output being the log; a constant of ``y`` is left out."""
    return [
        partial(torch.exp, output, out=d),
        partial(torch.mul, output, y, out=e),
        partial(torch.sub, d, e, out=e),
        partial(d.sub_, y),
    ]


def _gamma(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> list[Operation]:
    """``log(mean) + y / mean``, the output being the log; a constant of ``y`` is left out."""
    return [
        partial(torch.neg, output, out=d),
        d.exp_,
        partial(d.mul_, y),
        partial(torch.add, output, d, out=e),
        d.neg_,
        partial(d.add_, 1),
    ]


def _binary_cross_entropy(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> list[Operation]:
    """``-y * log(share) - (1 - y) * log(1 - share)``, the output being the log of the odds."""
    return [
        partial(torch.ops.aten.softplus.out, output, 1, 20, out=e),
        partial(torch.addcmul, e, output, y, value=-1, out=e),
        partial(torch.sigmoid, output, out=d),
        partial(d.sub_, y),
    ]


def _pinball(
    output: Tensor, y: Tensor, e: Tensor, d: Tensor, levels: Sequence[float] = ()
) -> list[Operation]:
    """``max(level * (y - output), (level - 1) * (y - output))``, each output with its level.

    Without levels they are evenly spaced. The derivative where both are equal is autograd's.
    """
    number = output.shape[1]
    levels = levels or [(k + 1) / (number + 1) for k in range(number)]
    # Outputs are the second dimension, of one network and of several.
    shares = output.new_tensor(levels).view(1, number, *[1] * (output.dim() - 2))
    half = output.new_tensor(0.5)
    return [
        partial(torch.sub, output, y, out=d),
        partial(torch.clamp_min, d, 0, out=e),
        partial(torch.addcmul, e, d, shares, value=-1, out=e),
        partial(torch.heaviside, d, half, out=d),
        partial(d.sub_, shares),
    ]


def _normal(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> list[Operation]:
    """``log(sd) + ((y - mean) / sd) ** 2 / 2``, the outputs being the means and ``log(sd)``."""
    (mean, log_sd), (truth, _) = output.chunk(2, 1), y.chunk(2, 1)
    (e_mean, e_sd), (d_mean, d_sd) = e.chunk(2, 1), d.chunk(2, 1)
    return [
        partial(torch.clamp_min, log_sd, LEAST_LOG_SD, out=e_sd),
        partial(torch.neg, e_sd, out=d_sd),
        d_sd.exp_,
        partial(torch.sub, mean, truth, out=d_mean),
        partial(d_mean.mul_, d_sd),
        partial(torch.square, d_mean, out=e_mean),
        partial(d_mean.mul_, d_sd),
        partial(torch.neg, e_mean, out=d_sd),
        partial(d_sd.add_, 1),
        *_kept_in(log_sd, d_sd, LEAST_LOG_SD, math.inf),
        partial(e_mean.mul_, 0.5),
    ]


def _negative_binomial(output: Tensor, y: Tensor, e: Tensor, d: Tensor) -> list[Operation]:
    """Minus the log of the probability of a count, in double precision where a device has it.

    The outputs are the logarithms of the means, divided by a scale, and of ``theta``; ``y`` has the
    counts, divided by the scale, and the scales. The variance is ``mean + mean ** 2 / theta``.
    """
    dtype = torch.float32 if output.device.type == "mps" else torch.float64
    (log_ratio, log_theta), (ratio, scale) = output.chunk(2, 1), y.chunk(2, 1)
    (e_mean, e_theta), (d_mean, d_theta) = e.chunk(2, 1), d.chunk(2, 1)

    def compute() -> None:
        size = scale.to(dtype).clamp_min(1e-30)  # rows that fill up a network with fewer have 0
        count, log_mean = ratio.to(dtype) * size, log_ratio.to(dtype) + size.log()
        r = log_theta.to(dtype).clamp(*LOG_THETA)
        mean, theta = log_mean.exp(), r.exp()
        log_sum, together = torch.logaddexp(r, log_mean), theta + mean
        e_mean.copy_((theta + count) * log_sum - theta * r - count * log_mean)
        more = torch.lgamma(theta) - torch.lgamma(theta + count) + torch.lgamma(count + 1)
        e_theta.copy_(more)
        e_mean.add_(e_theta)
        e_theta.zero_()
        d_mean.copy_(theta * (mean - count) / together)
        change = torch.digamma(theta) - torch.digamma(theta + count) + log_sum - r
        d_theta.copy_(theta * (change + (count - mean) / together))

    return [compute, *_kept_in(log_theta, d_theta, *LOG_THETA)]


def _kept_in(values: Tensor, d: Tensor, least: float, most: float) -> list[Operation]:
    """Leave out of a derivative what would lead further away from a range."""
    low, high = (torch.empty_like(values, dtype=torch.bool) for _ in range(2))
    operations: list[Operation] = []
    for outside, limit, compare, clamp in (
        (low, least, torch.lt, torch.clamp_max),
        (high, most, torch.gt, torch.clamp_min),
    ):
        if math.isfinite(limit):
            inward = torch.empty_like(values)
            operations += [
                partial(compare, values, limit, out=outside),
                partial(clamp, d, 0, out=inward),
                partial(torch.where, outside, inward, d, out=d),
            ]
    return operations


LOSSES: dict[str, Loss] = {
    "mse": Loss(_squared_error, slope=2.0),
    "mae": Loss(_absolute_error),
    "huber": Loss(_huber),
    "cross_entropy": Loss(_cross_entropy, sign=-1.0, per_row=True),
    "poisson": Loss(_poisson),
    "gamma": Loss(_gamma),
    "binomial": Loss(_binary_cross_entropy),
    "binary_cross_entropy": Loss(_binary_cross_entropy),
    "quantile": Loss(_pinball),
    "normal": Loss(_normal, outputs=2),
    "negative_binomial": Loss(_negative_binomial, outputs=2, shares_rows=True),
}


def shares_rows(loss: Any) -> bool:
    """Tell whether half of the outputs of a loss are the same for all rows."""
    return isinstance(loss, str) and LOSSES[loss].shares_rows


@dataclass(frozen=True)
class ForgottenLoss:
    """Placeholder for a loss function of the user's, of which files keep only the name.

    Attributes
    ----------
    __name__ : str
        Its name.
    """

    __name__: str

    def __call__(self, output: Tensor, y: Tensor) -> Tensor:
        """Raise: it cannot be computed."""
        received = f"the name alone of the function `{self.__name__}`, which no file keeps"
        raise ArgumentError("loss", "given again", received)


def users_loss(
    function: Callable[[Tensor, Tensor], Any], output: Tensor, y: Tensor, weights: Tensor | None
) -> tuple[Tensor, Tensor, int]:
    """Call a loss function of the user's; autograd gives its derivative at the output.

    Parameters
    ----------
    function : callable
        ``function(output, y)``: a loss per element, per row, or for all rows together.
    output, y : Tensor
        Shape ``(rows, d_out)``.
    weights : Tensor, optional
        Weights of the rows, shape ``(rows, 1)``.

    Returns
    -------
    total : Tensor
        The loss, summed if it is one per element or per row, shape ``()``.
    derivative : Tensor
        Of the total, shape ``(rows, d_out)``.
    terms : int
        The divisor of the total for the mean.

    Raises
    ------
    ArgumentError
        If the function returns no loss.
    """
    with torch.inference_mode(False), torch.enable_grad():
        leaf = output.detach().clone().requires_grad_()
        values = function(leaf, y)
        terms = _checked(values, output, weights)
        if weights is not None:
            values = values * (weights if values.dim() == 2 else weights[:, 0])
        total = values.sum()
        (derivative,) = torch.autograd.grad(total, leaf)
    return total.detach(), derivative, terms


def _checked(values: Any, output: Tensor, weights: Tensor | None) -> int:
    rows, d_out = output.shape
    if not isinstance(values, torch.Tensor) or not values.requires_grad:
        received = f"one that gives {'nothing' if values is None else type(values).__name__}"
        if isinstance(values, torch.Tensor):
            received = "one whose value does not depend on the network's output"
        raise ArgumentError("loss", "a function that computes with tensors", received)
    shapes: list[tuple[int, ...]] = [(rows, d_out), (rows,), ()]
    if tuple(values.shape) not in shapes:
        expected = f"a function that gives a loss of shape {shapes[0]}, {shapes[1]} or ()"
        raise ArgumentError("loss", expected, f"one of shape {tuple(values.shape)}")
    if values.dim() == 0 and weights is not None:
        expected = "a function that gives a loss per row where rows have weights"
        raise ArgumentError("loss", expected, "one that gives one number")
    return max(values.numel(), 1)
