"""A checkpoint as a file: all that the next epoch of a run depends on.

That is: weights, state of optimiser, generator, schedule and patience, losses, and the best and
the last good weights. The format is safetensors with JSON in the metadata. All of it is checked
before it is used, and reading runs no code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytwolayer.checkpoints.compatibility import Facts
from pytwolayer.checks import count, one_of, seed
from pytwolayer.files.safetensors_format import Content, Format, Tensors, TensorSpecs, check_keys
from pytwolayer.files.state_tree import check_same_structure, pack_tree, specs_of_tree, unpack_tree
from pytwolayer.models.model_file import read_tuning
from pytwolayer.network.windowed_batches import Window
from pytwolayer.preprocessing.calibration import read_calibration
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.settings import ADDED_LATER, KEPT

_PARTS = ("versions", "epoch", "facts", "state")
_FACTS = (
    "settings",
    "validation",
    "data",
    "loss_value",
    "start",
    "tuning",
    "calibration",
    "window",
)
_ENDS = ("epochs", "patience", "on_epoch")


def _specs(content: Content) -> TensorSpecs:
    content.setdefault("is_padded", False)
    check_keys("entries", content, (*_PARTS, "is_padded"))
    if not isinstance(content["is_padded"], bool):
        raise ValueError("`is_padded` is neither true nor false")
    count("epoch", content["epoch"])
    _check_facts(content["facts"])
    return specs_of_tree(content["state"])


def _check_facts(facts: Facts) -> None:
    facts.setdefault("tuning", None)  # of a run of an earlier version
    facts.setdefault("calibration", None)
    facts.setdefault("window", None)
    check_keys("entries in its facts", facts, _FACTS)
    read_tuning(facts["tuning"])
    read_calibration(facts["calibration"])
    # What a run of an earlier version lacks, and one with another loss than "quantile".
    facts["settings"] = ADDED_LATER | {"quantile_levels": None, "shards": 1} | facts["settings"]
    check_keys("settings", facts["settings"], KEPT)
    seed("seed", facts["settings"]["seed"])
    if facts["window"] is not None:
        for number in Window(*facts["window"]):
            count("window", number)
    if not isinstance(facts["data"], dict):
        raise ValueError("it does not say which data it belongs to")


def _build(tensors: Tensors, content: Content) -> tuple[int, Facts, Any, bool]:
    state = unpack_tree(content["state"], tensors)
    one_of("stopped", state["stopped"], _ENDS)
    return content["epoch"], content["facts"], state, content["is_padded"]


def _mark_padded(content: Content, number: int) -> Content:
    return {**content, "is_padded": True}


CHECKPOINT = Format("checkpoint", 2, _specs, _build, oldest=1, upgrade=_mark_padded)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as it was read.

    Attributes
    ----------
    path : Path
    epoch : int
        The last epoch that was done.
    facts : dict
        Identify the run; see ``compatibility``.
    state : dict
        Not yet checked against the run that resumes it.
    is_padded : bool
        Whether the vectors of parameters are those of format 1, see ``join_layers()``.
    """

    path: Path
    epoch: int
    facts: Facts
    state: Any
    is_padded: bool = False

    def has_ended(self, epochs: int) -> bool:
        """Whether its run of so many epochs has ended."""
        return self.epoch >= epochs or bool(self.state["stopped"] != "epochs")


def checkpoint_bytes(epoch: int, facts: Facts, state: Mapping[str, Any]) -> bytes:
    """Write a checkpoint as bytes."""
    packed, tensors = pack_tree(dict(state))
    return CHECKPOINT.pack(tensors, {"epoch": epoch, "facts": facts, "state": packed})


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    ArgumentError, FileFormatError
        If there is no such file, or it is something else or damaged.
    """
    return Checkpoint(path, *CHECKPOINT.load("checkpoint", path))


def check_state(
    newest: Checkpoint, model: Mapping[str, Any], epochs: int, *, validated: bool
) -> None:
    """Check that a state suits a run, except for the optimiser's.

    Raises
    ------
    ValueError, LookupError, TypeError, RuntimeError
        If not.
    """
    state, epoch = newest.state, count("epoch", newest.epoch, maximum=epochs)
    check_keys("entries in its state", state, model)
    watched = epoch if validated else 0
    empty = torch.empty(0, dtype=torch.float64)
    check_same_structure(state["losses"], empty.new_empty(epoch), "losses")
    check_same_structure(state["valid_losses"], empty.new_empty(watched), "valid_losses")
    if state["best_epoch"] is not None:
        count("best_epoch", state["best_epoch"], maximum=epoch)
    checked = ("losses", "valid_losses", "best_epoch", "stopped", "optimizer")
    for name in [name for name in model if name not in checked]:
        check_same_structure(state[name], model[name], name)
    torch.Generator().set_state(state["generator"])  # raises if it is no state
