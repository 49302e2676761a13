"""The state of a run as JSON and tensors, and back.

A state is a tree of dictionaries, lists, numbers, text, logicals, None and tensors, such as the
``state_dict()`` of PyTorch's optimisers. In JSON a tensor is its name, type and shape, a dictionary
is a list of pairs, since its keys may be numbers, and a number that JSON does not have is text.
Reading makes only plain values: it runs no code.
"""

import math
from typing import Any

from pytwolayer.files.safetensors_format import Tensors, TensorSpecs, check_keys
from pytwolayer.runtime.torch_loading import torch

Tree = Any
_TYPES = {
    torch.float32: "F32",
    torch.float64: "F64",
    torch.int64: "I64",
    torch.uint8: "U8",
}
_TENSOR, _PAIRS, _NUMBER = "tensor", "pairs", "number"
_ODD_NUMBERS = ("nan", "inf", "-inf")


def pack_tree(tree: Tree) -> tuple[Any, Tensors]:
    """Split a state into what JSON can hold, and copies of its tensors on the CPU, by name.

    Raises
    ------
    TypeError
        If it holds an object of another type.
    """
    tensors: Tensors = {}
    return _packed(tree, "state", tensors), tensors


def _packed(tree: Tree, name: str, tensors: Tensors) -> Any:
    if isinstance(tree, torch.Tensor):
        tensors[name] = tree.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {_TENSOR: name, "type": _TYPES[tree.dtype], "shape": list(tree.shape)}
    if isinstance(tree, dict):
        pairs = enumerate(tree.items())
        return {
            # The position makes names unique where keys of two types have the same text.
            _PAIRS: [[key, _packed(part, f"{name}.{n}.{key}", tensors)] for n, (key, part) in pairs]
        }
    if isinstance(tree, list):
        return [_packed(part, f"{name}.{number}", tensors) for number, part in enumerate(tree)]
    if isinstance(tree, float) and not math.isfinite(tree):
        return {_NUMBER: str(tree)}
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    raise TypeError(f"a state cannot hold a {type(tree).__name__}")


def specs_of_tree(packed: Any) -> TensorSpecs:
    """Return types and shapes of the tensors that a packed state refers to.

    Raises
    ------
    ValueError, LookupError, TypeError
        If it is not a packed state.
    """
    specs: dict[str, tuple[str, tuple[int, ...]]] = {}
    _collect_specs(packed, specs)
    return specs


def _collect_specs(packed: Any, specs: dict[str, tuple[str, tuple[int, ...]]]) -> None:
    if isinstance(packed, list):
        for part in packed:
            _collect_specs(part, specs)
    elif isinstance(packed, dict) and _PAIRS in packed:
        for _, part in _pairs(packed):
            _collect_specs(part, specs)
    elif isinstance(packed, dict) and _TENSOR in packed:
        check_keys("tensor entries", packed, (_TENSOR, "type", "shape"))
        name, kind, shape = packed[_TENSOR], packed["type"], packed["shape"]
        if not isinstance(name, str) or name in specs or kind not in _TYPES.values():
            raise ValueError("its tensors have names that are not distinct, or an invalid type")
        if not isinstance(shape, list) or not all(_is_size(size) for size in shape):
            raise ValueError("a tensor has an invalid shape")
        specs[name] = kind, tuple(shape)


def _pairs(packed: dict[str, Any]) -> list[tuple[Any, Any]]:
    check_keys("dictionary entries", packed, (_PAIRS,))
    pairs = packed[_PAIRS]
    if not isinstance(pairs, list) or not all(isinstance(p, list) and len(p) == 2 for p in pairs):
        raise ValueError("one of its dictionaries is not a list of pairs")
    keys = [key for key, _ in pairs]
    if not all(isinstance(key, (str, int)) for key in keys) or len(set(keys)) < len(keys):
        raise ValueError("one of its dictionaries has invalid keys, or one key twice")
    return [(key, part) for key, part in pairs]


def _is_size(size: Any) -> bool:
    return isinstance(size, int) and not isinstance(size, bool) and size >= 0


def unpack_tree(packed: Any, tensors: Tensors) -> Tree:
    """Rebuild a state; its tensors are copies.

    Raises
    ------
    ValueError, LookupError, TypeError
        If it is not a packed state.
    """
    if isinstance(packed, list):
        return [unpack_tree(part, tensors) for part in packed]
    if not isinstance(packed, dict):
        return packed
    if _PAIRS in packed:
        return {key: unpack_tree(part, tensors) for key, part in _pairs(packed)}
    if _TENSOR in packed:
        return tensors[packed[_TENSOR]].clone()
    check_keys("number entries", packed, (_NUMBER,))
    if packed[_NUMBER] not in _ODD_NUMBERS:
        raise ValueError("it has an invalid number")
    return float(packed[_NUMBER])


def check_same_structure(found: Tree, model: Tree, place: str = "its state") -> None:
    """Check that a state has the keys, types and shapes of another.

    Raises
    ------
    ValueError
        If it differs; the message says where.
    """
    if isinstance(model, torch.Tensor):
        _refuse_other_tensor(found, model, place)
    elif isinstance(model, dict):
        if not isinstance(found, dict):
            raise ValueError(f"{place} is not a dictionary")
        check_keys(f"entries in {place}", _by_text(found), _by_text(model))
        for key, part in model.items():
            check_same_structure(_by_text(found)[str(key)], part, f"{place}.{key}")
    elif isinstance(model, list):
        if not isinstance(found, list) or len(found) != len(model):
            raise ValueError(f"{place} is not a list of {len(model)}")
        for number, part in enumerate(model):
            check_same_structure(found[number], part, f"{place}.{number}")
    elif type(found) is not type(model):
        raise ValueError(f"{place} is of type {type(found).__name__}, not {type(model).__name__}")


def _by_text(tree: dict[Any, Tree]) -> dict[str, Tree]:
    return {str(key): part for key, part in tree.items()}


def _refuse_other_tensor(found: Tree, model: torch.Tensor, place: str) -> None:
    if not isinstance(found, torch.Tensor):
        raise ValueError(f"{place} is not a tensor")
    if found.dtype != model.dtype or found.shape != model.shape:
        received = f"of {found.dtype} and shape {tuple(found.shape)}"
        raise ValueError(f"{place} is {received}, not {model.dtype} and {tuple(model.shape)}")
