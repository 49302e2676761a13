"""A fit in each of the processes that a launcher has started: the first one gets it."""

import inspect
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pytwolayer.checks import describe
from pytwolayer.errors import ArgumentError, PytwolayerWarning
from pytwolayer.files.row_file import temporary_folder
from pytwolayer.fitting.members import Member, compare
from pytwolayer.fitting.prepare import PreparedFit
from pytwolayer.fitting.shared_files import find_leaders
from pytwolayer.fitting.train_in_group import GroupTraining, join_training, share_task
from pytwolayer.fitting.two_layer import (
    DATA,
    fit_two_layer,
    prepare_fit,
    read_data,
    read_validation,
    two_layer,
)
from pytwolayer.launching.job_file import scratch_folder
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.runtime.process_group import ProcessGroup, join_group
from pytwolayer.runtime.threads import limit_threads
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import default_torch_settings
from pytwolayer.runtime.waiting import SILENCE, START, seconds
from pytwolayer.training.settings import Settings

_CPU = torch.device("cpu")
_NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def is_launched() -> bool:
    """Whether a launcher's environment describes a group of processes, this one among them."""
    return all(name in os.environ for name in _NAMES)


@contextmanager
def joined_group() -> Iterator[ProcessGroup]:
    """Join these processes; whatever fails here is told to the others."""
    with join_group(_CPU, seconds(SILENCE), seconds(START)) as group:
        try:
            yield group
        except Exception as problem:
            group.tell_failure(problem)
            raise


def fit_in_group(config: Mapping[str, Any], group: ProcessGroup) -> TwoLayer | None:
    """Fit with these arguments of ``two_layer()``; None but in the first process."""
    bound = inspect.signature(two_layer).bind(**config)
    bound.apply_defaults()
    arguments = bound.arguments
    compare(group.gather(Member.here(arguments)))
    _refuse_unsuited(arguments, group)
    leader = find_leaders(group)[group.rank]
    # With one thread, so that the number of processes changes no bit.
    with default_torch_settings(), limit_threads(0):
        if group.rank == 0:
            train = None if group.size == 1 else GroupTraining(group)
            fit: TwoLayer = fit_two_layer(arguments, encoded=False, train=train).fit
            return fit
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PytwolayerWarning)  # which the first process gives
            _join(arguments, group, leader)
    return None


def _join(arguments: Mapping[str, Any], group: ProcessGroup, leader: int) -> None:
    task = share_task(group, None)
    given = arguments["loss"]
    loss = given if callable(given) else task.settings.loss
    if group.rank != leader:  # which has the rows
        join_training(group, task, None, loss, leader)
        return
    with scratch_folder(temporary_folder()) as scratch:
        settings = task.settings
        fit = _prepare(arguments, settings, loss, scratch)
        join_training(group, task, fit, loss, leader)


def _prepare(
    arguments: Mapping[str, Any], settings: Settings, loss: Any, scratch: Any
) -> PreparedFit:
    """Prepare the same fit as the first process did, for its rows."""
    data_given = {name: arguments[name] for name in DATA}
    share, own = read_validation(arguments["validation"])
    data = read_data(data_given, (share, own), arguments["na_action"], loss=loss)
    with_loss = replace(settings, loss=loss)
    return prepare_fit(data_given, data, with_loss, share, _CPU, scratch=scratch)


def _refuse_unsuited(arguments: Mapping[str, Any], group: ProcessGroup) -> None:
    if arguments["workers"] != 1:
        expected = "1 where a launcher has started the processes"
        raise ArgumentError("workers", expected, describe(arguments["workers"]))
    if group.size == 1:
        return
    shards, n_models, device = (arguments[name] for name in ("shards", "n_models", "device"))
    if not isinstance(shards, int) or shards < 1 or shards % group.size:
        expected = f"a multiple of the number of processes, which is {group.size}"
        raise ArgumentError("shards", expected, describe(shards))
    if n_models != 1:
        raise ArgumentError("n_models", "1 where there are several processes", describe(n_models))
    if str(device) != "cpu":
        expected = '"cpu" where there are several processes'
        raise ArgumentError("device", expected, describe(str(device)))
