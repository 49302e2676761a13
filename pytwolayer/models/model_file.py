"""A fitted network as bytes: tensors as safetensors, all else as JSON in their metadata.

``load`` makes a fit of them. The class is not imported here, since its ``save()`` imports this
module. R reads and writes the same format: see ``R/file-save-load.R`` and
``docs/model-file.md``.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar, get_args

import pandas as pd

from pytwolayer.checks import count, flag, one_of, positive
from pytwolayer.files.safetensors_format import Content, Format, Tensors, TensorSpecs, check_keys
from pytwolayer.network.architecture import outline
from pytwolayer.network.losses import LOSSES, ForgottenLoss
from pytwolayer.preprocessing.encoder import Coding, Encoder, LevelCoding
from pytwolayer.preprocessing.outcome import Classes, Numbers, Outcome
from pytwolayer.preprocessing.standardize import NumberCoding
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.settings import AUTO, Settings
from pytwolayer.training.tracker import Stopped

_HISTORY = "history."
_OFFSET = "offset"
_LOSSES = ("loss", "valid_loss")
_LABEL = (str, bool, int, float)
_JSON_TYPES: dict[type, str] = {str: "text", dict: "an object", list: "a list"}
_T = TypeVar("_T")
_MOST_ROWS = 2**53  # doubles, R's numbers, hold whole numbers exactly up to here
_OUTCOMES = {
    "numbers": ("kind", "names", "center", "scale", "log", "vector"),
    "classes": ("kind", "name", "labels"),
}
_PARTS = (
    "versions",
    "settings",
    "own_loss",
    "inputs",
    "outcome",
    "device",
    "rows",
    "dropped",
    "epochs",
    "history",
    "best_epoch",
    "stopped",
    "data",
    "formula",
    "notes",
)


@with_default_torch_settings
def to_bytes(fit: Any) -> bytes:
    """Write a fitted network, a ``TwoLayer``, as bytes."""
    losses = fit.history.columns.drop("epoch")
    content = {
        "settings": fit.settings.plain(),
        "own_loss": callable(fit.settings.loss),
        "inputs": {"names": fit.inputs.names, "codings": [asdict(c) for c in fit.inputs.codings]},
        "outcome": _plain_outcome(fit.outcome),
        "device": fit.device,
        "rows": fit.rows,
        "dropped": fit.dropped,
        "epochs": len(fit.history),
        "history": list(losses),
        "best_epoch": fit.best_epoch,
        "stopped": fit.stopped,
        "data": dict(fit.data),
        "formula": fit.formula,
        "notes": dict(fit.notes),
    }
    if fit.offset:  # others leave it out, so that their bytes are those of earlier versions
        content[_OFFSET] = True
    tensors = dict(fit.network.state_dict())
    for name in losses:
        tensors[_HISTORY + name] = torch.from_numpy(fit.history[name].to_numpy(copy=True))
    return MODEL.pack(tensors, content)


def _plain_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as text and numbers."""
    if isinstance(outcome, Numbers):
        return {"kind": "numbers", **asdict(outcome)}
    pairs = zip(outcome.labels, outcome.outputs, strict=True)
    labels = [label if _is_plain(label) else name for label, name in pairs]
    return {"kind": "classes", "name": outcome.name, "labels": labels}


def _is_plain(label: Any) -> bool:
    """Whether JSON can hold a label; others, such as dates, become text."""
    return isinstance(label, _LABEL) and not (isinstance(label, float) and not math.isfinite(label))


def _specs(content: Content) -> TensorSpecs:
    """Check the content and return the expected tensors, without allocating them."""
    check_keys("entries", content, (*_PARTS, _OFFSET) if _OFFSET in content else _PARTS)
    if flag(_OFFSET, content.get(_OFFSET, False)) and content["outcome"]["kind"] != "numbers":
        raise ValueError("it has an offset, and its outcome is no number")
    settings, inputs = _settings(content), _encoder(content["inputs"])
    d_out = _outcome(content["outcome"]).width
    names, epochs = content["history"], count("epochs", content["epochs"], minimum=0)
    if names not in ([_LOSSES[0]], [*_LOSSES]):
        raise ValueError("its history has other columns than losses")
    network = outline(inputs.width, settings.hidden_units, d_out, settings.activation)
    weights = {name: ("F32", tuple(w.shape)) for name, w in network.state_dict().items()}
    return weights | {_HISTORY + name: ("F64", (epochs,)) for name in names}


