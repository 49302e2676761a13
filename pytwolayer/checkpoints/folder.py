"""The folder with a run's checkpoints, from which it can be resumed."""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pytwolayer.checkpoints.checkpoint_file import (
    CHECKPOINT,
    Checkpoint,
    check_state,
    checkpoint_bytes,
    read_checkpoint,
)
from pytwolayer.checkpoints.compatibility import Facts, differences
from pytwolayer.checkpoints.padded_vectors import join_layers
from pytwolayer.checks import size
from pytwolayer.errors import (
    ArgumentError,
    CheckpointWarning,
    PytwolayerError,
    ResumedWarning,
    warn_user,
)
from pytwolayer.files.row_file import read_folder
from pytwolayer.files.safetensors_format import READ_ERRORS
from pytwolayer.models.model_file import read_tuning
from pytwolayer.network.architecture import FlatParameters
from pytwolayer.network.windowed_batches import Window
from pytwolayer.optim.optimizer import Optimizer
from pytwolayer.preprocessing.calibration import Calibration, read_calibration
from pytwolayer.training.settings import AUTO

_KEPT = 3  # newest checkpoints
_SECONDS = 10.0  # the shortest time between two checkpoints with "auto",
_COST = 100  # and so many times that of writing one, which so costs 1 % at most
_NAME = re.compile(r"epoch-(\d{8,})\.safetensors")
_UNFINISHED = ".epoch-"  # prefix of a file that is being written


