"""Whether two runs are of the same data and settings, and if not, what differs."""

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pytwolayer.arguments import shown
from pytwolayer.encoder import Encoder
from pytwolayer.errors import ArgumentError
from pytwolayer.loss import users_loss
from pytwolayer.model import TwoLayer
from pytwolayer.model_file import plain_outcome
from pytwolayer.outcome import Outcome
from pytwolayer.settings import Settings
from pytwolayer.torch_loading import torch

Facts = dict[str, Any]
_PROBE_ROWS = 8
_SAME_VALUE = 1e-4  # relative; a device's last digits are its own
_ROUNDING = 1e-9
_FEW = 5  # columns that a message names
# Settings by which the rows that are trained on are chosen or put together.
_CHOOSE_ROWS = ("seed", "validation", "input_clip", "batch_size", "dropout", "optimizer", "loss")
_SPLIT = ("seed", "validation", "input_clip")


def facts_of(
    settings: Settings, inputs: Encoder, outcome: Outcome, data: Mapping[str, int]
) -> Facts:
    """Give what tells a run from others, as text and numbers alone."""
    facts = {
        "settings": settings.plain(),
        "names": inputs.names,
        "codings": [asdict(coding) for coding in inputs.codings],
        "outcome": plain_outcome(outcome),
        "data": dict(data),
    }
    plain: Facts = json.loads(json.dumps(facts))
    return plain


def probe_loss(loss: Any, y: torch.Tensor) -> float | None:
    """Compute a loss that is a function on made-up output, to know it again.

    None for a loss that has a name, and for one that is not the same twice.
    """
    if not callable(loss):
        return None
    y = y[:_PROBE_ROWS].clone()
    output = torch.linspace(-1, 1, y.numel(), dtype=y.dtype, device=y.device).view_as(y)
    once, again = (users_loss(loss, output, y.clone(), None)[0].item() for _ in range(2))
    return once if once == again and math.isfinite(once) else None


def start_of(fit: TwoLayer) -> int:
    """Give a checksum of what a run goes on from: weights and history."""
    total = zlib.crc32(fit.history.to_numpy(dtype="float64").tobytes())
    for tensor in fit.network.state_dict().values():
        total = zlib.crc32(tensor.contiguous().numpy().tobytes(), total)
    return total


def differences(before: Facts, now: Facts, *, but: tuple[str, ...] = ()) -> list[str]:
    """Say in what two runs differ; nothing where they are one.

    Parameters
    ----------
    before, now : dict
        What ``facts_of()`` gave, and more: ``validation``, ``loss_value`` and ``start``.
    but : tuple of str
        Settings that are not looked at.
    """
    wanted = {**now["settings"], "validation": now.get("validation")}
    found = {**before["settings"], "validation": before.get("validation")}
    changed = [name for name in wanted if name not in but and found.get(name) != wanted[name]]
    said = [f"`{name}` ({shown(found.get(name))}, now {shown(wanted[name])})" for name in changed]
    if "loss" not in changed and not _same_value(before.get("loss_value"), now.get("loss_value")):
        said.append("what the `loss` function gives")
    if not set(changed) & set(_SPLIT):
        said += _data_differences(before, now, exact=not set(changed) & set(_CHOOSE_ROWS))
    if before.get("start") != now.get("start"):
        said.append("the fit that it goes on from")
    return said


def _same_value(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is now
    return math.isclose(before, now, rel_tol=_SAME_VALUE, abs_tol=_SAME_VALUE)


def _data_differences(before: Facts, now: Facts, *, exact: bool) -> list[str]:
    said = _columns(before, now, exact)
    if not _alike(before["outcome"], now["outcome"], exact):
        said.append("the outcome")
    if said or not exact:
        return said
    old, new = before["data"], now["data"]
    changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    words = {
        "predictors": "values or order of the training rows",
        "outcome": "values or order of the outcome",
        "weights": "weights of the rows",
        "held_out": "held-out rows",
    }
    if "predictors" in changed and "outcome" in changed:
        changed.remove("outcome")  # other rows, or another order of them
    return [words.get(name, shown(name)) for name in changed]


def _columns(before: Facts, now: Facts, exact: bool) -> list[str]:
    old, new = _by_name(before), _by_name(now)
    gone = [name for name in old if name not in new]
    added = [name for name in new if name not in old]
    if gone or added:
        lacks = [f"lacks {_listed(gone)}"] if gone else []
        has = [f"also has {_listed(added)}"] if added else []
        return [f"the training data's columns ({', '.join(lacks + has)})"]
    changed = [name for name in new if not _alike(old[name], new[name], exact)]
    if not changed and list(old) != list(new):
        return ["the order of the training data's columns"]
    word = "column" if len(changed) == 1 else "columns"
    return [f"training data ({word} {_listed(changed)})"] if changed else []


def _by_name(facts: Facts) -> dict[str, Any]:
    codings = facts["codings"]
    names = facts["names"] or [str(number + 1) for number in range(len(codings))]
    return dict(zip(names, codings, strict=True))


def _listed(names: list[str]) -> str:
    few = ", ".join(f'"{name}"'[:60] for name in names[:_FEW])
    return few if len(names) <= _FEW else f"{few} and {len(names) - _FEW} more"


def _alike(old: Any, new: Any, exact: bool) -> bool:
    """Compare codings; where rows may have been put together in another order, but for rounding."""
    if exact or not isinstance(new, dict) or "center" not in new:
        return bool(old == new)
    if not isinstance(old, dict) or set(old) != set(new):
        return False
    near = all(_near(old[name], new[name], new["scale"]) for name in ("center", "scale"))
    others = set(new) - {"center", "scale"}
    return near and all(old[name] == new[name] for name in others)


def _near(old: Any, new: Any, scale: Any) -> bool:
    if not isinstance(new, list):
        return math.isclose(old, new, rel_tol=_ROUNDING, abs_tol=_ROUNDING * scale)
    pairs = zip(old, new, scale, strict=True)
    return len(old) == len(new) and all(_near(a, b, s) for a, b, s in pairs)


def refuse_other_data(
    before: TwoLayer, inputs: Encoder, outcome: Outcome, data: Mapping[str, int]
) -> None:
    """Check that a fit that goes on has the data of the fit before.

    Raises
    ------
    ArgumentError
        If not; it says what differs.
    """
    had = "held_out" in before.data
    if before.data and had != ("held_out" in data):
        expected = "that of the fit, which held rows out" if had else "0, as in the fit"
        raise ArgumentError("validation", expected, "0" if had else "rows held out")
    settings = before.settings
    old = facts_of(settings, before.inputs, before.outcome, before.data)
    # A fit of data that came part by part has no checksums.
    new = facts_of(settings, inputs, outcome, data if before.data else {})
    found = _data_differences(old, new, exact=True)
    if found:
        received = f"others, which differ in {', '.join(found)}"
        raise ArgumentError("x", "the data of the fit that goes on", received)
