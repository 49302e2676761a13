"""What each worker of a fit runs, on the machine of the caller."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pytwolayer.checkpoints.folder import Checkpoints
from pytwolayer.errors import CheckpointWarning, ResumedWarning
from pytwolayer.fitting.prepare import move_rows, resume_run, run_trainer
from pytwolayer.fitting.worker_task import OnEpochError, WorkerResult, WorkerTask
from pytwolayer.launching.worker import Channel, run_worker
from pytwolayer.network.architecture import flatten_parameters, two_layer_net
from pytwolayer.network.batches import EncodedRows
from pytwolayer.optim.optimizer import make_optimizer
from pytwolayer.runtime.device import current_device, is_gpu
from pytwolayer.runtime.own_gpus import own_gpu_of_worker
from pytwolayer.runtime.process_group import ProcessGroup, join_group, part_of
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import default_torch_settings
from pytwolayer.training.row_store import FilePages
from pytwolayer.training.supervisor import Supervisor
from pytwolayer.training.tracker import Run

_LONG = 7 * 86_400.0  # seconds: it is the caller who notices that a worker does not go on


class WorkerTrainee:
    """The fit of a task, as the trainer takes it; see ``Trainee``.

    Parameters
    ----------
    task : WorkerTask
    group : ProcessGroup
    device : torch.device
        This process's own; on a GPU it has the rows of its shards alone.
    keep : callable, optional
        Is given what the training ends with.
    """

    def __init__(
        self,
        task: WorkerTask,
        group: ProcessGroup,
        device: torch.device,
        keep: Callable[[WorkerResult], object] | None = None,
    ) -> None:
        settings, (d_in, d_out) = replace(task.settings, loss=task.loss), task.sizes
        self.settings, self.window = settings, task.window
        network = two_layer_net(d_in, settings.hidden_units, d_out, settings.activation)
        self.parameters = flatten_parameters(network, device, by_input=True, order=task.order)
        self.parameters.values.data.copy_(task.values)
        options = settings.optimizer, self.parameters, settings.optimizer_options
        self.optimizer = make_optimizer(*options)
        self.optimizer.set_state(task.optimizer)
        self.generator = cpu_generator(0)
        self.generator.set_state(task.generator)
        self._open(task)
        if is_gpu(device):
            self._move_to(device, part_of(settings.shards, group.rank, group.size))
        self._keep = keep

    def _open(self, task: WorkerTask) -> None:
        self.train_rows, pages = task.rows["x"].open(task.window)
        self.pages: FilePages | None = pages
        self.valid_rows: EncodedRows | None = None
        self.valid_pages: FilePages | None = None
        if "validation" in task.rows:
            self.valid_rows, self.valid_pages = task.rows["validation"].open(task.window)

    def _move_to(self, device: torch.device, own: range) -> None:
        move_rows(self, self.settings, own, device)
        self.pages = self.valid_pages = None

    def finish(self, run: Run) -> None:
        """Leave the result to the caller."""
        if self._keep is not None:
            self._keep(WorkerResult.of(self, run))


def train(task: WorkerTask, channel: Channel) -> None:
    """Do a worker's part of a task."""
    channel.steps = lambda: 0
    with join_group(_LONG, signs=False) as group:
        channel.steps = lambda: group.exchanges
        train_in(group, task, channel)


def train_in(group: ProcessGroup, task: WorkerTask, channel: Channel) -> None:
    """Do a worker's part of a task, in a group that has met."""
    device = own_gpu_of_worker() if task.device == "cuda" else torch.device("cpu")
    with default_torch_settings(), current_device(device):
        group.use_device(device)
        # Not by a file: the disk may be full by then.
        keep = channel.keep if group.rank == 0 else None
        trainee = WorkerTrainee(task, group, device, keep)
        with _without(CheckpointWarning):  # of which the caller has warned
            checkpoints = Checkpoints(task.checkpoint, task.checkpoint_every)
        checkpoints.claim(dict(task.facts), seed_given=True)

        def resume(supervisor: Supervisor) -> None:
            how = trainee.optimizer, trainee.parameters, trainee.generator, task.settings.epochs
            validated = trainee.valid_rows is not None
            with _without(*(() if channel.restarts == 0 else (ResumedWarning,))):
                resume_run(checkpoints, supervisor, *how, validated=validated)

        run_trainer(
            [trainee],
            trainee.settings,
            channel.interrupt,
            resume,
            task.before,
            group=group,
            on_epoch=_on_epoch(channel) if task.calls_on_epoch else None,
            progress=channel if task.shows_progress else None,
            checkpoints=checkpoints,
        )


@contextmanager
def _without(*categories: type[Warning]) -> Iterator[None]:
    with warnings.catch_warnings():
        for category in categories:
            warnings.simplefilter("ignore", category)
        yield


def _on_epoch(channel: Channel) -> Callable[[int, float], Any]:
    def on_epoch(epoch: int, loss: float) -> Any:
        answer = channel.ask(epoch, loss)
        if answer == "failed":
            raise OnEpochError("the caller has the error")
        return answer != "ends"

    return on_epoch


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    sys.exit(run_worker(sys.argv[1], train))
