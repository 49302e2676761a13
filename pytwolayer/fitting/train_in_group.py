"""Training a fit in processes that a launcher has started, on one machine or several.

The first process prepares the fit and has it at the end. On each other machine one process encodes
the rows, as the first one did, into a file that all processes there map.
"""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytwolayer._version import __version__
from pytwolayer.errors import WorkerError
from pytwolayer.fitting.prepare import (
    Hooks,
    PreparedFit,
    run_trainer,
    set_run_state,
    train_together,
)
from pytwolayer.fitting.worker_main import WorkerTrainee
from pytwolayer.fitting.worker_task import WorkerTask
from pytwolayer.runtime.interrupt import Interrupt, watch_for_interrupt
from pytwolayer.runtime.process_group import ProcessGroup
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.supervisor import Supervisor


@dataclass(frozen=True)
class Member:
    """What the processes of a group have to know of each other.

    Attributes
    ----------
    host : str
        The machine.
    versions : str
        Of this package and of PyTorch.
    asked : dict
        The arguments that are numbers or texts.
    """

    host: str
    versions: str
    asked: dict[str, Any]

    @classmethod
    def here(cls, arguments: Mapping[str, Any]) -> "Member":
        """Describe this process."""
        plain = (bool, int, float, str, type(None))
        asked = {
            name: value
            for name, value in arguments.items()
            if isinstance(value, plain) and name not in ("verbose", "x")
        }
        versions = f"pytwolayer {__version__} and torch {torch.__version__}"
        return cls(platform.node(), versions, asked)


def compare(members: Sequence[Member]) -> None:
    """Raise if a process is of another version, or was asked for another fit, than the first.

    Raises
    ------
    WorkerError
    """
    first = members[0]
    for rank, member in enumerate(members):
        if member.versions != first.versions:
            what = f"has {member.versions}, where worker 0 on {first.host} has {first.versions}"
            raise WorkerError(rank, member.host, what)
        for name in sorted(member.asked.keys() | first.asked.keys()):
            own, firsts = (each.asked.get(name) for each in (member, first))
            if own != firsts:
                what = f"was given {own!r} as `{name}`, where worker 0 on {first.host} was given "
                raise WorkerError(rank, member.host, f"{what}{firsts!r}")


class GroupTraining:
    """Trains with other processes, as ``train_together()`` does alone; for the first one.

    Parameters
    ----------
    group : ProcessGroup
    """

    def __init__(self, group: ProcessGroup) -> None:
        self._group = group

    def __call__(self, prepared: Sequence[PreparedFit], hooks: Hooks, interrupt: Interrupt) -> None:
        """Train one prepared fit; its ``result`` is set then, also where an error ended it."""
        (fit,) = prepared
        share_task(self._group, _task(fit, hooks))
        share_rows(self._group, fit)
        newest = None if fit.checkpoints is None else fit.checkpoints.newest

        def resume(supervisor: Supervisor) -> None:
            state = None if newest is None else newest.state
            fit.resume(supervisor)
            self._group.from_first(state)

        train_together(prepared, hooks, interrupt, group=self._group, resume=resume)


def _task(fit: PreparedFit, hooks: Hooks) -> WorkerTask:
    nowhere = Path()
    return WorkerTask.of(
        fit,
        hooks,
        loss=None,  # each process was given it
        rows={},
        checkpoint=nowhere,
        checkpoint_every=None if fit.checkpoints is None else 1,
        shows_progress=False,
        result=nowhere,
    )


def share_task(group: ProcessGroup, task: WorkerTask | None) -> WorkerTask:
    """Give the first process's task to all, after all that it has to do before."""
    group.wait_for_all()
    shared: WorkerTask = group.from_first(task)
    return shared


def share_rows(group: ProcessGroup, fit: PreparedFit | None) -> dict[str, Any]:
    """Return where the rows on this machine are, after those who encode them have done so.

    ``fit`` is what has the rows, where this process encoded them.

    Raises
    ------
    WorkerError
        If the data differ from machine to machine.
    """
    group.wait_for_all()
    here = platform.node()
    own = None if fit is None else (here, dict(fit.kept_rows), fit.facts()["data"])
    found = group.gather(own)
    for rank, each in enumerate(found):
        if each is not None and each[2] != found[0][2]:
            raise WorkerError(rank, each[0], f"has other data than worker 0 on {found[0][0]}")
    rows: dict[str, Any] = next(each[1] for each in found if each is not None and each[0] == here)
    return rows


class _NoCheckpoints:
    """Stands for the first process's checkpoints in the others."""

    def is_due(self, epoch: int) -> bool:
        """Whether to save: never here."""
        return False

    def save(self, epoch: int, state: Mapping[str, Any]) -> None:
        """Leave it to the first process."""


def join_training(
    group: ProcessGroup, task: WorkerTask, fit: PreparedFit | None, loss: Any
) -> None:
    """Train with the first process, in another one.

    Parameters
    ----------
    group : ProcessGroup
    task : WorkerTask
        The first process's.
    fit : PreparedFit or None
        What has the rows for this machine, if this process encoded them.
    loss : str or callable
    """
    rows = share_rows(group, fit)
    trainee = WorkerTrainee(replace(task, rows=rows, loss=loss), group.rank)

    def resume(supervisor: Supervisor) -> None:
        state = group.from_first(None)
        if state is not None:
            set_run_state(state, supervisor, trainee.optimizer, trainee.generator)

    with watch_for_interrupt() as interrupt:
        run_trainer(
            [trainee],
            trainee.settings,
            interrupt,
            resume,
            task.before,
            group=group,
            on_epoch=_leave_it if task.calls_on_epoch else None,
            checkpoints=None if task.checkpoint_every is None else _NoCheckpoints(),
        )


def _leave_it(epoch: int, loss: float) -> None:
    """Leave it to the first process."""
