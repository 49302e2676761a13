"""A fit in each of the processes that a launcher has started: the first one gets it."""

import inspect
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from pytwolayer.checks import describe
from pytwolayer.errors import ArgumentError, PytwolayerWarning
from pytwolayer.files.open_table import is_in_parts
from pytwolayer.files.row_file import temporary_folder
from pytwolayer.fitting.members import Member, compare
from pytwolayer.fitting.own_part import OwnPart
from pytwolayer.fitting.prepare import PreparedFit
from pytwolayer.fitting.shared_files import find_leaders
from pytwolayer.fitting.train_in_group import (
    GroupTraining,
    join_training,
    share,
)
from pytwolayer.fitting.two_layer import (
    DATA,
    fit_two_layer,
    prepare_fit,
    read_cache,
    read_data,
    read_validation,
    two_layer,
)
from pytwolayer.launching.job_file import scratch_folder
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.device import current_device
from pytwolayer.runtime.last_words import last_words
from pytwolayer.runtime.own_gpus import VisibleGpus, kind_asked_for, select_among
from pytwolayer.runtime.process_group import ProcessGroup, join_group
from pytwolayer.runtime.threads import limit_threads
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import default_torch_settings
from pytwolayer.runtime.waiting import SILENCE, START, seconds
from pytwolayer.training.settings import Settings

_CPU = torch.device("cpu")
_STARTS = "RESTART_COUNT", "MAX_RESTARTS"
_ENDED = (
    "The launcher has ended this process by SIGTERM, as where another one has died, which its "
    "own report names."
)
_NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def is_launched() -> bool:
    """Whether a launcher's environment describes a group of processes, this one among them."""
    return all(name in os.environ for name in _NAMES)


@contextmanager
def joined_group() -> Iterator[ProcessGroup]:
    """Join these processes; whatever fails here is told to the others.

    Where the launcher ends the first process, it says so.
    """
    joined: list[ProcessGroup] = []
    words = last_words(lambda: _why_ended(joined))
    with words, join_group(seconds(SILENCE), seconds(START)) as group:
        joined.append(group)
        try:
            yield group
        except Exception as problem:
            group.tell_failure(problem)
            raise


def _why_ended(joined: Sequence[ProcessGroup]) -> str | None:
    """Say why the launcher ends the first process, unless it starts all anew."""
    if os.environ.get("RANK") != "0" or os.environ.get("WORLD_SIZE") == "1":
        return None
    # torchrun's; others start nothing anew.
    started, most = (int(os.environ.get(f"TORCHELASTIC_{name}", 0)) for name in _STARTS)
    if started < most:
        return None
    failed = joined[0].who_failed() if joined else None
    return _ENDED if failed is None else str(failed)


def fit_in_group(config: Mapping[str, Any], group: ProcessGroup) -> TwoLayer | None:
    """Fit with these arguments of ``two_layer()``; None but in the first process.

    Where the rows are in Parquet files, each process reads a part of them. Of other data one
    process on each machine reads all, and encodes those that are trained on there. With GPUs each
    process has one of its own.
    """
    bound = inspect.signature(two_layer).bind(**config)
    bound.apply_defaults()
    arguments = bound.arguments
    compare(group.gather(Member.here(arguments)))
    _refuse_unsuited(arguments, group)
    # With one thread, so that the number of processes changes no bit.
    with default_torch_settings(), limit_threads(0):
        if group.size == 1:
            return _fit(arguments)
        device = _own_device(arguments["device"], group)
        with current_device(device):
            group.use_device(device)
            return _fit_together(arguments, group, device)


def _own_device(given: Any, group: ProcessGroup) -> torch.device:
    if kind_asked_for(given) == "cpu":
        return _CPU
    return select_among(given, group.rank, group.gather(VisibleGpus.here(given)))


def _fit_together(
    arguments: Mapping[str, Any], group: ProcessGroup, device: torch.device
) -> TwoLayer | None:
    leaders = find_leaders(group)
    part = _own_part(arguments, group, leaders)
    if group.rank == 0:
        divides = part.division is not None
        tell = {"tell_tuned": partial(share, group)} if divides else {}
        train = GroupTraining(group, device)
        return _fit({**arguments, "device": device}, train=train, part=part, **tell)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PytwolayerWarning)  # which the first process gives
        if part.division is not None:
            _join_reading(arguments, group, part, device)
        else:
            _join(arguments, group, part, leaders[group.rank], device)
    return None


