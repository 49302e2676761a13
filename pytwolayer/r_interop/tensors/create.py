"""Tensors of R's vectors, matrices and data frames."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.r_interop.shared_memory import sent_vectors
from pytwolayer.r_interop.tensors.dtypes import check_range, default_dtype, holds_fractions
from pytwolayer.r_interop.tensors.values import (
    RValues,
    TensorError,
    called_from_r,
    describe,
    from_r,
)
from pytwolayer.runtime.torch_loading import torch

# Numbers converted at a time: what a processor's cache holds, but some rows at least.
_BLOCK, _ROWS = 2**19, 4096


@called_from_r
def create(sent: RValues, dtype: torch.dtype | None, device: str | torch.device) -> torch.Tensor:
    """Make a tensor of an R vector or array, by default of the type that PyTorch gives it."""
    value = from_r(sent)
    dtype = default_dtype({sent["kind"]}) if dtype is None else dtype
    check_range(value, dtype)
    return value.to(device=device, dtype=dtype).contiguous()


@called_from_r
def convert(x: Any, dtype: torch.dtype | None, device: str | torch.device | None) -> torch.Tensor:
    """Return a tensor itself, or a copy of another type or device; of an array a copy."""
    if not isinstance(x, torch.Tensor | np.ndarray | np.generic):
        raise TensorError(f"`x` must be a tensor or R numbers or logicals, not {describe(x)}.")
    found = x if isinstance(x, torch.Tensor) else torch.tensor(x)
    return found.to(device=found.device if device is None else device, dtype=dtype or found.dtype)


@called_from_r
def create_from_columns(
    sent: dict[str, Any], dtype: torch.dtype | None, device: str | torch.device
) -> torch.Tensor:
    """Make a tensor of columns, or of a matrix as one vector.

    ``sent`` is what ``sent_vectors()`` takes, with R's ``dim``, the columns' types in R as
    ``kinds``, and whether they are a ``matrix``.
    """
    rows, width = (int(size) for size in sent["dim"])
    vectors = sent_vectors(sent)
    columns = list(vectors[0].reshape(width, rows)) if sent["matrix"] else vectors
    dtype = default_dtype(sent["kinds"]) if dtype is None else dtype
    for column in columns if not holds_fractions(dtype) else []:
        check_range(column, dtype)
    if not (rows and width):
        return torch.empty(rows, width, dtype=dtype, device=device)
    return _transpose_in_blocks(columns, dtype).to(device)


def _transpose_in_blocks(columns: Sequence[NDArray[Any]], dtype: torch.dtype) -> torch.Tensor:
    """Write columns into a row-major tensor.

    A column at a time would touch every row's memory once per column. A block of rows fits into
    the cache both as columns and as rows.
    """
    rows, width = len(columns[0]), len(columns)
    step = min(rows, max(_ROWS, _BLOCK // width))
    known = torch.float64 if dtype == torch.bfloat16 else dtype  # NumPy has no bfloat16
    lines = torch.empty(width, step, dtype=known).numpy()
    block = torch.from_numpy(lines)
    if known == dtype:  # NumPy asks for memory in large pages, which are there sooner
        tensor = torch.from_numpy(np.empty((rows, width), dtype=lines.dtype))
    else:
        tensor = torch.empty(rows, width, dtype=dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, rows, step):
            size = min(step, rows - start)
            for line, column in zip(lines, columns, strict=True):
                np.copyto(line[:size], column[start : start + size], casting="unsafe")
            tensor[start : start + size].copy_(block[:, :size].t())
    return tensor
