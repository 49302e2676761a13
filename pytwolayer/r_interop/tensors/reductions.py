"""R's group Summary and ``mean()`` on tensors: of everything, or along dimensions."""

import math
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from pytwolayer.r_interop.tensors.compare import compare, is_whole
from pytwolayer.r_interop.tensors.ops import Flag, flagged, named, operand, truth_tensor
from pytwolayer.r_interop.tensors.values import (
    TensorError,
    as_double,
    called_from_r,
    countable,
    describe,
    first_tensor,
    flatten,
    from_r,
    widest,
)
from pytwolayer.runtime.torch_loading import torch

Warned = tuple[torch.Tensor, list[str]]
"""A result, and the functions of which R warns that they had nothing to work on."""

ENDS = {"max": ("max",), "min": ("min",), "range": ("min", "max")}
"""The functions that have no value where there is no element, and what they ask for."""
EXACT = {torch.float16: 11, torch.bfloat16: 8, torch.float32: 24, torch.float64: 53}
"""How many binary digits of a whole number a type holds."""


# ---- Of everything -------------------------------------------------------------------------

REDUCE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sum": torch.sum,
    "prod": lambda x: torch.prod(as_double(x)),
    "max": torch.max,
    "min": torch.min,
}


def extreme(name: str, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Give the larger or smaller of two numbers, which is no other number for its type."""
    choose = torch.maximum if name == "max" else torch.minimum
    if is_whole(left) == is_whole(right):
        return choose(left, right)
    whole, real = (left, right) if is_whole(left) else (right, left)
    bits = 1 if whole.dtype == torch.bool else torch.iinfo(whole.dtype).bits
    wide = real.dtype if bits <= EXACT.get(real.dtype, 0) else widest(real)
    rounded = whole.to(wide)
    chosen = compare(">" if name == "max" else "<", whole, real)
    if bool(chosen & compare("!=", whole, rounded)):
        raise TensorError(
            f"`{name}()` would be {int(whole)}, which no tensor of {str(wide)[6:]} holds exactly: "
            "give whole numbers only (`0L` for `0`), or convert, `x$to(torch$float64)`."
        )
    return choose(rounded, real.to(wide))


COMBINE: dict[str, Callable[..., torch.Tensor]] = {
    "sum": operator.add,
    "prod": operator.mul,
    "max": lambda left, right: extreme("max", left, right),
    "min": lambda left, right: extreme("min", left, right),
}


def parts(values: list[Any], dropped: str, exact: bool = False) -> list[torch.Tensor]:
    """Make tensors of a summary's arguments, without the elements to be dropped."""
    like = first_tensor(values)
    return [without(part(value, like, exact), dropped) for value in values]


def part(value: Any, like: torch.Tensor, exact: bool) -> torch.Tensor:
    """Make a tensor of one argument; if ``exact``, whole numbers stay what they are."""
    if exact and like.is_floating_point() and is_whole_number(value):
        whole = from_r(value).long() if isinstance(value, dict) else torch.tensor(value)
        there = whole.to(like.dtype)
        return (there if bool(compare("==", whole, there).all()) else whole).to(like.device)
    found: torch.Tensor | float = operand(value, like, "c")
    if isinstance(found, torch.Tensor):
        return found
    real = like.dtype if like.is_floating_point() else widest(like)
    dtype = real if isinstance(found, float) else None
    return torch.tensor(found, dtype=dtype, device=like.device)


def is_whole_number(value: Any) -> bool:
    """Tell R's integers and logicals."""
    return bool(value["kind"] != "double") if isinstance(value, dict) else isinstance(value, int)


def droppable(x: torch.Tensor, dropped: str) -> torch.Tensor | None:
    """Mark the elements that are not to count: "nan", or "infinite" ones too."""
    if not dropped or is_whole(x):
        return None
    return x.isnan() if dropped == "nan" else ~x.isfinite()


def without(x: torch.Tensor, dropped: str) -> torch.Tensor:
    """Drop elements."""
    mask = droppable(x, dropped)
    return x if mask is None else x[~mask]


@called_from_r
def summary(name: str, dropped: str, values: list[Any]) -> torch.Tensor | Warned:
    """Apply sum, prod, max, min or range to all elements of all arguments."""
    found = [countable(each) for each in parts(values, dropped, name in ENDS)]
    like = found[0]
    if name in ENDS:
        found = [each for each in found if each.numel()]
        if not found:
            return nothing(name, like)
    return named(f"{name}()", found[0], lambda: combined(name, found))


def combined(name: str, found: list[torch.Tensor]) -> torch.Tensor:
    """Reduce each part, then the results."""
    if name == "range":
        low, high = combined("min", found), combined("max", found)
        return torch.stack([low, high])
    return reduce(COMBINE[name], map(REDUCE[name], found))


def nothing(name: str, x: torch.Tensor) -> Warned:
    """Give the infinities of R where there is no element."""
    dtype = x.dtype if x.is_floating_point() else widest(x)
    values = [-math.inf if each == "max" else math.inf for each in ENDS[name]]
    found = torch.tensor(values, dtype=dtype, device=x.device)
    return (found if name == "range" else found[0]), list(ENDS[name])


@called_from_r
def decide(name: str, dropped: str, values: list[Any]) -> Flag:
    """Apply any or all; None where a missing value decides."""
    found = parts(values, dropped)
    value = named(f"{name}()", found[0], lambda: decided(name, found))
    return truth_tensor(found[0], value), value


def decided(name: str, found: list[torch.Tensor]) -> bool | None:
    """Look at one part after the other, no further than need be."""
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
    """Average; of whole numbers and bools as doubles."""
    found = as_double(without(x, "nan" if na_rm else ""))
    return named("mean()", x, lambda: trimmed_mean(found, trim))


def trimmed_mean(x: torch.Tensor, trim: float) -> torch.Tensor:
    """Average what is left when a share of the elements is cut off at each end."""
    count = x.numel()
    if trim <= 0 or count == 0:
        return torch.mean(x)
    if bool(x.isnan().any()):
        return torch.mean(x)
    low = min(math.floor(count * trim), (count - 1) // 2)
    return torch.mean(flatten(x).sort().values[low : count - low])


# ---- Along dimensions ----------------------------------------------------------------------

NEUTRAL = {"sum": 0.0, "prod": 1.0, "max": -math.inf, "min": math.inf, "any": 0.0, "all": 1.0}
Reduction = Callable[[torch.Tensor, tuple[int, ...], bool], torch.Tensor]


def one_by_one(
    function: Callable[[torch.Tensor, int, bool], torch.Tensor],
) -> Reduction:
    """Reduce one dimension after the other."""

    def reduced(x: torch.Tensor, dims: tuple[int, ...], keepdim: bool) -> torch.Tensor:
        for dim in sorted(dims, reverse=True):
            x = function(x, dim, keepdim)
        return x

    return reduced


def ends(name: str) -> Reduction:
    """Give max or min. PyTorch's gradient goes to one place in one dimension, else to all ties."""
    single = torch.max if name == "max" else torch.min
    several = torch.amax if name == "max" else torch.amin

    def reduced(x: torch.Tensor, dims: tuple[int, ...], keepdim: bool) -> torch.Tensor:
        if len(dims) == 1 and x.dim():
            found: torch.Tensor = single(x, dims[0], keepdim).values
            return found
        return several(x, dims, keepdim) if x.dim() else x

    return reduced


ALONG: dict[str, Reduction] = {
    "sum": lambda x, dims, keepdim: torch.sum(countable(x), dims, keepdim),
    "prod": one_by_one(lambda x, dim, keepdim: torch.prod(x, dim, keepdim)),
    "max": ends("max"),
    "min": ends("min"),
    "any": one_by_one(lambda x, dim, keepdim: torch.any(x, dim, keepdim)),
    "all": one_by_one(lambda x, dim, keepdim: torch.all(x, dim, keepdim)),
}


def checked_dims(x: torch.Tensor, dims: Sequence[float] | None) -> tuple[int, ...]:
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
    places = checked_dims(x, dims)
    if name in ("any", "all"):
        return named(f"{name}()", x, lambda: decided_along(name, x, places, keepdim, dropped))
    if name in ENDS:
        return named(f"{name}()", x, lambda: ends_along(name, x, places, keepdim, dropped))
    found = as_double(x) if name == "prod" else x
    mask = droppable(found, dropped)
    found = found if mask is None else torch.where(mask, NEUTRAL[name], found)
    return named(f"{name}()", x, lambda: ALONG[name](found, places, keepdim))


def ends_along(
    name: str, x: torch.Tensor, dims: tuple[int, ...], keepdim: bool, dropped: str
) -> torch.Tensor | Warned:
    """Give max, min or range; infinities where there is no element, with R's warning."""
    x = countable(x)
    mask = droppable(x, dropped)
    found = [end_along(each, x, mask, dims, keepdim) for each in ENDS[name]]
    result = torch.stack(found) if name == "range" else found[0]
    empty = math.prod(x.shape[dim] for dim in dims) == 0 if x.dim() else False
    if mask is not None and not empty:
        empty = bool(ALONG["all"](mask, dims, False).any())
    return (result, list(ENDS[name])) if empty and result.numel() else result


def end_along(
    name: str, x: torch.Tensor, mask: torch.Tensor | None, dims: tuple[int, ...], keepdim: bool
) -> torch.Tensor:
    """Give max or min along dimensions."""
    if mask is not None:
        x = torch.where(mask, NEUTRAL[name], x)
    if x.dim() and any(x.shape[dim] == 0 for dim in dims):
        x = x if x.is_floating_point() else x.to(widest(x))
        # One more element than none: the infinity that R gives.
        shape = [1 if dim in dims else size for dim, size in enumerate(x.shape)]
        x = x.new_full(shape, NEUTRAL[name])
    return ALONG[name](x, dims, keepdim)


def decided_along(
    name: str, x: torch.Tensor, dims: tuple[int, ...], keepdim: bool, dropped: str
) -> torch.Tensor | Flag:
    """Apply any or all along dimensions; a bool tensor has no place for what is undecided."""
    unknown = None if is_whole(x) else x.isnan()
    yes = x != 0
    if unknown is not None:
        yes = torch.where(unknown, name == "all", yes)
    found = ALONG[name](yes, dims, keepdim)
    if unknown is not None and not dropped:
        open_ = ALONG["any"](unknown, dims, keepdim) & (found if name == "all" else ~found)
        if bool(open_.any()):
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
    places = checked_dims(x, dims)
    average = torch.nanmean if na_rm and not x.is_complex() else torch.mean
    return named("mean()", x, lambda: average(as_double(x), places, keepdim))
