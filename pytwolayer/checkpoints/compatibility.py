"""Compares the data and settings of two runs, and describes what differs."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytwolayer.checks import describe, quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.network.losses import users_loss
from pytwolayer.preprocessing.fingerprint import (
    FREQUENCIES,
    HELD_OUT,
    OUTCOME,
    PREDICTOR,
    WEIGHTS,
    checksums,
)
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.torch_loading import torch

Facts = dict[str, Any]
_SAME_VALUE = 1e-4  # relative; last digits differ between devices
_FEW = 5  # columns that a message names
_WORDS = {
    WEIGHTS: "weights of the rows",
    FREQUENCIES: "frequencies of the rows",
    HELD_OUT: "held-out rows",
}


def probe_loss(loss: Any, y: torch.Tensor) -> float | None:
    """Compute a loss function's value on made-up output, to compare it with another run's.

    None for a loss that has a name, for a function that gives two values, and for one that
    fails, of which the training will give the error.
    """
    if not callable(loss):
        return None
    output = torch.linspace(-1, 1, y.numel(), dtype=y.dtype, device=y.device).view_as(y)
    gpus = [y.device] if y.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=gpus):  # it may draw numbers
            once, again = (users_loss(loss, output, y.clone(), None)[0].item() for _ in range(2))
    except Exception:  # noqa: BLE001 - whatever a function of the user's raises
        return None
    return once if once == again and math.isfinite(once) else None


def checksum_of_start(fit: TwoLayer) -> int:
    """Return a checksum of the weights and history that a run starts from."""
    total = zlib.crc32(fit.history.to_numpy(dtype="float64").tobytes())
    for tensor in fit.network.state_dict().values():
        total = zlib.crc32(tensor.contiguous().numpy().tobytes(), total)
    return total


def differences(before: Facts, now: Facts, *, but: tuple[str, ...] = ()) -> list[str]:
    """Describe the differences of two runs; none if they are the same.

    Parameters
    ----------
    before, now : dict
        ``settings``, ``validation``, ``data`` (checksums), ``loss_value`` and ``start``.
    but : tuple of str
        Settings that are not compared.
    """
    wanted = {"shards": 1, **now["settings"], "validation": now["validation"]}
    found = {"shards": 1, **before["settings"], "validation": before["validation"]}
    changed = [name for name in wanted if name not in but and found[name] != wanted[name]]
    parts = [
        f"`{name}` ({describe(found[name])}, now {describe(wanted[name])})" for name in changed
    ]
    if "loss" not in changed and not _same_value(before["loss_value"], now["loss_value"]):
        parts.append("what the `loss` function gives")
    data = _data_differences(before["data"], now["data"])
    if {"seed", "validation"} & set(changed):
        data = [text for text in data if text != _WORDS[HELD_OUT]]  # follows from it
    parts += data
    if before["start"] != now["start"]:
        parts.append("the fit that it goes on from")
    return parts


def _same_value(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is now
    return math.isclose(before, now, rel_tol=_SAME_VALUE, abs_tol=_SAME_VALUE)


def _data_differences(old: Mapping[str, int], new: Mapping[str, int]) -> list[str]:
    """Describe the differences of data by their checksums."""
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    columns = [name for name in {**old, **new} if name.startswith((PREDICTOR, OUTCOME))]
    if [name for name in old if name in new] != [name for name in new if name in old]:
        return ["the order of the training data's columns"]
    parts = []
    if len(columns) > 1 and set(columns) <= set(changed) and set(old) == set(new):
        parts.append("all of the training data, or the order of their rows")
    else:
        parts += _named("training data", PREDICTOR, old, new)
        parts += _named("outcome", OUTCOME, old, new)
    return parts + [text for name, text in _WORDS.items() if name in changed]


def _named(what: str, prefix: str, old: Mapping[str, int], new: Mapping[str, int]) -> list[str]:
    names = [name for name in {**old, **new} if name.startswith(prefix)]
    kinds = {
        "without": [name for name in names if name not in new],
        "with": [name for name in names if name not in old],
        "": [name for name in names if name in old and name in new and old[name] != new[name]],
    }
    parts = [f"{how} {_listed(prefix, which)}".strip() for how, which in kinds.items() if which]
    return [f"{what} ({', '.join(parts)})"] if parts else []


def _listed(prefix: str, names: list[str]) -> str:
    columns = "columns" if len(names) > 1 else "column"
    return f"{columns} {quote_some([name.removeprefix(prefix) for name in names], _FEW)}"


def refuse_other_data(before: TwoLayer, data: Mapping[str, int]) -> None:
    """Check that the data are those of the fit that is continued.

    Raises
    ------
    ArgumentError
        If not; it says what differs.
    """
    # Without checksums, and if no epoch was finished, the history decides.
    had = HELD_OUT in before.data if before.data else "valid_loss" in before.history
    if had != (HELD_OUT in data):
        expected = "that of the fit, which held rows out" if had else "0, as in the fit"
        raise ArgumentError("validation", expected, "0" if had else "rows held out")
    _refuse_differences("the data of the fit that goes on", before.data, data)


def _refuse_differences(expected: str, old: Mapping[str, int], new: Mapping[str, int]) -> None:
    # A fit of data that came part by part has no checksums.
    found = _data_differences(old, new) if old else []
    if found:
        raise ArgumentError("x", expected, f"others, which differ in {', '.join(found)}")


def refuse_other_tables(before: TwoLayer, data: TrainingData) -> None:
    """Check that predictors and outcome are those of a fit.

    Raises
    ------
    ArgumentError
        If not; it says what differs.
    """
    had = {name: value for name, value in before.data.items() if name not in _WORDS}
    sums = checksums(replace(data, weights=None, counts=None), None) if had else {}
    _refuse_differences("the data of the fit", had, sums)
