"""A fitted network as bytes: tensors as safetensors, all else as JSON in their metadata.

``load`` makes a fit of them. The class is not imported here, since its ``save()`` imports this
module. R reads and writes the same format: see ``R/file-save-load.R`` and
``docs/model-file.md``.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar, get_args

import pandas as pd

from pytwolayer.checks import LARGEST_SIZE, between, count, flag, one_of, positive
from pytwolayer.files.safetensors_format import Content, Format, Tensors, TensorSpecs, check_keys
from pytwolayer.network.architecture import outline
from pytwolayer.network.losses import LOSSES, ForgottenLoss
from pytwolayer.preprocessing.block_writer import Coding, LevelCoding
from pytwolayer.preprocessing.calibration import Calibration, read_calibration, sets_of
from pytwolayer.preprocessing.column_reading import level_name
from pytwolayer.preprocessing.encoder import ENCODINGS, Encoder
from pytwolayer.preprocessing.labels import LABELS
from pytwolayer.preprocessing.outcome import Classes, Numbers, Outcome
from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.spread import NEGATIVE_BINOMIAL, NORMAL
from pytwolayer.preprocessing.standardize import NumberCoding
from pytwolayer.preprocessing.trials import SUCCESSES_AND_FAILURES
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.settings import ADDED_LATER, AUTO, LARGEST_RATE, Settings
from pytwolayer.training.tracker import Stopped

_HISTORY = "history."
_OFFSET, _CALIBRATION = "offset", "calibration"
_OPTIONAL = (_OFFSET, _CALIBRATION)  # left out where there is none
_LOSSES = ("loss", "valid_loss")
_LABEL = (str, bool, int, float)
_JSON_TYPES: dict[type, str] = {
    str: "text",
    dict: "an object",
    list: "a list",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}
_T = TypeVar("_T")
_MOST_ROWS = 2**53  # doubles, R's numbers, hold whole numbers exactly up to here
TUNING = ("encoding", "learning_rate", "weight_decay", "fold", "valid_loss")
# What outcomes have where it is so; others leave it out, as files of earlier versions do.
_FLAGS = ("logit", "trials", "sd", "theta")
_SOMETIMES = (*_FLAGS, "labels")
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
    "tuning",
)


@with_default_torch_settings
def to_bytes(fit: Any) -> bytes:
    """Write a fitted network, a ``TwoLayer``, as bytes."""
    losses = {name: column for name, column in fit.history.items() if name != "epoch"}
    content = {
        "settings": fit.settings.plain(),
        "own_loss": callable(fit.settings.loss),
        "inputs": {"names": fit.inputs.names, "codings": [vars(c) for c in fit.inputs.codings]},
        "outcome": _plain_outcome(fit.outcome),
        "device": fit.device,
        "rows": fit.rows,
        "dropped": fit.dropped,
        "epochs": len(fit.history),
        "history": [*losses],
        "best_epoch": fit.best_epoch,
        "stopped": fit.stopped,
        "data": dict(fit.data),
        "formula": fit.formula,
        "notes": dict(fit.notes),
        "tuning": plain_tuning(fit.tuning),
    }
    if fit.offset:  # others leave it out, so that their bytes are those of earlier versions
        content[_OFFSET] = True
    if fit.calibration is not None:
        content[_CALIBRATION] = fit.calibration.plain()
    tensors = dict(fit.network.state_dict())
    for name, column in losses.items():
        tensors[_HISTORY + name] = torch.from_numpy(column.to_numpy(copy=True))
    return MODEL.pack(tensors, content)


def _plain_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as text and numbers."""
    if isinstance(outcome, Numbers):
        values = {name: getattr(outcome, name) for name in (*_OUTCOMES["numbers"][1:], *_SOMETIMES)}
        values["labels"] = [[_as_plain(label) for label in pair] for pair in outcome.labels]
        plain = {"kind": "numbers", **values}
        return {name: plain[name] for name in plain if name not in _SOMETIMES or plain[name]}
    pairs = zip(outcome.labels, outcome.outputs, strict=True)
    labels = [label if _is_plain(label) else name for label, name in pairs]
    return {"kind": "classes", "name": outcome.name, "labels": labels}


def plain_tuning(tuning: pd.DataFrame | None) -> dict[str, list[Any]] | None:
    """Return the table as lists; JSON has no infinite loss, which becomes None."""
    if tuning is None:
        return None
    lists = {name: tuning[name].tolist() for name in TUNING}
    losses = [loss if math.isfinite(loss) else None for loss in lists["valid_loss"]]
    return {**lists, "valid_loss": losses}


def _is_plain(label: Any) -> bool:
    """Whether JSON can hold a label; others, such as dates, become text."""
    return isinstance(label, _LABEL) and not (isinstance(label, float) and not math.isfinite(label))


