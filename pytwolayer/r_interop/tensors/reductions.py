"""R's group Summary and ``mean()`` on tensors: of everything, or along dimensions."""

import math
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import TypeAlias

from pytwolayer.r_interop.tensors.compare import compare
from pytwolayer.r_interop.tensors.dtypes import is_whole, type_name
from pytwolayer.r_interop.tensors.ops import Flag, flagged, named, truth_value
from pytwolayer.r_interop.tensors.values import (
    Operand,
    TensorError,
    as_double,
    as_tensor,
    called_from_r,
    countable,
    describe,
    first_tensor,
    flatten,
    from_r,
    widest,
)
from pytwolayer.runtime.torch_loading import torch

Warned: TypeAlias = tuple[torch.Tensor, list[str]]
"""A result, and the functions of which R warns that they had nothing to work on."""

EXTREMES = {"max": ("max",), "min": ("min",), "range": ("min", "max")}
"""The functions that have no value where there is no element, and the extremes they consist of."""
_DIGITS = {torch.float16: 11, torch.bfloat16: 8, torch.float32: 24, torch.float64: 53}
"""How many binary digits of a whole number a type holds."""


def _droppable(x: torch.Tensor, dropped: str) -> torch.Tensor | None:
    """Mark the elements that are not to count: "nan", or "infinite" ones too; None for none."""
    if not dropped or is_whole(x):
        return None
    return x.isnan() if dropped == "nan" else ~x.isfinite()


# ---- Of everything -------------------------------------------------------------------------

_REDUCE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sum": torch.sum,
    "prod": lambda x: torch.prod(as_double(x)),
    "max": torch.max,
    "min": torch.min,
}
_COMBINE: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "sum": operator.add,
    "prod": operator.mul,
    "max": lambda left, right: _larger_or_smaller("max", left, right),
    "min": lambda left, right: _larger_or_smaller("min", left, right),
}


@called_from_r
def summary(name: str, dropped: str, values: list[Operand]) -> torch.Tensor | Warned:
    """Apply sum, prod, max, min or range to all elements of all arguments.

    ``dropped`` is what to leave out: "nan", "infinite" (and NaN), or "" for nothing.
    """
    found = [countable(each) for each in _parts(values, dropped, name in EXTREMES)]
    if name in EXTREMES:
        like = found[0]
        found = [each for each in found if each.numel()]
        if not found:
            return _infinities(name, like)
    return named(f"{name}()", found[0], lambda: _summarised(name, found))


def _parts(values: list[Operand], dropped: str, exact: bool = False) -> list[torch.Tensor]:
    """Make tensors of a summary's arguments, without the elements to be dropped."""
    like = first_tensor(values)
    found = [_part(value, like, exact) for value in values]
    masks = [_droppable(each, dropped) for each in found]
    return [each if mask is None else each[~mask] for each, mask in zip(found, masks, strict=True)]


def _part(value: Operand, like: torch.Tensor, exact: bool) -> torch.Tensor:
    """Make a tensor of one argument; if ``exact``, whole numbers stay what they are."""
    if exact and like.is_floating_point() and _is_whole_in_r(value):
        whole = from_r(value).long() if isinstance(value, dict) else torch.tensor(value)
        there = whole.to(like.dtype)
        return (there if bool(compare("==", whole, there).all()) else whole).to(like.device)
    if isinstance(value, int):
        return torch.tensor(value, device=like.device)
    return as_tensor(value, like)


def _is_whole_in_r(value: Operand) -> bool:
    return value["kind"] != "double" if isinstance(value, dict) else isinstance(value, int)


def _summarised(name: str, found: list[torch.Tensor]) -> torch.Tensor:
    """Reduce each part, then the results."""
    if name == "range":
        return torch.stack([_summarised(each, found) for each in EXTREMES[name]])
    return reduce(_COMBINE[name], map(_REDUCE[name], found))


