"""A fitted network as bytes and back: safetensors, with the rest as text metadata.

Reading runs no code from the bytes.
"""

import json
import math
import struct
from dataclasses import asdict
from typing import Any

import pandas as pd
import safetensors.torch
from safetensors import SafetensorError

from pytwolayer.errors import PytwolayerError
from pytwolayer.fit import TwoLayer
from pytwolayer.network import outline
from pytwolayer.settings import Settings
from pytwolayer.table import Standardizer
from pytwolayer.torch_loading import torch

_FORMAT = 1
_KEY = "pytwolayer"
_HISTORY = "history.loss"


def to_bytes(fit: TwoLayer) -> bytes:
    """Write a fitted network as bytes."""
    metadata = {
        "format": _FORMAT,
        "settings": asdict(fit.settings),
        "inputs": asdict(fit.inputs),
        "outputs": asdict(fit.outputs),
        "vector": fit.vector,
        "device": fit.device,
        "rows": fit.rows,
    }
    tensors = dict(fit.network.state_dict())
    tensors[_HISTORY] = torch.from_numpy(fit.history["loss"].to_numpy(copy=True))
    return safetensors.torch.save(tensors, {_KEY: json.dumps(metadata)})


def from_bytes(data: bytes | bytearray) -> TwoLayer:
    """Read a fitted network from bytes that ``to_bytes()`` wrote.

    Raises
    ------
    PytwolayerError
        If the bytes are not such a network, or are of a newer format.
    """
    try:
        data = bytes(data)
        tensors = safetensors.torch.load(data)
        metadata = json.loads(_header(data)["__metadata__"][_KEY])
        if metadata["format"] > _FORMAT:
            raise PytwolayerError(
                f"The model is of format {metadata['format']}; this version of pytwolayer "
                f"reads formats up to {_FORMAT}. Install a newer pytwolayer."
            )
        return _assemble(tensors, metadata)
    except (SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as problem:
        raise PytwolayerError(f"The model's bytes cannot be read: {problem}") from problem


def _header(data: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<Q", data)
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    return header


def _assemble(tensors: dict[str, torch.Tensor], metadata: dict[str, Any]) -> TwoLayer:
    settings = Settings(**metadata["settings"])
    inputs, outputs = _standardizer(metadata["inputs"]), _standardizer(metadata["outputs"])
    losses = tensors.pop(_HISTORY).tolist()
    network = outline(
        len(inputs.center), settings.hidden_units, len(outputs.center), settings.activation
    )
    if any(tensor.dtype != torch.float32 for tensor in tensors.values()):
        raise ValueError("the weights are not of type float32")
    network.load_state_dict(tensors, assign=True)  # checks names and shapes
    network.requires_grad_(False)
    return TwoLayer(
        network=network,
        inputs=inputs,
        outputs=outputs,
        vector=metadata["vector"],
        settings=settings,
        device=metadata["device"],
        rows=metadata["rows"],
        history=pd.DataFrame({"epoch": range(1, len(losses) + 1), "loss": losses}),
    )


def _standardizer(saved: dict[str, Any]) -> Standardizer:
    names, center, scale = saved["names"], tuple(saved["center"]), tuple(saved["scale"])
    if not all(math.isfinite(number) for number in center + scale) or min(scale) <= 0:
        raise ValueError("its centres and scales are not finite")
    if len(center) != len(scale) or (names is not None and len(names) != len(center)):
        raise ValueError("its names, centres and scales differ in number")
    return Standardizer(None if names is None else tuple(names), center, scale)