@contextmanager
def checkpoints_in(checkpoint: Any, every: Any) -> "Iterator[Checkpoints | None]":
    """Lock a folder for this run; yields None if none is given.

    Raises
    ------
    ArgumentError
        If it cannot be made or written to, another run has it, or its checkpoints are damaged.
    """
    automatic = isinstance(every, str) and every == AUTO
    number = None if automatic else size("checkpoint_every", every)
    if checkpoint is None:
        if number is not None:
            raise ArgumentError("checkpoint", "given with `checkpoint_every`", "missing")
        yield None
        return
    folder = read_folder("checkpoint", checkpoint)
    with _locked(folder):
        yield Checkpoints(folder, number)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder, or raise if another run has it; the system unlocks it for a killed one."""
    with ExitStack() as opened:
        try:
            # A network's file system may lock only what is open for writing, as no folder can be.
            if not _lock(opened, folder, os.O_RDONLY):
                _lock(opened, folder / ".lock", os.O_RDWR | os.O_CREAT)
        except BlockingIOError as problem:
            received = f'"{folder}", which a run is using'
            raise ArgumentError(
                "checkpoint", "a folder that no other run uses", received
            ) from problem
        yield


def _lock(opened: ExitStack, path: Path, flags: int) -> bool:
    """Lock a path; return whether that is possible here."""
    try:
        import fcntl

        handle = os.open(path, flags, 0o666)
        opened.callback(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except (ImportError, OSError):
        return False
    # Closing alone would leave the lock to a child process that was forked in the meantime.
    opened.callback(fcntl.flock, handle, fcntl.LOCK_UN)
    return True


class Checkpoints:
    """The checkpoints of one run.

    Parameters
    ----------
    folder : Path
    every : int or None
        Epochs from one to the next; None: by time, see ``_SECONDS``.
    """

    def __init__(self, folder: Path, every: int | None) -> None:
        self.folder, self.every = folder, every
        self.newest = self._read_newest()
        self._facts: Facts = {}
        self._more: Callable[[], Mapping[str, Any]] = dict
        self._next, self._has_warned = 0.0, False

    @property
    def seed(self) -> int | None:
        """The seed of the run whose checkpoints are here."""
        return self.settings.get("seed")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the run whose checkpoints are here; empty without any."""
        return {} if self.newest is None else self.newest.facts["settings"]

    @property
    def tuning(self) -> pd.DataFrame | None:
        """What that run's settings were chosen by; None: nothing was searched."""
        return None if self.newest is None else read_tuning(self.newest.facts["tuning"])

    @property
    def calibration(self) -> Calibration | None:
        """What that search kept for prediction intervals."""
        return None if self.newest is None else read_calibration(self.newest.facts["calibration"])

    @property
    def window(self) -> Window | None:
        """How this run's batches are drawn from rows on disk; None: from all rows."""
        window = self._facts["window"]
        return None if window is None else Window(*window)

    def _read_newest(self) -> Checkpoint | None:
        try:
            found = _files(self.folder)
        except OSError as problem:
            received = f'"{self.folder}": {problem.strerror}'
            raise ArgumentError("checkpoint", "a folder that can be read", received) from problem
        for _, path in sorted(found, reverse=True):
            try:
                return read_checkpoint(path)
            except PytwolayerError as problem:
                if getattr(problem, "newer", False):  # this version cannot resume its run
                    raise
                warn_user(f"{problem} It is skipped.", CheckpointWarning)
        if found:
            received = f'"{self.folder}", whose checkpoints are all damaged'
            expected = (
                "a folder with a checkpoint that can be read, or another folder to start again"
            )
            raise ArgumentError("checkpoint", expected, received)
        return None

    def claim(self, facts: Facts, *, seed_given: bool) -> None:
        """Check that the checkpoints here, if there are any, are of this run.

        Raises
        ------
        ArgumentError
            If not, or none can be written here.
        """
        self._facts = facts
        if self.newest is not None:
            # Rows are drawn as at first, however much memory there is now.
            facts["window"] = self.newest.facts["window"]
            but = () if seed_given else ("seed",)
            try:
                found = differences(self.newest.facts, facts, but=but)
            except READ_ERRORS as problem:
                raise CHECKPOINT.error(problem, self.newest.path) from problem
            if found:
                expected = "the folder of a run of the same data and settings"
                received = f"one that differs in {', '.join(found)}"
                raise ArgumentError("checkpoint", expected, received)
            if self.newest.has_ended(facts["settings"]["epochs"]):
                return
        self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            for path in self.folder.glob(_UNFINISHED + "?" * 8):  # of a run that was killed
                if path.is_file():
                    path.unlink(missing_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as problem:
            received = f'"{self.folder}": {problem.strerror}'
            raise ArgumentError("checkpoint", "a folder to write to", received) from problem

    def begin(self, more: Callable[[], Mapping[str, Any]]) -> None:
        """Start saving; ``more()`` returns the state besides the supervisor's."""
        self._more = more
        self._next = time.monotonic() + _SECONDS

    def is_due(self, epoch: int) -> bool:
        """Whether to save after this epoch, counted from 1."""
        if self.every is not None:
            return epoch % self.every == 0
        return time.monotonic() >= self._next

    def save(self, epoch: int, state: Mapping[str, Any]) -> None:
        """Write a checkpoint; where that fails, warn once and continue without."""
        start = time.monotonic()
        path = self.folder / f"epoch-{epoch:08}.safetensors"
        try:
            data = checkpoint_bytes(epoch, self._facts, {**state, **self._more()})
            if path.is_symlink():  # its target must not be overwritten
                path.unlink()
            CHECKPOINT.write("checkpoint", path, data, prefix=_UNFINISHED)
            self._remove_old(epoch)
        # PyTorch raises RuntimeError if there is no memory for the copy.
        except (PytwolayerError, OSError, MemoryError, RuntimeError) as problem:
            self._warn(problem)
        now = time.monotonic()
        self._next = now + max(_SECONDS, _COST * (now - start))

    def _remove_old(self, epoch: int) -> None:
        old = sorted(file for file in _files(self.folder) if file[0] <= epoch)
        for _, path in old[:-_KEPT]:
            path.unlink(missing_ok=True)

    def _warn(self, problem: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            warn_user(
                f"A checkpoint could not be written; training continues: {problem}",
                CheckpointWarning,
            )

    def resume(
        self,
        model: Mapping[str, Any],
        optimizer: Optimizer,
        parameters: FlatParameters,
        epochs: int,
        *,
        validated: bool,
    ) -> Any:
        """Return the state of the newest checkpoint, checked, and warn that the run is resumed.

        Parameters
        ----------
        model : dict
            A state of this run, as the form to compare with.
        optimizer : Optimizer
        parameters : FlatParameters
        epochs : int
            Number of epochs of the whole run.
        validated : bool
            Whether rows are held out.

        Raises
        ------
        FileFormatError
            If it is not of this form.
        """
        newest = self.newest
        if newest is None:
            return None
        try:
            if newest.is_padded:
                newest = replace(newest, state=join_layers(newest.state, parameters))
            check_state(newest, model, epochs, validated=validated)
            optimizer.refuse_other_state(newest.state["optimizer"])
        except READ_ERRORS as problem:
            raise CHECKPOINT.error(problem, newest.path) from problem
        self._warn_of_resuming(newest, epochs)
        self.newest = None  # frees its memory
        return newest.state

    def _warn_of_resuming(self, newest: Checkpoint, epochs: int) -> None:
        where = f'after epoch {newest.epoch} of {epochs}, from the checkpoint in "{self.folder}".'
        ended = newest.has_ended(epochs)
        text = f"This is the fit of a run that ended {where}" if ended else f"Continuing {where}"
        warn_user(text, ResumedWarning)


def has_checkpoints(folder: str | Path | None) -> bool:
    """Whether there are any in this folder, readable or not."""
    try:
        return folder is not None and bool(_files(Path(folder)))
    except (OSError, TypeError, ValueError):  # no folder: the fit itself raises
        return False


def _files(folder: Path) -> list[tuple[int, Path]]:
    found = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return [(int(name[1]), path) for name, path in found if name is not None]
