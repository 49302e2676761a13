"""What workers are given of a prepared fit, and what comes back of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytwolayer.checkpoints.compatibility import Facts
from pytwolayer.errors import PytwolayerError
from pytwolayer.fitting.prepare import Hooks, PreparedFit
from pytwolayer.fitting.starting_point import on_cpu
from pytwolayer.network.windowed_batches import Window
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.row_store import KeptRows
from pytwolayer.training.settings import Settings
from pytwolayer.training.tracker import Run

Tensor = torch.Tensor


class OnEpochError(PytwolayerError):
    """The user's function failed in the caller's process, which has its error."""


@dataclass(frozen=True)
class WorkerTask:
    """A prepared fit for other processes.

    Attributes
    ----------
    settings : Settings
        Without "auto".
    loss : str or callable
        The settings' own: settings that are pickled may forget a function.
    sizes : tuple of int
        Numbers of inputs and outputs.
    order : Tensor or None
        See ``flatten_parameters()``.
    values : Tensor
        The parameters.
    optimizer : dict
        The optimiser's state.
    generator : Tensor
        The generator's.
    device : str
        The kind of device that each worker has one of.
    rows : mapping
        Where the rows are: "x", and "validation" if some are held out.
    window : Window or None
    before : Run or None
        The run that this one continues.
    facts : dict
        Of the checkpoints.
    checkpoint : Path
        Their folder.
    checkpoint_every : int or None
    calls_on_epoch, shows_progress : bool
        Whether the caller has something to do after an epoch.
    """

    settings: Settings
    loss: Any
    sizes: tuple[int, int]
    order: Tensor | None
    values: Tensor
    optimizer: dict[str, Any]
    generator: Tensor
    device: str
    rows: Mapping[str, KeptRows]
    window: Window | None
    before: Run | None
    facts: Facts
    checkpoint: Path
    checkpoint_every: int | None
    calls_on_epoch: bool
    shows_progress: bool

    @classmethod
    def of(cls, fit: PreparedFit, hooks: Hooks, **others: Any) -> "WorkerTask":
        """Take from a prepared fit what is its own; ``others`` are the further attributes."""
        return cls(
            settings=fit.settings,
            sizes=(fit.train_rows.x.shape[1], fit.train_rows.y.shape[1]),
            order=fit.order,
            values=fit.parameters.values.data,
            optimizer=fit.optimizer.state(),
            generator=fit.generator.get_state(),
            window=fit.window,
            before=fit.run_before,
            facts=fit.facts(),
            calls_on_epoch=hooks.on_epoch is not None,
            **others,
        )


@dataclass(frozen=True)
class WorkerResult:
    """What rank 0 ends with, also after an error."""

    run: Run
    values: Tensor
    optimizer: dict[str, Any]
    generator: Tensor

    @classmethod
    def of(cls, trainee: Any, run: Run) -> "WorkerResult":
        """Take it from a fit whose training has ended."""
        state = on_cpu(trainee.optimizer.state()), trainee.generator.get_state()
        return cls(run, trainee.parameters.values.data.cpu(), *state)

    def pass_to(self, prepared: PreparedFit) -> None:
        """Finish the fit with it."""
        prepared.parameters.values.data.copy_(self.values)
        prepared.optimizer.set_state(self.optimizer)
        prepared.generator.set_state(self.generator)
        prepared.finish(self.run)