def _specs(content: Content) -> TensorSpecs:
    """Check the content and return the expected tensors, without allocating them."""
    check_keys("entries", content, (*_PARTS, *(name for name in _OPTIONAL if name in content)))
    if flag(_OFFSET, content.get(_OFFSET, False)) and content["outcome"]["kind"] != "numbers":
        raise ValueError("it has an offset, but its outcome is not numeric")
    settings, inputs = _settings(content), _encoder(content["inputs"])
    _check_pieces(inputs, settings)
    read_tuning(content["tuning"])
    calibration = saved_calibration(content)
    outcome = _outcome(content["outcome"], settings)
    if calibration is not None and len(calibration.scores) != sets_of(outcome):
        raise ValueError("its calibration does not fit its outcome")
    d_out = outcome.width
    names, epochs = content["history"], count("epochs", content["epochs"], minimum=0)
    if names not in ([_LOSSES[0]], [*_LOSSES]):
        raise ValueError("its history has columns that are not losses")
    network = outline(inputs.width, settings.hidden_units, d_out, settings.activation)
    weights = {name: ("F32", tuple(w.shape)) for name, w in network.state_dict().items()}
    return weights | {_HISTORY + name: ("F64", (epochs,)) for name in names}


def _attributes(tensors: Tensors, content: Content) -> dict[str, Any]:
    """Read the attributes of a ``TwoLayer``."""
    settings = _settings(content)
    inputs, outcome = _encoder(content["inputs"]), _outcome(content["outcome"], settings)
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
        "tuning": read_tuning(content["tuning"]),
        "calibration": saved_calibration(content),
    }


def saved_calibration(content: Content) -> Calibration | None:
    """Read the calibration of a file, if it has one."""
    if _CALIBRATION not in content:
        return None
    return read_calibration(_typed(content[_CALIBRATION], dict))


def _upgrade(content: Content, number: int) -> Content:
    """Add what files of format 3 do not have."""
    old = _typed(content["settings"], dict)
    for what, added, found in (("entries", {"tuning"}, content), ("settings", ADDED_LATER, old)):
        check_keys(what, found, found.keys() - added)
    return {**content, "settings": {**old, **ADDED_LATER}, "tuning": None}


MODEL = Format("model", 4, _specs, _attributes, oldest=3, upgrade=_upgrade)


