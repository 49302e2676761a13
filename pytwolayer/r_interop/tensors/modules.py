"""Assigning to the parameters of PyTorch's modules from R.

R's ``lin$weight[1, ] <- 0`` makes a new tensor and assigns that to ``lin$weight``. Written into
the present parameter, it reaches optimisers and all else that refers to it.
"""

from typing import Any

from pytwolayer.r_interop.tensors.dtypes import check_exact
from pytwolayer.r_interop.tensors.values import TensorError, called_from_r, describe
from pytwolayer.runtime.torch_loading import torch


@called_from_r
def assign_parameter(module: torch.nn.Module, name: str, value: torch.Tensor) -> bool:
    """Copy a tensor that is no Parameter into a registered one; return whether that was done."""
    known = dict(module.named_parameters(recurse=False, remove_duplicate=False)).get(name)
    if known is None or isinstance(value, torch.nn.Parameter):
        return False
    _copy_into(known, value, f"`{name}`")
    return True


@called_from_r
def assign_item(module: Any, key: float, value: Any) -> None:
    """Assign to a place, counted from 0, of a module that holds others or parameters."""
    known = module[int(key)] if key < len(module) else None
    plain = isinstance(value, torch.Tensor) and not isinstance(value, torch.nn.Parameter)
    if plain and isinstance(known, torch.nn.Parameter):
        _copy_into(known, value, f"Element {int(key)}")
    elif known is not value:
        module[int(key)] = value


def _copy_into(known: torch.nn.Parameter, value: torch.Tensor, what: str) -> None:
    """Copy a tensor's values into a parameter."""
    if torch.is_grad_enabled():
        raise TensorError(
            f"{what} is a parameter, which is changed while PyTorch records nothing: use "
            "`with(torch$no_grad(), ...)`, or assign a `torch$nn$Parameter()` to put another in "
            "its place."
        )
    if value.shape != known.shape:
        raise TensorError(f"{what} is {describe(known)}, which {describe(value)} does not fit.")
    check_exact(value, known)
    known.copy_(value)