def _fit(arguments: Mapping[str, Any], **how: Any) -> TwoLayer:
    fit: TwoLayer = fit_two_layer(arguments, encoded=False, **how).fit
    return fit


def agree_on_division(group: ProcessGroup, data: Any) -> Division | None:
    """Return how the processes divide passes over a table; None if not each can read a part."""
    can = all(group.gather(is_in_parts(data)))
    return Division(group) if can and group.size > 1 else None


def _own_part(arguments: Mapping[str, Any], group: ProcessGroup, leaders: list[int]) -> OwnPart:
    """Say what this process reads and encodes; all have to be of one mind whether all read."""
    shards = arguments["shards"]
    followers = [rank for rank, its in enumerate(leaders) if its == leaders[group.rank]]
    division = agree_on_division(group, arguments["x"])
    if division is not None:
        return OwnPart(division.part_of(shards), division, len(followers))
    each = shards // group.size
    return OwnPart(range(followers[0] * each, (followers[-1] + 1) * each))


def _join_reading(
    arguments: Mapping[str, Any], group: ProcessGroup, part: OwnPart, device: torch.device
) -> None:
    """Read, prepare and train with the first process."""
    given = arguments["loss"]
    data = _read(arguments, given, part.division)
    settings = _with_loss(share(group, None), given)
    cache = read_cache(arguments["cache"])
    fit = _prepare(arguments, data, settings, part, device, cache=cache)
    del data
    task = share(group, None)
    loss = _with_loss(task.settings, given).loss
    join_training(group, task, fit, loss, group.rank, device)


def _join(
    arguments: Mapping[str, Any],
    group: ProcessGroup,
    part: OwnPart,
    leader: int,
    device: torch.device,
) -> None:
    """Train with the first process, after the leader on this machine has read the rows."""
    task = share(group, None)
    settings = _with_loss(task.settings, arguments["loss"])
    if group.rank != leader:
        join_training(group, task, None, settings.loss, leader, device)
        return
    with scratch_folder(temporary_folder()) as scratch:
        data = _read(arguments, settings.loss)
        fit = _prepare(arguments, data, settings, part, device, scratch=scratch)
        del data
        join_training(group, task, fit, settings.loss, leader, device)


def _with_loss(settings: Settings, given: Any) -> Settings:
    """Return the first process's settings with the function that this one was given, if any."""
    return replace(settings, loss=given) if callable(given) else settings


def _read(
    arguments: Mapping[str, Any], loss: Any, division: Division | None = None
) -> TrainingData:
    given = {name: arguments[name] for name in DATA}
    held_out = read_validation(arguments["validation"])
    return read_data(given, held_out, arguments["na_action"], loss=loss, division=division)


def _prepare(
    arguments: Mapping[str, Any],
    data: TrainingData,
    settings: Settings,
    part: OwnPart,
    device: torch.device,
    **how: Any,
) -> PreparedFit:
    """Prepare the same fit as the first process does, for its rows."""
    given = {name: arguments[name] for name in DATA}
    share, _ = read_validation(arguments["validation"])
    return prepare_fit(given, data, settings, share, device, part=part, **how)


def _refuse_unsuited(arguments: Mapping[str, Any], group: ProcessGroup) -> None:
    if arguments["workers"] != 1:
        expected = "1 where a launcher has started the processes"
        raise ArgumentError("workers", expected, describe(arguments["workers"]))
    if group.size == 1:
        return
    kind_asked_for(arguments["device"])
    shards, n_models = arguments["shards"], arguments["n_models"]
    if not isinstance(shards, int) or shards < 1 or shards % group.size:
        expected = f"a multiple of the number of processes, which is {group.size}"
        raise ArgumentError("shards", expected, describe(shards))
    if n_models != 1:
        raise ArgumentError("n_models", "1 where there are several processes", describe(n_models))
