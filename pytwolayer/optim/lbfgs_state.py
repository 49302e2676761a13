"""Checks that L-BFGS can continue from a state that was read from a file."""

from typing import Any

from pytwolayer.files.safetensors_format import check_keys
from pytwolayer.runtime.torch_loading import torch

_HISTORY = 100  # largest number of steps in the state
_TOO_LARGE = 2**63  # whole numbers from here on are no PyTorch numbers
_COUNTS = ("func_evals", "n_iter")
_VECTORS = ("d", "prev_flat_grad")
_NUMBERS = ("t", "H_diag", "prev_loss")
_LISTS = ("old_dirs", "old_stps", "ro")


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
    if not isinstance(state, dict) or list(state) != [0] or not isinstance(state[0], dict):
        raise ValueError("the optimiser's state is not one of L-BFGS")
    found = dict(state[0])
    memory = found.pop("al", [None] * _HISTORY)
    good = all(_is_count(found.get(name)) for name in _COUNTS)
    good = good and _are(memory, _is_none_or_number)
    has_begun = good and found["n_iter"] > 0
    names = (*_COUNTS, *_VECTORS, *_NUMBERS, *_LISTS) if has_begun else _COUNTS
    if good:
        check_keys("entries of the optimiser's state", found, names)
    if has_begun:
        good = good and all(_is_like(found[name], vector) for name in _VECTORS)
        good = good and all(_is_number(found[name]) for name in _NUMBERS)
        good = good and _are_lists([found[name] for name in _LISTS], vector)
    if not good or len(memory) != _HISTORY:
        raise ValueError("the optimiser's state is not one of L-BFGS")


def _are_lists(lists: list[Any], vector: torch.Tensor) -> bool:
    directions, steps, factors = lists
    are_vectors = _are(directions, lambda v: _is_like(v, vector))
    are_vectors = are_vectors and _are(steps, lambda v: _is_like(v, vector))
    return (
        are_vectors
        and _are(factors, _is_number)
        and len(directions) == len(steps) == len(factors) <= _HISTORY
    )


def _are(values: Any, check: Any) -> bool:
    return isinstance(values, list) and all(check(value) for value in values)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.dtype == torch.float32 and value.dim() == 0
    return type(value) is float or (type(value) is int and abs(value) < _TOO_LARGE)


def _is_none_or_number(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_like(value: Any, vector: torch.Tensor) -> bool:
    is_tensor = isinstance(value, torch.Tensor)
    return is_tensor and value.dtype == vector.dtype and value.shape == vector.shape
