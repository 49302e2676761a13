"""A link that has no entry is refused in one sentence."""

from types import SimpleNamespace

import numpy as np
import pytest

from pytwolayer import PytwolayerError
from pytwolayer.explain.links import LINKS, link_of
from pytwolayer.runtime.torch_loading import torch

VALUES = {
    "identity": lambda output: output,
    "log": torch.exp,
    "logit": torch.sigmoid,
    "quantile": lambda output: torch.sort(output, 1).values,
    "softmax": lambda output: torch.softmax(output, 1),
}


@pytest.mark.parametrize("name", LINKS)
def test_derivatives_go_through_the_link_as_autograd_has_it(name):
    rng = np.random.default_rng(1)
    output, slopes = rng.normal(size=(4, 3)), rng.normal(size=(4, 3, 2))
    for place in range(2):
        at = torch.from_numpy(output), torch.from_numpy(slopes[:, :, place].copy())
        _, theirs = torch.autograd.functional.jvp(VALUES[name], *at)
        assert LINKS[name](output, slopes)[:, :, place] == pytest.approx(theirs.numpy())


def test_where_quantiles_cross_their_slopes_are_the_mean_of_left_and_right():
    output, slopes = np.array([[2.0, 1.0, 2.0]]), np.array([[[1.0], [7.0], [5.0]]])
    assert LINKS["quantile"](output, slopes).ravel().tolist() == [7.0, 3.0, 3.0]


def test_an_unknown_link_is_refused():
    with pytest.raises(PytwolayerError, match='Fits with the loss "odd" cannot be explained'):
        link_of(SimpleNamespace(log=False), "odd")