def _typed(value: Any, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        raise ValueError(f"it has {_JSON_TYPES[type(value)]} where {_JSON_TYPES[kind]} is needed")
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
        raise ValueError("not all of its settings are known")
    if not flag("own_loss", content["own_loss"]):
        one_of("loss", saved["loss"], LOSSES)
        return Settings(**saved)
    return Settings(**{**saved, "loss": ForgottenLoss(_typed(saved["loss"], str))})


def _encoder(saved: Any) -> Encoder:
    check_keys("entries in its inputs", _typed(saved, dict), ("names", "codings"))
    names = _names(saved["names"])
    codings = tuple(_coding(_typed(coding, dict)) for coding in _typed(saved["codings"], list))
    if not codings or (names is not None and len(names) != len(codings)):
        raise ValueError("its names and columns differ in number")
    return Encoder(names, codings)


def _coding(saved: dict[str, Any]) -> Coding:
    if "levels" in saved:
        check_keys("column entries", saved, ("levels",))
        return LevelCoding(_texts(saved["levels"]))
    pieces = ("knots",) if "knots" in saved else ()
    check_keys("column entries", saved, (*pieces, "center", "scale", "limit"))
    limit = None if saved["limit"] is None else positive("limit", saved["limit"])
    if pieces:
        return _piecewise(saved, limit)
    return NumberCoding(_number(saved["center"]), _number(saved["scale"], least=0), limit)


def _piecewise(saved: dict[str, Any], limit: float | None) -> PiecewiseCoding:
    knots, center, scale = (
        tuple(_number(value, least=least) for value in _typed(saved[name], list))
        for name, least in (("knots", -math.inf), ("center", -math.inf), ("scale", 0))
    )
    if len(knots) < 3 or {len(center), len(scale)} != {len(knots) - 1}:
        raise ValueError("it has the wrong number of knots, centres or scales")
    steps = [end - start for start, end in pairwise(knots)]
    if not all(0 < step < math.inf for step in steps):
        raise ValueError("its knots do not ascend, or are too far apart")
    return PiecewiseCoding(knots, center, scale, limit)


def _check_pieces(inputs: Encoder, settings: Settings) -> None:
    most = settings.pieces if settings.encoding == "piecewise" else 1
    if any(isinstance(c, PiecewiseCoding) and c.width > most for c in inputs.codings):
        raise ValueError("its columns have more pieces than its settings allow")


def read_tuning(saved: Any) -> pd.DataFrame | None:
    """Read what ``plain_tuning()`` wrote.

    Raises
    ------
    ValueError, LookupError, TypeError
        If it is something else.
    """
    if saved is None:
        return None
    check_keys("entries in its tuning", _typed(saved, dict), TUNING)
    if len({len(_typed(saved[name], list)) for name in TUNING}) > 1 or not saved["fold"]:
        raise ValueError("its tuning has columns of different lengths, or no rows")
    losses = [math.inf if loss is None else _number(loss) for loss in saved["valid_loss"]]
    return pd.DataFrame(
        {
            "encoding": [one_of("encoding", each, ENCODINGS) for each in saved["encoding"]],
            "learning_rate": [
                positive("learning_rate", each, maximum=LARGEST_RATE)
                for each in saved["learning_rate"]
            ],
            "weight_decay": [
                between("weight_decay", each, 0, LARGEST_RATE) for each in saved["weight_decay"]
            ],
            "fold": [count("fold", each, maximum=LARGEST_SIZE) for each in saved["fold"]],
            "valid_loss": losses,
        }
    )


def _outcome(saved: Any, settings: Settings) -> Outcome:
    outcome = _saved_outcome(saved)
    levels = settings.quantile_levels
    flags = {"sd": NORMAL, "theta": NEGATIVE_BINOMIAL} | (
        {"labels": LABELS} if isinstance(outcome, Numbers) else {}
    )
    if any(bool(getattr(outcome, f, False)) != (settings.loss == of) for f, of in flags.items()):
        raise ValueError("its loss does not suit its outcome")
    if levels is None:
        return outcome
    if isinstance(outcome, Classes) or outcome.width > 1:
        raise ValueError("it has quantiles, but its outcome is not a single number")
    return replace(outcome, quantile_levels=levels)


def _saved_outcome(saved: Any) -> Outcome:
    kind = _typed(_typed(saved, dict)["kind"], str)
    sometimes = [name for name in _SOMETIMES if kind == "numbers" and name in saved]
    check_keys("entries in its outcome", saved, (*_OUTCOMES[kind], *sometimes))
    if kind == "classes":
        return _classes(saved["name"], _typed(saved["labels"], list))
    names = _names(saved["names"])
    center = tuple(_number(value) for value in _typed(saved["center"], list))
    scale = tuple(_number(value, least=5e-324) for value in _typed(saved["scale"], list))
    more: Any = {name: flag(name, saved.get(name, False)) for name in _FLAGS}
    more["labels"] = tuple(_pair(pair) for pair in _typed(saved.get("labels", []), list))
    if more["labels"] and (len(more["labels"]) != len(center) or not more["logit"]):
        raise ValueError("its labels and its outcomes differ in number")
    columns = SUCCESSES_AND_FAILURES if more["trials"] else len(center)
    if not center or len(center) != len(scale) or (names is not None and len(names) != columns):
        raise ValueError("its names, centres and scales differ in number")
    log, vector = flag("log", saved["log"]), flag("vector", saved["vector"])
    if more["trials"] and not more["logit"]:
        raise ValueError("it has `trials` without `logit`")
    if more["sd"] and more["theta"]:
        raise ValueError("it has both a standard deviation and a theta")
    return Numbers(names, center, scale, log, vector, **more)


def _as_plain(label: Any) -> Any:
    return label if _is_plain(label) else level_name(label)


def _pair(saved: Any) -> tuple[Any, Any]:
    pair = _typed(saved, list)
    if len(pair) != 2 or not all(_is_plain(label) for label in pair):
        raise ValueError("its labels are not pairs of text or numbers")
    if len({level_name(label) for label in pair}) < 2:
        raise ValueError("the two labels of a pair are the same")
    return pair[0], pair[1]


def _classes(name: Any, labels: list[Any]) -> Classes:
    if not all(_is_plain(label) for label in labels):
        raise ValueError("its classes are neither text nor numbers")
    classes = Classes(None if name is None else _typed(name, str), tuple(labels))
    if len(set(classes.outputs)) < len(labels) or not labels:
        raise ValueError("its classes are not distinct, or there are none")
    return classes


def _names(saved: Any) -> tuple[str, ...] | None:
    return None if saved is None else _texts(saved)


def _texts(saved: Any) -> tuple[str, ...]:
    texts = tuple(_typed(value, str) for value in _typed(saved, list))
    if len(set(texts)) < len(texts) or not texts:
        raise ValueError("its names or levels are not distinct, or there are none")
    return texts


def _number(value: Any, *, least: float = -math.inf) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"it has {_JSON_TYPES[type(value)]} where a number is needed")
    number = float(value)
    if not math.isfinite(number) or number < least:
        raise ValueError("one of its numbers is not finite, or is too small")
    return number
