"""Training a fit in processes that a launcher has started, on one machine or several.

The first process has the fit at the end. Either each process prepares it with the others, of which
it encodes its part of the rows; or the first one prepares it, and on each other machine one process
encodes the rows, as the first one did, into a file that all processes there map.
"""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

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
from pytwolayer.runtime.device import is_gpu
from pytwolayer.runtime.interrupt import Interrupt, watch_for_interrupt
from pytwolayer.runtime.process_group import ProcessGroup, part_of
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.supervisor import Supervisor


class GroupTraining:
    """Trains with other processes, as ``train_together()`` does alone; for the first one.

    Parameters
    ----------
    group : ProcessGroup
    device : torch.device
        This process's, on which the fit is not yet.
    """

    def __init__(self, group: ProcessGroup, device: torch.device) -> None:
        self._group, self._device = group, device

    def __call__(self, prepared: Sequence[PreparedFit], hooks: Hooks, interrupt: Interrupt) -> None:
        """Train one prepared fit; its ``result`` is set then, also where an error ended it."""
        (fit,) = prepared
        share(self._group, _task(fit, hooks))
        share_rows(self._group, fit, 0)
        if is_gpu(self._device):
            own = part_of(fit.settings.shards, self._group.rank, self._group.size)
            fit.move_to(self._device, own)
        newest = None if fit.checkpoints is None else fit.checkpoints.newest

        def resume(supervisor: Supervisor) -> None:
            state = None if newest is None else newest.state
            fit.resume(supervisor)
            self._group.from_first(state)

        train_together(prepared, hooks, interrupt, group=self._group, resume=resume)


def _task(fit: PreparedFit, hooks: Hooks) -> WorkerTask:
    return WorkerTask.of(
        fit,
        hooks,
        loss=None,  # each process was given it
        device="",  # and has selected its own
        rows={},
        checkpoint=Path(),  # the first process's own
        checkpoint_every=None if fit.checkpoints is None else 1,
        shows_progress=False,
    )


def share(group: ProcessGroup, value: Any) -> Any:
    """Give the first process's value to all, after all that it has to do before."""
    group.wait_for_all()
    return group.from_first(value)


class _Trainee(WorkerTrainee):
    """The fit of a task in a process that has encoded rows itself, or finds them in a file."""

    def __init__(
        self, task: WorkerTask, group: ProcessGroup, device: torch.device, own: PreparedFit | None
    ) -> None:
        self._own = own
        super().__init__(task, group, device)

    def _open(self, task: WorkerTask) -> None:
        if self._own is None:
            super()._open(task)
            return
        self.train_rows, self.pages = self._own.train_rows, self._own.pages
        self.valid_rows, self.valid_pages = self._own.valid_rows, self._own.valid_pages


def share_rows(group: ProcessGroup, fit: PreparedFit | None, leader: int) -> dict[str, Any]:
    """Return where the rows on this machine are, after those who encode them have done so.

    ``fit`` is what has the rows, where this process encoded them; ``leader`` is the rank of the one
    on this machine that did.

    Raises
    ------
    WorkerError
        If the data differ from machine to machine.
    """
    group.wait_for_all()
    own = None if fit is None else (platform.node(), dict(fit.kept_rows), fit.facts()["data"])
    found = group.gather(own)
    for rank, each in enumerate(found):
        if each is not None and each[2] != found[0][2]:
            raise WorkerError(rank, each[0], f"has different data from worker 0 on {found[0][0]}")
    rows: dict[str, Any] = found[leader][1]
    return rows


class _NoCheckpoints:
    """Stands for the first process's checkpoints in the others."""

    def is_due(self, epoch: int) -> bool:
        """Whether to save: never here."""
        return False

    def save(self, epoch: int, state: Mapping[str, Any]) -> None:
        """Leave it to the first process."""


def join_training(
    group: ProcessGroup,
    task: WorkerTask,
    fit: PreparedFit | None,
    loss: Any,
    leader: int,
    device: torch.device,
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
    leader : int
        The rank that encoded them.
    device : torch.device
        This process's.
    """
    rows = share_rows(group, fit, leader)
    own = None if rows else fit  # whose rows are in no file that has a name
    trainee = _Trainee(replace(task, rows=rows, loss=loss), group, device, own)

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
