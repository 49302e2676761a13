"""Checks that L-BFGS can continue from a state that was read from a file."""

from collections.abc import Callable
from functools import partial
from typing import Any

from pytwolayer.files.safetensors_format import check_keys
from pytwolayer.runtime.torch_loading import torch

_HISTORY = 100  # largest number of steps in the state
_TOO_LARGE = 2**63  # a whole number from this one up is none of PyTorch
_LISTS = ("old_dirs", "old_stps", "ro")  # of one length


def refuse_other_lbfgs(state: Any, vector: torch.Tensor) -> None:
    """Check a state entry by entry: it grows from step to step, so that there is no template.

    Parameters
    ----------
    state : object
        As read from a file.
    vector : Tensor
        A vector of the shape and dtype of those in the state.

    Raises
    ------
    ValueError
        If L-BFGS cannot continue from it.
    """
    wrong = ValueError("the optimiser's state is not one of L-BFGS")
    if not isinstance(state, dict) or list(state) != [0] or not isinstance(state[0], dict):
        raise wrong
    found = dict(state[0])
    memory = found.pop("al", [None] * _HISTORY)
    checks: dict[str, Callable[[Any], bool]] = {"func_evals": _is_count, "n_iter": _is_count}
    good = all(check(found.get(name)) for name, check in checks.items())
    if not (good and _are(memory, lambda v: v is None or _is_number(v))):
        raise wrong
    if found["n_iter"] > 0:
        checks |= _checks_after_a_step(vector)
    check_keys("entries of the optimiser's state", found, checks)
    if len(memory) != _HISTORY or not all(check(found[name]) for name, check in checks.items()):
        raise wrong
    if len({len(found[name]) for name in _LISTS if name in found}) > 1:
        raise wrong


def _checks_after_a_step(vector: torch.Tensor) -> dict[str, Callable[[Any], bool]]:
    def is_vector(value: Any) -> bool:
        is_tensor = isinstance(value, torch.Tensor)
        return is_tensor and value.dtype == vector.dtype and value.shape == vector.shape

    numbers = dict.fromkeys(("t", "H_diag", "prev_loss"), _is_number)
    lists = {name: partial(_are, check=is_vector) for name in _LISTS[:2]}
    vectors = {"d": is_vector, "prev_flat_grad": is_vector}
    return {**vectors, **numbers, **lists, _LISTS[2]: partial(_are, check=_is_number)}


def _are(values: Any, check: Callable[[Any], bool]) -> bool:
    return isinstance(values, list) and len(values) <= _HISTORY and all(map(check, values))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.dtype == torch.float32 and value.dim() == 0
    return type(value) is float or (type(value) is int and abs(value) < _TOO_LARGE)
