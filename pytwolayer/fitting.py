"""From checked data to a fitted network: the way that every fit takes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.batches import Batches, Dropout, Rows
from pytwolayer.column import Doubles
from pytwolayer.defaults import suit
from pytwolayer.encoder import Encoder
from pytwolayer.errors import ArgumentError, DeviceMemoryError, DivergenceError, InterruptWarning
from pytwolayer.gradient import ClosedFormGradient
from pytwolayer.held_out import split
from pytwolayer.interrupt import Interrupt, watch_for_interrupt
from pytwolayer.memory import enough_memory, fit_change, fit_work
from pytwolayer.model import TwoLayer
from pytwolayer.network import (
    cpu_generator,
    draw_initial_weights,
    flatten_parameters,
    own_parameters,
    two_layer_net,
)
from pytwolayer.optimizer import make_optimizer
from pytwolayer.outcome import Outcome, outcome_of
from pytwolayer.progress import Progress
from pytwolayer.schedule import Schedule
from pytwolayer.settings import AUTO, Settings
from pytwolayer.supervisor import Run, Supervisor
from pytwolayer.threads import survive_fork, threads_for
from pytwolayer.torch_loading import torch
from pytwolayer.train import train
from pytwolayer.training_data import TrainingData
from pytwolayer.warn import warn_user

_LEFT_OUT = "Their rows are left out."
OnEpoch = Callable[[int, float], object]


@dataclass(frozen=True)
class Hooks:
    """What is told of a run while it goes on.

    Attributes
    ----------
    on_epoch : callable or None
        ``on_epoch(epoch, loss)``; False ends the run.
    progress : callable or None
        Makes, of the number of epochs, what shows the progress.
    """

    on_epoch: OnEpoch | None = None
    progress: Callable[[int], Progress | None] | None = None


@dataclass(frozen=True)
class Memory:
    """What a run leaves besides the network, for one that goes on from there."""

    optimizer: dict[str, Any]
    generator: torch.Tensor


@dataclass(frozen=True)
class Start:
    """Where a run goes on from: a fit, with its weights and encoding.

    Attributes
    ----------
    fit : TwoLayer
    memory : Memory or None
        If it is to go on as if it had not been stopped.
    """

    fit: TwoLayer
    memory: Memory | None = None


class Fitting:
    """One fit: the data encoded, the network at its start, ready to be trained.

    Parameters
    ----------
    data : TrainingData
    settings : Settings
    share : float
        Of the rows to hold out, where the data do not say which.
    device : torch.device
    start : Start, optional
    partial : bool
        Whether more data are to come, so that rows of one class alone will do.

    Raises
    ------
    ArgumentError
        If the data do not fit the settings or the start.
    DeviceMemoryError
        If there is no room for data and network on the device.
    """

    def __init__(
        self,
        data: TrainingData,
        settings: Settings,
        share: float,
        device: torch.device,
        start: Start | None = None,
        *,
        partial: bool = False,
    ) -> None:
        survive_fork()
        batch = settings.batch_size if isinstance(settings.batch_size, int) else data.rows
        sizes = data.rows, len(data.predictors.columns), settings.hidden_units, batch
        with enough_memory(device, fit_work(*sizes), fit_change(*sizes, device)):
            self._prepare(data, settings, share, device, start, partial)

    def _prepare(
        self,
        data: TrainingData,
        settings: Settings,
        share: float,
        device: torch.device,
        start: Start | None,
        partial: bool,
    ) -> None:
        self._generator = cpu_generator(settings.seed)
        memory = None if start is None else start.memory
        if memory is not None:
            self._generator.set_state(memory.generator)
        rows, dropped = data.rows, data.dropped
        watched = share > 0 or data.held_out is not None
        data, self._settings = suit(settings, data, held_out=watched)
        training, held_out = split(data, share, self._generator)
        inputs, outcome = _coding(training, self._settings, start, partial)
        if self._settings.loss == AUTO:
            self._settings = replace(self._settings, loss=outcome.usual_loss)
        coding = inputs, outcome, self._settings, device
        self._learning = _encode("x", training, *coding)
        self._watching = None if held_out is None else _encode("validation", held_out, *coding)
        network = self._network(inputs.width, outcome.width, start)
        self._parameters = flatten_parameters(network, device)
        self._optimizer = make_optimizer(
            self._settings.optimizer, self._parameters, self._settings.tuning
        )
        if memory is not None:
            self._optimizer.set_state(memory.optimizer)
        self._fit = TwoLayer(
            network, inputs, outcome, self._settings, str(device), rows, dropped, pd.DataFrame()
        )

    def _network(self, d_in: int, d_out: int, start: Start | None) -> torch.nn.Sequential:
        settings = self._settings
        network = two_layer_net(d_in, settings.hidden_units, d_out, settings.activation)
        if start is None:
            draw_initial_weights(network, self._generator)
        else:
            network.load_state_dict(start.fit.network.state_dict())
        return network

    def memory(self) -> Memory:
        """Give what is needed to go on from here."""
        return Memory(_on_cpu(self._optimizer.state()), self._generator.get_state())

    def train(self, hooks: Hooks) -> TwoLayer:
        """Train the network.

        Raises
        ------
        DivergenceError
            If the loss is no longer finite; it has the fit so far.
        DeviceMemoryError
            If there is no room for a step; it has the fit so far, if an epoch is done. This
            fitting is of no use then.
        """
        progress = hooks.progress(self._settings.epochs) if hooks.progress is not None else None
        try:
            with watch_for_interrupt() as interrupt, threads_for(self._multiplications()):
                run = self._run_in_memory(hooks, progress, interrupt)
        finally:
            if progress is not None:
                progress.close()
        fit = self._finished(run)
        if run.stopped == "divergence":
            raise DivergenceError(len(run.losses), fit)
        if run.stopped == "interrupt":
            _warn_of_interrupt(fit)
        return fit

    def _sizes(self) -> tuple[int, int, int, int]:
        """Count rows, inputs, hidden units and rows of a batch."""
        rows, d_in = self._learning.x.shape
        batch = min(rows, self._settings.batch_size or rows)
        return rows, d_in, self._settings.hidden_units, batch

    def _multiplications(self) -> int:
        """Count those of a step's largest matrix product."""
        _, d_in, hidden_units, batch = self._sizes()
        return batch * d_in * hidden_units

    def _run_in_memory(self, hooks: Hooks, progress: Progress | None, interrupt: Interrupt) -> Run:
        device, sizes = self._parameters.values.device, self._sizes()
        try:
            with enough_memory(device, fit_work(*sizes), fit_change(*sizes, device)):
                return self._run(hooks, progress, interrupt)
        except DeviceMemoryError:  # holds this fitting, and would hold all of it
            del self._learning, self._watching, self._parameters, self._optimizer
            raise

    def _run(self, hooks: Hooks, progress: Progress | None, interrupt: Interrupt) -> Run:
        settings, parameters, watching = self._settings, self._parameters, self._watching
        device = parameters.values.device
        gradient = self._gradient(device)
        supervisor = Supervisor(
            parameters.values.data,
            settings.epochs,
            self._optimizer,
            Schedule(settings.schedule, settings.learning_rate, settings.epochs),
            interrupt,
            validate=None if watching is None else gradient.evaluator(*watching),
            patience=settings.patience,
            on_epoch=hooks.on_epoch,
            progress=progress,
        )
        summed = settings.reduction == "sum"
        batches = Batches(self._learning, settings.batch_size, self._generator, summed=summed)
        try:
            losses = train(gradient, self._optimizer, batches, settings.epochs, device, supervisor)
        except Exception as problem:
            # What a function of the user's raised goes its way, and the work so far with it.
            run = supervisor.finish(supervisor.run.losses)
            problem.fit = self._finished(run)  # type: ignore[attr-defined]
            raise
        return supervisor.finish(losses)

    def _gradient(self, device: torch.device) -> ClosedFormGradient:
        settings, dropout = self._settings, None
        if settings.dropout:
            share, units = settings.dropout, settings.hidden_units
            dropout = Dropout(share, units, self._generator, device)
        return ClosedFormGradient(
            self._parameters, settings.activation, settings.loss, settings.reduction, dropout
        )

    def _finished(self, run: Run) -> TwoLayer:
        own_parameters(self._fit.network)
        return replace(
            self._fit, history=_history(run), best_epoch=run.best_epoch, stopped=run.stopped
        )


