"""From the network's output to the outcome's own scale: values, and how derivatives go through.

A loss whose output is read in another way needs an entry in ``LINKS``, and its name from
``link_of()``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from pytwolayer.errors import PytwolayerError
from pytwolayer.preprocessing.outcome import Classes, Numbers, Outcome
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.runtime.torch_loading import torch

# ``link(output, slopes)``: the outputs, shape ``(rows, outputs)``, and their derivatives with
# respect to some inputs, ``(rows, outputs, inputs)``, give those of what the output stands for.
Link = Callable[[Doubles, Doubles], Doubles]


def _softmax(output: Doubles, slopes: Doubles) -> Doubles:
    shares = np.exp(output - output.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    mean = np.einsum("ro,roi->ri", shares, slopes)
    changed: Doubles = shares[:, :, None] * (slopes - mean[:, None, :])
    return changed


def _logit(output: Doubles, slopes: Doubles) -> Doubles:
    share = 1 / (1 + np.exp(-np.abs(output)))
    changed: Doubles = (share * (1 - share))[:, :, None] * slopes
    return changed


def _sorted(output: Doubles, slopes: Doubles) -> Doubles:
    """Give the slopes of the sorted outputs; of equal ones, where they cross, the mean."""
    order = np.argsort(output, axis=1, kind="stable")
    ordered = np.take_along_axis(output, order, axis=1)
    changed = np.take_along_axis(slopes, order[:, :, None], axis=1)
    crossing = np.flatnonzero((np.diff(ordered, axis=1) == 0).any(axis=1))
    for row in crossing:
        for value in np.unique(ordered[row]):
            own = ordered[row] == value
            changed[row, own] = changed[row, own].mean(axis=0)
    return changed


LINKS: dict[str, Link] = {
    "identity": lambda output, slopes: slopes,
    "log": lambda output, slopes: np.exp(output)[:, :, None] * slopes,
    "logit": _logit,
    "quantile": _sorted,
    "softmax": _softmax,
}


def link_of(outcome: Outcome, loss: Any) -> str:
    """Name the link of an outcome.

    Raises
    ------
    PytwolayerError
        If there is no entry for it.
    """
    if type(outcome) is Classes and (loss == "cross_entropy" or not isinstance(loss, str)):
        return "softmax"
    if type(outcome) is Numbers and outcome.link in LINKS:
        return str(outcome.link)
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", "function")
    raise PytwolayerError(f'Fits with the loss "{name}" cannot be explained.')


def explained_names(outcome: Outcome) -> list[str]:
    """Name what is explained: each outcome, class or quantile."""
    if isinstance(outcome, Numbers) and outcome.quantile_levels:
        return outcome.outputs
    return outcome.predicted


def decoded(outcome: Outcome, output: torch.Tensor) -> Doubles:
    """Turn the network's output into what is explained, on the outcome's own scale."""
    if isinstance(outcome, Numbers) and outcome.quantile_levels:
        return outcome.quantiles(output)
    return outcome.inverse_transform(output)


def through_link(link: str, outcome: Outcome, output: Doubles, slopes: Doubles) -> Doubles:
    """Turn derivatives of the output into those of the outcome, on its own scale."""
    means = len(explained_names(outcome))  # other outputs are of the spread about them
    changed = LINKS[link](output[:, :means], slopes[:, :means])
    if isinstance(outcome, Classes):
        return changed
    scaled: Doubles = changed * np.asarray(outcome.scale)[None, :, None]
    return scaled
