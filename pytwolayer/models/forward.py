"""The output of trained networks, in double precision and in parts of the rows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from pytwolayer.preprocessing.block_writer import EncodedInputs
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.row_source import Mask
from pytwolayer.preprocessing.table import Table
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.settings import Settings

# Predictions are computed in parts whose hidden layer stays in the processor's cache: the largest
# numbers of rows, and of values in the hidden layer.
_ROWS_AT_ONCE, _HIDDEN_AT_ONCE = 4096, 2**18
# With fewer rows the matrix products become slow; with more values the memory may not suffice.
_ROWS_AT_LEAST, _HIDDEN_AT_MOST = 256, 2**24


def rows_at_once(settings: Settings) -> int:
    """Return the number of rows of a part."""
    hidden_units = settings.hidden_units
    rows = min(_ROWS_AT_ONCE, max(_ROWS_AT_LEAST, _HIDDEN_AT_ONCE // hidden_units))
    return max(1, min(rows, _HIDDEN_AT_MOST // hidden_units))


def encode_in_parts(
    inputs: Encoder, table: Table, settings: Settings
) -> tuple[Iterator[EncodedInputs], Mask]:
    """Encode the rows without missing values, part by part; also return which these are."""
    complete = table.complete()
    known = table if complete.all() else table.take(complete)
    return inputs.encode_parts("x", known, rows_at_once(settings)), complete


def forward(
    networks: Sequence[torch.nn.Sequential],
    inputs: Encoder,
    parts: Iterable[EncodedInputs],
    rows: int,
) -> list[torch.Tensor]:
    """Return the output of each network for so many rows, which come in parts."""
    # In float32 a row's last digits would depend on the number of rows predicted with it, as
    # BLAS chooses its kernels by the sizes of a product.
    with torch.no_grad():
        doubles = [_Doubles(network, inputs) for network in networks]
        outputs = [torch.empty(rows, each.d_out, dtype=torch.float64) for each in doubles]
        start = 0
        for x, codes in parts:
            numbers = x.double()
            for network, output in zip(doubles, outputs, strict=True):
                output[start : start + len(x)] = network(numbers, codes)
            start += len(x)
    return outputs


class _Doubles:
    """A network in double precision, for encoded rows of ``inputs``."""

    def __init__(self, network: torch.nn.Sequential, inputs: Encoder) -> None:
        first, self._activation, last = network
        self._first, self._last = _doubles_of(first), _doubles_of(last)
        self.d_out = cast("torch.nn.Linear", last).out_features
        # Input after input, so that those of codes are looked up.
        self._table = None if inputs.order is None else self._first[0].t()[inputs.order]

    def __call__(self, x: torch.Tensor, codes: torch.Tensor | None) -> torch.Tensor:
        if codes is None or self._table is None:
            hidden = torch.nn.functional.linear(x, *self._first)
        else:
            hidden = torch.addmm(self._first[1], x, self._table[: x.shape[1]])
            for column in codes.t():
                hidden += self._table[column.long()]
        return torch.nn.functional.linear(self._activation(hidden), *self._last)


def _doubles_of(layer: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weight and bias in double precision; a copy of the module would take a millisecond."""
    linear = cast("torch.nn.Linear", layer)
    return linear.weight.double(), linear.bias.double()