def _attributes(tensors: Tensors, content: Content) -> dict[str, Any]:
    """Read the attributes of a ``TwoLayer``."""
    settings = _settings(content)
    inputs, outcome = _encoder(content["inputs"]), _outcome(content["outcome"])
    epochs, best = content["epochs"], content["best_epoch"]
    losses = {name: tensors.pop(_HISTORY + name).numpy() for name in content["history"]}
    network = outline(inputs.width, settings.hidden_units, outcome.width, settings.activation)
    network.load_state_dict(tensors, assign=True)
    return {
        "network": network.requires_grad_(False),
        "inputs": inputs,
        "outcome": outcome,
        "settings": settings,
        "device": _typed(content["device"], str),
        "rows": count("rows", content["rows"], maximum=_MOST_ROWS),
        "dropped": count("dropped", content["dropped"], minimum=0, maximum=_MOST_ROWS),
        "history": pd.DataFrame({"epoch": range(1, epochs + 1), **losses}),
        "best_epoch": None if best is None else count("best_epoch", best, maximum=epochs),
        "stopped": one_of("stopped", content["stopped"], get_args(Stopped)),
        "data": _checksums(content["data"]),
        "formula": None if content["formula"] is None else _typed(content["formula"], str),
        "notes": _typed(content["notes"], dict),
        "offset": content.get(_OFFSET, False),
    }


MODEL = Format("model", 3, _specs, _attributes)


def _typed(value: Any, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        raise ValueError(f"it has {type(value).__name__} where {_JSON_TYPES[kind]} is needed")
    return value


def _checksums(saved: Any) -> Mapping[str, int]:
    return {
        name: count(name, value, minimum=0, maximum=2**64)
        for name, value in _typed(saved, dict).items()
    }


def _settings(content: Content) -> Settings:
    """Read settings; a loss that was a function becomes a placeholder."""
    saved = _typed(content["settings"], dict)
    if AUTO in {**saved, "loss": None}.values():
        raise ValueError("its settings are not all known")
    if not flag("own_loss", content["own_loss"]):
        one_of("loss", saved["loss"], LOSSES)
        return Settings(**saved)
    return Settings(**{**saved, "loss": ForgottenLoss(_typed(saved["loss"], str))})


def _encoder(saved: Any) -> Encoder:
    check_keys("entries of its inputs", _typed(saved, dict), ("names", "codings"))
    names = _names(saved["names"])
    codings = tuple(_coding(_typed(coding, dict)) for coding in _typed(saved["codings"], list))
    if not codings or (names is not None and len(names) != len(codings)):
        raise ValueError("its names and columns differ in number")
    return Encoder(names, codings)


def _coding(saved: dict[str, Any]) -> Coding:
    if "levels" in saved:
        check_keys("entries of a column", saved, ("levels",))
        return LevelCoding(_texts(saved["levels"]))
    check_keys("entries of a column", saved, ("center", "scale", "limit"))
    limit = saved["limit"]
    return NumberCoding(
        _number(saved["center"]),
        _number(saved["scale"], least=0),
        None if limit is None else positive("limit", limit),
    )


def _outcome(saved: Any) -> Outcome:
    kind = _typed(_typed(saved, dict)["kind"], str)
    check_keys("entries of its outcome", saved, _OUTCOMES[kind])
    if kind == "classes":
        return _classes(saved["name"], _typed(saved["labels"], list))
    names = _names(saved["names"])
    center = tuple(_number(value) for value in _typed(saved["center"], list))
    scale = tuple(_number(value, least=5e-324) for value in _typed(saved["scale"], list))
    if not center or len(center) != len(scale) or (names is not None and len(names) != len(center)):
        raise ValueError("its names, centres and scales differ in number")
    return Numbers(names, center, scale, flag("log", saved["log"]), flag("vector", saved["vector"]))


def _classes(name: Any, labels: list[Any]) -> Classes:
    if not all(_is_plain(label) for label in labels):
        raise ValueError("its classes are neither text nor numbers")
    classes = Classes(None if name is None else _typed(name, str), tuple(labels))
    if len(set(classes.outputs)) < len(labels) or not labels:
        raise ValueError("its classes do not differ, or there are none")
    return classes


def _names(saved: Any) -> tuple[str, ...] | None:
    return None if saved is None else _texts(saved)


def _texts(saved: Any) -> tuple[str, ...]:
    texts = tuple(_typed(value, str) for value in _typed(saved, list))
    if len(set(texts)) < len(texts) or not texts:
        raise ValueError("its names or levels do not differ, or there are none")
    return texts


def _number(value: Any, *, least: float = -math.inf) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"it has {type(value).__name__} where a number is needed")
    number = float(value)
    if not math.isfinite(number) or number < least:
        raise ValueError("its centres and scales are not finite, or are too small")
    return number