def _on_cpu(value: Any) -> Any:
    """Move what an optimiser remembers to where every machine can load it."""
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: _on_cpu(part) for key, part in value.items()}
    return [_on_cpu(part) for part in value] if isinstance(value, list) else value


def _history(run: Run) -> pd.DataFrame:
    epochs = range(1, len(run.losses) + 1)
    history = pd.DataFrame({"epoch": epochs, "loss": np.array(run.losses, dtype=np.float64)})
    if run.valid_losses:
        history["valid_loss"] = run.valid_losses[: len(run.losses)]
    return history


def _warn_of_interrupt(fit: TwoLayer) -> None:
    best = "" if fit.best_epoch is None else f", with the weights of epoch {fit.best_epoch}"
    warn_user(
        f"Interrupted after {len(fit.history)} of {fit.settings.epochs} epochs: "
        f"this is the fit so far{best}.",
        InterruptWarning,
    )


def _coding(
    data: TrainingData, settings: Settings, start: Start | None, partial: bool
) -> tuple[Encoder, Outcome]:
    if start is not None:
        return start.fit.inputs, start.fit.outcome
    inputs = Encoder.of("x", data.predictors, data.weights, settings.input_clip)
    return inputs, outcome_of(data.outcomes, data.weights, settings.loss, partial=partial)


def _encode(
    argument: str,
    data: TrainingData,
    inputs: Encoder,
    outcome: Outcome,
    settings: Settings,
    device: torch.device,
) -> Rows:
    """Encode rows for the device; those with levels that training did not see are left out."""
    predictors = inputs.recode("x", data.predictors, _LEFT_OUT)
    outcome.warn_of_unseen(data.outcomes, _LEFT_OUT)
    known = predictors.complete() & ~np.isnan(outcome.truth(data.outcomes)).any(axis=1)
    if not known.all():
        if not known.any():
            raise ArgumentError(argument, "rows with levels that training sees", "none of them")
        data, predictors = data.take(known), predictors.take(known)
    return Rows(
        inputs.encode("x", predictors).to(device),
        outcome.target(data.outcomes).to(device),
        _row_weights(data.weights, settings, device),
    )


def _row_weights(
    weights: Doubles | None, settings: Settings, device: torch.device
) -> torch.Tensor | None:
    """Give the weights' column; with a mean loss they have mean 1."""
    if weights is None:
        return None
    if settings.reduction != "sum":
        weights = weights / weights.mean()
    return torch.from_numpy(weights.astype(np.float32)[:, None]).to(device)
