"""Training a prepared fit in several processes on this machine."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pytwolayer.checkpoints.folder import Checkpoints
from pytwolayer.checks import is_flag, size
from pytwolayer.errors import ArgumentError, PytwolayerWarning, ResumedWarning, warn_user
from pytwolayer.files.row_file import temporary_folder
from pytwolayer.fitting.prepare import (
    Hooks,
    PreparedFit,
    resume_run,
    run_trainer,
    train_together,
)
from pytwolayer.fitting.worker_task import OnEpochError, WorkerResult, WorkerTask
from pytwolayer.launching.job_file import Job, is_unsendable, scratch_folder
from pytwolayer.launching.run import run_workers
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.memory import release_gpu_memory
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import user_torch_settings
from pytwolayer.runtime.waiting import SILENCE, START, seconds
from pytwolayer.training.progress import Progress
from pytwolayer.training.settings import Settings
from pytwolayer.training.supervisor import Supervisor

_MODULE = "pytwolayer.fitting.worker_main"


def read_workers(workers: Any, settings: Settings, n_models: int) -> int:
    """Check the number of workers.

    Raises
    ------
    ArgumentError
    """
    number, shards = size("workers", workers), settings.shards
    if shards > 1 and n_models > 1:
        raise ArgumentError("shards", "1 where `n_models` is above 1", str(shards))
    if number == 1:
        return number
    if n_models > 1:
        raise ArgumentError("workers", "1 where `n_models` is above 1", str(number))
    if shards == 1:
        raise ArgumentError("workers", "1, or `shards` a multiple of it", str(number))
    if shards % number:
        expected = f"a divisor of `shards`, which is {shards}"
        raise ArgumentError("workers", expected, str(number))
    if callable(settings.loss) and is_unsendable(settings.loss):
        expected = (
            "one of the losses' names, or a Python function that other processes can import, where "
            "`workers` is above 1"
        )
        raise ArgumentError("loss", expected, "one that they cannot import")
    return number


@contextmanager
def scratch_for(workers: int) -> Iterator[Path | None]:
    """Make the scratch folder of a run of several workers; of one none is needed."""
    if workers == 1:
        yield None
        return
    with scratch_folder(temporary_folder()) as folder:
        yield folder


class WorkerTraining:
    """Trains in workers, as ``train_together()`` does in this process.

    Parameters
    ----------
    workers : int
    folder : Path
        The run's scratch folder, which has the encoded rows.
    device : torch.device
        Of which kind each worker has one.
    """

    def __init__(self, workers: int, folder: Path, device: torch.device) -> None:
        self._workers, self._folder, self._device = workers, folder, device.type

    def __call__(self, prepared: Sequence[PreparedFit], hooks: Hooks, interrupt: Interrupt) -> None:
        """Train one prepared fit; its ``result`` is set then, also where an error ended it."""
        (fit,) = prepared
        epochs, checkpoints = fit.settings.epochs, fit.checkpoints
        newest = None if checkpoints is None else checkpoints.newest
        if interrupt.pressed or (newest is not None and newest.has_ended(epochs)):
            train_together(prepared, hooks, interrupt)  # nothing is left to train
            return
        progress = hooks.progress(epochs) if hooks.progress is not None else None
        task = self._task(fit, hooks, shows_progress=progress is not None)
        release_gpu_memory()  # of a search in this process, on the first worker's GPU
        listener = _Listener(hooks, progress, interrupt)
        try:
            run_workers(self._job(task), self._folder, listener)
        except OnEpochError as problem:
            raise listener.problem or problem from None
        except Exception:
            if listener.result is None:
                with suppress(Exception):  # the first error is the one to tell
                    _finish_with_newest(fit, task.checkpoint)
            raise
        finally:
            if progress is not None:
                progress.close()
            if listener.result is not None:
                listener.result.pass_to(fit)

    def _job(self, task: WorkerTask) -> Job:
        start, silence = seconds(START), seconds(SILENCE)
        return Job(_MODULE, task, self._workers, start=start, silence=silence)

    def _task(self, fit: PreparedFit, hooks: Hooks, *, shows_progress: bool) -> WorkerTask:
        own = self._folder / "checkpoints"
        own.mkdir()
        checkpoints = fit.checkpoints
        if checkpoints is not None:
            checkpoints.newest = None  # the workers read it themselves
        return WorkerTask.of(
            fit,
            hooks,
            loss=fit.settings.loss,
            device=self._device,
            rows=fit.kept_rows,
            checkpoint=own if checkpoints is None else checkpoints.folder,
            checkpoint_every=None if checkpoints is None else checkpoints.every,
            shows_progress=shows_progress,
        )


def _finish_with_newest(fit: PreparedFit, folder: Path) -> None:
    """Finish a fit with the newest checkpoint of its run, as if Ctrl-C had come after it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PytwolayerWarning)
        checkpoints, interrupt = Checkpoints(folder, None), Interrupt()
        if checkpoints.newest is None:
            return
        interrupt.pressed = True

        def resume(supervisor: Supervisor) -> None:
            how = fit.optimizer, fit.parameters, fit.generator, fit.settings.epochs
            resume_run(checkpoints, supervisor, *how, validated=fit.valid_rows is not None)

        run_trainer([fit], fit.settings, interrupt, resume, fit.run_before)


class _Listener:
    """What the caller does during the run."""

    def __init__(self, hooks: Hooks, progress: Progress | None, interrupt: Interrupt) -> None:
        self._on_epoch, self._progress, self._interrupt = hooks.on_epoch, progress, interrupt
        self.problem: Exception | None = None
        self.result: WorkerResult | None = None

    @property
    def stops(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._interrupt.pressed

    def epoch(self, epoch: int, loss: float) -> None:
        """Show an epoch."""
        if self._progress is not None:
            self._progress.update(epoch, loss)

    def keep(self, value: WorkerResult) -> None:
        """Keep what the training ended with."""
        self.result = value

    def restarted(self, lost: int | None) -> None:
        """Tell of a worker that died."""
        who = "A worker" if lost is None else f"Worker {lost}"
        text = f"{who} has died. All were restarted, to continue from the newest checkpoint."
        warn_user(text, ResumedWarning)

    def answer(self, *question: Any) -> str:
        """Call the user's function."""
        if self._on_epoch is None:
            return "continues"
        try:
            with user_torch_settings():
                answer = self._on_epoch(*question)
        except KeyboardInterrupt:
            self._interrupt.pressed = True
            return "continues"
        except Exception as problem:  # noqa: BLE001 - raised once the workers have ended
            self.problem = problem
            return "failed"
        return "ends" if is_flag(answer) and not answer else "continues"
