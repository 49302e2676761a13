"""What R's operators and functions do to tensors.

The R package's methods for the class ``torch.Tensor`` call the functions that are marked
``@for_r``, here and in the modules imported below. Tables map R's names to PyTorch's functions.
"""

from collections.abc import Callable
from typing import Any

from pytwolayer.runtime.torch_loading import torch
from pytwolayer_tensor_columns import make_of_columns
from pytwolayer_tensor_gate import (
    array_for_r,
    array_from_r,
    call_with_care,
    check_reach,
    dtype_named,
    memory_in_use,
    moved,
    numbers_for_r,
    sizes,
)
from pytwolayer_tensor_index import index_kind, take
from pytwolayer_tensor_math import ELEMENTWISE, REAL
from pytwolayer_tensor_module import assign_item, assign_parameter
from pytwolayer_tensor_ops import binary, converted, named, truth_value, unary
from pytwolayer_tensor_replace import put, put_in_place, with_dim, with_length
from pytwolayer_tensor_statistics import (
    choose,
    combine,
    covariance,
    cross_product,
    decompose,
    diagonal,
    differences,
    extreme,
    gather,
    kind_of_numbers,
    margins,
    median,
    needs_gradient,
    outer,
    permute,
    quantiles,
    reshape,
    same,
    scaled,
    solve,
    two_way,
    weighted_mean,
)
from pytwolayer_tensor_summary import decide, mean, mean_along, summary, summary_along
from pytwolayer_tensor_values import (
    Sent,
    TensorError,
    as_double,
    count,
    countable,
    describe,
    flatten,
    for_r,
    from_r,
    send,
    shape,
    text,
    to_r,
    usual_type,
)

__all__ = [
    "array_for_r",
    "array_from_r",
    "assign_item",
    "assign_parameter",
    "binary",
    "call_with_care",
    "choose",
    "combine",
    "count",
    "covariance",
    "cross_product",
    "decide",
    "decompose",
    "diagonal",
    "differences",
    "dtype_named",
    "elementwise",
    "extreme",
    "gather",
    "index_kind",
    "kind_of_numbers",
    "make",
    "make_of_columns",
    "margins",
    "mean",
    "mean_along",
    "median",
    "memory_in_use",
    "moved",
    "needs_gradient",
    "numbers_for_r",
    "outer",
    "permute",
    "predicate",
    "put",
    "put_in_place",
    "quantiles",
    "reshape",
    "same",
    "scaled",
    "shape",
    "sizes",
    "solve",
    "summary",
    "summary_along",
    "take",
    "text",
    "to_r",
    "transpose",
    "truth_value",
    "two_way",
    "unary",
    "weighted_mean",
    "with_dim",
    "with_length",
]


@for_r
def make(sent: Sent, dtype: torch.dtype | None, device: str | torch.device) -> torch.Tensor:
    """Make a tensor of an R vector or array, of the type that PyTorch gives such numbers."""
    value = from_r(sent)
    dtype = usual_type({sent["kind"]}) if dtype is None else dtype
    check_reach(value, dtype)
    return value.to(device=device, dtype=dtype).contiguous()


@for_r
def transpose(x: torch.Tensor) -> torch.Tensor:
    """Transpose as R's t(): a vector becomes a row."""
    if x.dim() > 2:
        raise TensorError(
            f"`t()` takes a tensor of at most 2 dimensions, not {describe(x)}: use `x$permute()`."
        )
    return x.t() if x.dim() == 2 else x.reshape(1, -1)


# ---- Functions of the elements -------------------------------------------------------------

CUMULATIVE: dict[str, Callable[..., torch.Tensor]] = {
    "cumsum": lambda x: torch.cumsum(x, 0),
    "cumprod": lambda x: torch.cumprod(as_double(x), 0),
    "cummax": lambda x: torch.cummax(x, 0).values,
    "cummin": lambda x: torch.cummin(x, 0).values,
}
PREDICATE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "is.na": torch.isnan,
    "is.nan": torch.isnan,
    "is.finite": torch.isfinite,
    "is.infinite": torch.isinf,
}


@for_r
def elementwise(name: str, x: torch.Tensor, *extra: Any) -> torch.Tensor:
    """Apply a function of R's group Math."""
    x = countable(x)
    if name in REAL and x.is_complex():
        raise TensorError(f"`{name}()` takes real numbers only, not {describe(x)}.")
    return named(f"{name}()", x, lambda: applied_to_each(name, x, extra))


def applied_to_each(name: str, x: torch.Tensor, extra: tuple[Any, ...]) -> torch.Tensor:
    """Look a function of R's group Math up, and call it."""
    if name in CUMULATIVE:
        return CUMULATIVE[name](flatten(x))
    vectors = (converted(each, x, "^") if isinstance(each, dict) else each for each in extra)
    return ELEMENTWISE[name](x, *vectors)


@for_r
def predicate(x: torch.Tensor, name: str) -> Sent:
    """Ask each element; R gets logicals."""
    return send(PREDICATE[name](x))
