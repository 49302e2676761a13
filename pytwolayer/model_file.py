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

from pytwolayer.arguments import count, positive
from pytwolayer.encoder import Coding, Encoder, LevelCoding, NumberCoding
from pytwolayer.errors import PytwolayerError
from pytwolayer.loss import LOSSES
from pytwolayer.model import TwoLayer
from pytwolayer.network import outline
from pytwolayer.outcome import Classes, Numbers, Outcome
from pytwolayer.settings import AUTO, Settings
from pytwolayer.torch_loading import torch

_FORMAT = 2
_KEY = "pytwolayer"
_HISTORY = "history."
_LABEL = (str, bool, int, float)


def to_bytes(fit: TwoLayer) -> bytes:
    """Write a fitted network as bytes."""
    kind = "classes" if isinstance(fit.outcome, Classes) else "numbers"
    metadata = {
        "format": _FORMAT,
        "settings": fit.settings.plain(),
        "inputs": {"names": fit.inputs.names, "codings": [asdict(c) for c in fit.inputs.codings]},
        "outcome": {"kind": kind, **_plain(fit.outcome)},
        "device": fit.device,
        "rows": fit.rows,
        "dropped": fit.dropped,
        "best_epoch": fit.best_epoch,
        "stopped": fit.stopped,
    }
    tensors = dict(fit.network.state_dict())
    for name in fit.history.columns.drop("epoch"):
        tensors[_HISTORY + name] = torch.from_numpy(fit.history[name].to_numpy(copy=True))
    return safetensors.torch.save(tensors, {_KEY: json.dumps(metadata)})


def _plain(outcome: Outcome) -> dict[str, Any]:
    plain = asdict(outcome)
    if isinstance(outcome, Classes):  # other labels, such as dates, become text
        names = outcome.outputs
        plain["labels"] = [
            label if isinstance(label, _LABEL) else name
            for label, name in zip(outcome.labels, names, strict=True)
        ]
    return plain


def from_bytes(data: bytes | bytearray) -> TwoLayer:
    """Read a fitted network from bytes that ``to_bytes()`` wrote.

    Raises
    ------
    PytwolayerError
        If the bytes are not such a network, or are of another format.
    """
    try:
        data = bytes(data)
        tensors = safetensors.torch.load(data)
        metadata = json.loads(_header(data)["__metadata__"][_KEY])
        _check_format(metadata["format"])
        return _assemble(tensors, metadata)
    except (
        SafetensorError,
        LookupError,
        TypeError,
        ValueError,
        OverflowError,
        RuntimeError,
        AttributeError,
    ) as problem:
        raise PytwolayerError(f"The model's bytes cannot be read: {problem}") from problem


def _check_format(number: int) -> None:
    if number > _FORMAT:
        raise PytwolayerError(
            f"The model is of format {number}; this version of pytwolayer reads format "
            f"{_FORMAT}. Install a newer pytwolayer."
        )
    if number < _FORMAT:
        raise PytwolayerError(
            f"The model is of format {number}, of a pytwolayer before its first release; "
            "this version cannot read it. Fit it again."
        )


def _header(data: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<Q", data)
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    return header


def _assemble(tensors: dict[str, torch.Tensor], metadata: dict[str, Any]) -> TwoLayer:
    settings = _settings(metadata["settings"])
    inputs, outcome = _encoder(metadata["inputs"]), _outcome(dict(metadata["outcome"]))
    history = {
        name.removeprefix(_HISTORY): tensors.pop(name).tolist()
        for name in sorted(tensors)
        if name.startswith(_HISTORY)
    }
    network = outline(inputs.width, settings.hidden_units, outcome.width, settings.activation)
    if any(tensor.dtype != torch.float32 for tensor in tensors.values()):
        raise ValueError("the weights are not of type float32")
    network.load_state_dict(tensors, assign=True)  # checks names and shapes
    network.requires_grad_(False)
    epochs, best = len(history["loss"]), metadata["best_epoch"]
    return TwoLayer(
        network=network,
        inputs=inputs,
        outcome=outcome,
        settings=settings,
        device=str(metadata["device"]),
        rows=count("rows", metadata["rows"]),
        dropped=count("dropped", metadata["dropped"], minimum=0),
        history=pd.DataFrame({"epoch": range(1, epochs + 1), **history}),
        best_epoch=None if best is None else count("best_epoch", best, maximum=epochs),
        stopped=str(metadata["stopped"]),
    )


def _settings(saved: dict[str, Any]) -> Settings:
    """Read settings; of a loss that was a function only the name is left."""
    if AUTO in {**saved, "loss": None}.values():
        raise ValueError("its settings are not all known")
    if saved["loss"] in LOSSES:
        return Settings(**saved)
    settings = Settings(**{**saved, "loss": "auto"})
    object.__setattr__(settings, "loss", str(saved["loss"]))
    return settings


def _encoder(saved: dict[str, Any]) -> Encoder:
    names, codings = saved["names"], tuple(_coding(coding) for coding in saved["codings"])
    if names is not None and len(names) != len(codings):
        raise ValueError("its names and columns differ in number")
    return Encoder(None if names is None else tuple(names), codings)


def _coding(saved: dict[str, Any]) -> Coding:
    if "levels" in saved:
        return LevelCoding(tuple(str(level) for level in saved["levels"]))
    limit = saved["limit"]
    _check_numbers([saved["center"]], [saved["scale"]], least=0)
    return NumberCoding(
        saved["center"], saved["scale"], None if limit is None else positive("limit", limit)
    )


def _outcome(saved: dict[str, Any]) -> Outcome:
    if saved.pop("kind") == "classes":
        labels = tuple(saved["labels"])
        if not all(isinstance(label, _LABEL) for label in labels):
            raise ValueError("its classes are neither text nor numbers")
        return Classes(saved["name"], labels)
    names, center, scale = saved["names"], tuple(saved["center"]), tuple(saved["scale"])
    _check_numbers(center, scale, least=5e-324)
    if len(center) != len(scale) or (names is not None and len(names) != len(center)):
        raise ValueError("its names, centres and scales differ in number")
    names = None if names is None else tuple(names)
    return Numbers(names, center, scale, bool(saved["log"]), bool(saved["vector"]))


def _check_numbers(center: Any, scale: Any, *, least: float) -> None:
    if not all(math.isfinite(number) for number in [*center, *scale]) or min(scale) < least:
        raise ValueError("its centres and scales are not finite")
