"""Tensors of R's matrices and data frames, whose columns lie one after another in memory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.r_interop.shared_memory import sent_vectors
from pytwolayer.r_interop.tensors.dtypes import check_reach, holds_fractions, usual_type
from pytwolayer.r_interop.tensors.values import Sent, TensorError, called_from_r, describe, from_r
from pytwolayer.runtime.torch_loading import torch

# Numbers that are worked on at a time, what a processor's cache holds; but some rows at least.
_BLOCK, _ROWS = 2**19, 4096


@called_from_r
def make_of_columns(
    sent: Sent, dtype: torch.dtype | None, device: str | torch.device
) -> torch.Tensor:
    """Make a tensor of columns, or of a matrix as one vector.

    ``sent`` has R's ``dim``, and ``kinds``, the columns' types in R.
    """
    rows, width = (int(size) for size in sent["dim"])
    vectors = sent_vectors(sent)
    columns = list(vectors[0].reshape(width, rows)) if sent["matrix"] else vectors
    dtype = usual_type(sent["kinds"]) if dtype is None else dtype
    for column in columns if not holds_fractions(dtype) else []:
        check_reach(column, dtype)
    if not (rows and width):
        return torch.empty(rows, width, dtype=dtype, device=device)
    return _turned(columns, dtype).to(device)


def _turned(columns: list[NDArray[Any]], dtype: torch.dtype) -> torch.Tensor:
    """Convert and turn blocks of rows, near in memory both as columns and as rows."""
    rows, width = len(columns[0]), len(columns)
    step = min(rows, max(_ROWS, _BLOCK // width))
    known = torch.float64 if dtype == torch.bfloat16 else dtype  # to NumPy
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


@called_from_r
def make(sent: Sent, dtype: torch.dtype | None, device: str | torch.device) -> torch.Tensor:
    """Make a tensor of an R vector or array, of the type that PyTorch gives such numbers."""
    value = from_r(sent)
    dtype = usual_type({sent["kind"]}) if dtype is None else dtype
    check_reach(value, dtype)
    return value.to(device=device, dtype=dtype).contiguous()


@called_from_r
def moved(x: Any, dtype: torch.dtype | None, device: Any) -> torch.Tensor:
    """Give a tensor itself, or what another type or device makes of it; of an array a copy."""
    if not isinstance(x, torch.Tensor | np.ndarray | np.generic):
        raise TensorError(f"`x` must be a tensor or R numbers or logicals, not {describe(x)}.")
    found = x if isinstance(x, torch.Tensor) else torch.tensor(x)
    return found.to(device=found.device if device is None else device, dtype=dtype or found.dtype)