def _larger_or_smaller(name: str, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Choose between two numbers without changing the one chosen to fit a common type."""
    choose = torch.maximum if name == "max" else torch.minimum
    if is_whole(left) == is_whole(right):
        return choose(left, right)
    whole, real = (left, right) if is_whole(left) else (right, left)
    bits = 1 if whole.dtype == torch.bool else torch.iinfo(whole.dtype).bits
    wide = real.dtype if bits <= _DIGITS.get(real.dtype, 0) else widest(real)
    rounded = whole.to(wide)
    chosen = compare(">" if name == "max" else "<", whole, real)
    if bool(chosen & compare("!=", whole, rounded)):
        raise TensorError(
            f"`{name}()` would be {int(whole)}, which no tensor of {type_name(wide)} holds "
            "exactly: give whole numbers only (`0L` for `0`), or convert, `x$to(torch$float64)`."
        )
    return choose(rounded, real.to(wide))


def _infinities(name: str, x: torch.Tensor) -> Warned:
    """Return what R gives where there is no element."""
    dtype = x.dtype if x.is_floating_point() else widest(x)
    values = [_NEUTRAL[each] for each in EXTREMES[name]]
    found = torch.tensor(values, dtype=dtype, device=x.device)
    return (found if name == "range" else found[0]), list(EXTREMES[name])


@called_from_r
def decide(name: str, dropped: str, values: list[Operand]) -> Flag:
    """Apply any or all; None where a missing value decides."""
    found = _parts(values, dropped)
    return truth_value(found[0], named(f"{name}()", found[0], lambda: _decided(name, found)))


def _decided(name: str, found: list[torch.Tensor]) -> bool | None:
    """Look at one part after the other, no further than necessary."""
    missing = False
    for each in found:
        unknown = each.isnan()
        decisive = (each != 0) & ~unknown if name == "any" else each == 0
        if bool(decisive.any()):
            return name == "any"
        missing = missing or bool(unknown.any())
    return None if missing else name == "all"


@called_from_r
def mean(x: torch.Tensor, na_rm: bool, trim: float) -> torch.Tensor:
    """Average, of whole numbers and bools as doubles; ``trim`` is the share cut off at each end."""
    (found,) = _parts([as_double(x)], "nan" if na_rm else "")
    return named("mean()", x, lambda: torch.mean(_trimmed(found, trim)))


def _trimmed(x: torch.Tensor, trim: float) -> torch.Tensor:
    count = x.numel()
    if trim <= 0 or count == 0 or bool(x.isnan().any()):
        return x
    low = min(math.floor(count * trim), (count - 1) // 2)
    return flatten(x).sort().values[low : count - low]


# ---- Along dimensions ----------------------------------------------------------------------

Dims: TypeAlias = tuple[int, ...]
Reduction: TypeAlias = Callable[[torch.Tensor, Dims, bool], torch.Tensor]

_NEUTRAL = {"sum": 0.0, "prod": 1.0, "max": -math.inf, "min": math.inf}
"""What changes no result, and so stands for the elements that are dropped."""


def _one_by_one(function: Callable[..., torch.Tensor]) -> Reduction:
    """Reduce one dimension after the other, the last first."""

    def reduced(x: torch.Tensor, dims: Dims, keepdim: bool) -> torch.Tensor:
        return reduce(lambda found, dim: function(found, dim, keepdim), sorted(dims)[::-1], x)

    return reduced


def _extreme(
    single: Callable[..., torch.Tensor], several: Callable[..., torch.Tensor]
) -> Reduction:
    """Find max or min. PyTorch's gradient goes to one place in one dimension, else to all ties."""

    def reduced(x: torch.Tensor, dims: Dims, keepdim: bool) -> torch.Tensor:
        if not x.dim():
            return x
        return (single if len(dims) == 1 else several)(x, dims, keepdim)

    return reduced


_ALONG: dict[str, Reduction] = {
    "sum": lambda x, dims, keepdim: torch.sum(countable(x), dims, keepdim),
    "prod": _one_by_one(torch.prod),
    "max": _extreme(lambda x, dims, keepdim: torch.max(x, dims[0], keepdim).values, torch.amax),
    "min": _extreme(lambda x, dims, keepdim: torch.min(x, dims[0], keepdim).values, torch.amin),
    "any": _one_by_one(torch.any),
    "all": _one_by_one(torch.all),
}


def checked_dims(x: torch.Tensor, dims: Sequence[float] | None) -> Dims:
    """Check dimensions, which count from 0 and from -1 backwards; None is all of them."""
    size = max(x.dim(), 1)
    if dims is None:
        return tuple(range(x.dim())) or (0,)
    found = []
    for dim in dims:
        if not -size <= dim < size or dim != int(dim):
            known = "only 0" if size == 1 else f"the dimensions 0 to {size - 1}"
            raise TensorError(
                f"`dim` counts from 0, as in PyTorch: {describe(x)} has {known} "
                f"(-{size} to -1 from the end), not {dim:g}."
            )
        found.append(int(dim) % size)
    if len(set(found)) < len(found):
        raise TensorError("`dim` names a dimension twice.")
    return tuple(found)


@called_from_r
def summary_along(
    name: str, x: torch.Tensor, dims: list[float] | None, keepdim: bool, dropped: str
) -> torch.Tensor | Warned | Flag:
    """Apply a function of R's group Summary along dimensions."""
    along = checked_dims(x, dims)
    if name in ("any", "all"):
        return named(f"{name}()", x, lambda: _decided_along(name, x, along, keepdim, dropped))
    if name in EXTREMES:
        return named(f"{name}()", x, lambda: _extremes_along(name, x, along, keepdim, dropped))
    found = as_double(x) if name == "prod" else x
    mask = _droppable(found, dropped)
    found = found if mask is None else torch.where(mask, _NEUTRAL[name], found)
    return named(f"{name}()", x, lambda: _ALONG[name](found, along, keepdim))


def _extremes_along(
    name: str, x: torch.Tensor, dims: Dims, keepdim: bool, dropped: str
) -> torch.Tensor | Warned:
    """Find max, min or both; infinities where there is no element, with R's warning."""
    x = countable(x)
    mask = _droppable(x, dropped)
    found = [_extreme_along(each, x, mask, dims, keepdim) for each in EXTREMES[name]]
    result = torch.stack(found) if name == "range" else found[0]
    empty = math.prod(x.shape[dim] for dim in dims) == 0 if x.dim() else False
    if mask is not None and not empty:
        empty = bool(_ALONG["all"](mask, dims, False).any())
    return (result, list(EXTREMES[name])) if empty and result.numel() else result


def _extreme_along(
    name: str, x: torch.Tensor, mask: torch.Tensor | None, dims: Dims, keepdim: bool
) -> torch.Tensor:
    if mask is not None:
        x = torch.where(mask, _NEUTRAL[name], x)
    if x.dim() and any(x.shape[dim] == 0 for dim in dims):
        x = x if x.is_floating_point() else x.to(widest(x))
        # One more element than none: the infinity that R gives.
        shape = [1 if dim in dims else size for dim, size in enumerate(x.shape)]
        x = x.new_full(shape, _NEUTRAL[name])
    return _ALONG[name](x, dims, keepdim)


def _decided_along(
    name: str, x: torch.Tensor, dims: Dims, keepdim: bool, dropped: str
) -> torch.Tensor | Flag:
    """Apply any or all; a bool tensor has no value for what is undecided because of NaN."""
    unknown = None if is_whole(x) else x.isnan()
    yes = x != 0
    if unknown is not None:
        yes = torch.where(unknown, name == "all", yes)
    found = _ALONG[name](yes, dims, keepdim)
    if unknown is not None and not dropped:
        undecided = _ALONG["any"](unknown, dims, keepdim) & (found if name == "all" else ~found)
        if bool(undecided.any()):
            raise TensorError(
                f"`{name}()` is undecided because of NaN, and a bool tensor cannot hold NA: leave "
                "NaN out with `na.rm = TRUE`."
            )
    return flagged(found)


@called_from_r
def mean_along(
    x: torch.Tensor, dims: list[float] | None, keepdim: bool, na_rm: bool
) -> torch.Tensor:
    """Average along dimensions."""
    along = checked_dims(x, dims)
    average = torch.nanmean if na_rm and not x.is_complex() else torch.mean
    return named("mean()", x, lambda: average(as_double(x), along, keepdim))


@called_from_r
def margins(name: str, x: torch.Tensor, na_rm: bool, dims: float) -> torch.Tensor:
    """Sum or average over all dimensions after the first ``dims`` (rows), or over those (columns).

    ``name`` is R's: "rowSums", "rowMeans", "colSums" or "colMeans".
    """
    kept = int(dims)
    if x.dim() < 2 or not 1 <= kept < x.dim():
        what = "at least two dimensions" if x.dim() < 2 else f"`dims` from 1 to {x.dim() - 1}"
        raise TensorError(f"`{name}()` needs {what}; `x` is {describe(x)}.")
    over = list(range(kept, x.dim()) if name.startswith("row") else range(kept))
    x = countable(x)
    means = name.endswith("Means")
    x = as_double(x) if means else x
    if na_rm and x.is_floating_point():
        return x.nanmean(over) if means else x.nansum(over)
    return x.mean(over) if means else x.sum(over)
