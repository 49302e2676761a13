"""Tensors of R's matrices and data frames, whose columns lie one after another in memory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.r_interop.shared_memory import sent_vectors
from pytwolayer.runtime.torch_loading import torch
from pytwolayer_tensor_gate import check_reach, holds_fractions
from pytwolayer_tensor_values import Sent, for_r, usual_type

# Numbers that are worked on at a time, what a processor's cache holds; but some rows at least.
_BLOCK, _ROWS = 2**19, 4096


@for_r
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
