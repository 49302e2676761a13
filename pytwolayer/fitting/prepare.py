"""From checked data to a fitted network: the way that every fit takes."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from pytwolayer.checkpoints.compatibility import checksum_of_start, probe_loss, refuse_other_data
from pytwolayer.checkpoints.folder import Checkpoints
from pytwolayer.errors import (
    ArgumentError,
    DeviceMemoryError,
    DivergenceError,
    InterruptWarning,
    warn_user,
)
from pytwolayer.fitting.auto_settings import resolve_auto
from pytwolayer.fitting.starting_point import Remembered, Start, on_cpu
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.network.architecture import (
    draw_initial_weights,
    flatten_parameters,
    own_parameters,
    two_layer_net,
)
from pytwolayer.optim.optimizer import Optimizer, make_optimizer
from pytwolayer.preprocessing.bootstrap import bootstrap_sample
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.fingerprint import checksums
from pytwolayer.preprocessing.outcome import Outcome, fit_outcome
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.preprocessing.validation_split import split_validation
from pytwolayer.runtime.interrupt import Interrupt, watch_for_interrupt
from pytwolayer.runtime.memory import fit_size, guard_memory, suggest_smaller_fit
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.threads import limit_threads, reset_after_fork
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.dataset import encode_rows
from pytwolayer.training.history import history_of
from pytwolayer.training.progress import Progress
from pytwolayer.training.settings import AUTO, Settings
from pytwolayer.training.supervisor import Supervisor
from pytwolayer.training.tracker import Run
from pytwolayer.training.trainer import Trainer

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


@contextmanager
def _named_as(argument: str, others: tuple[str, ...]) -> Iterator[None]:
    """Have errors about other arguments name this one."""
    try:
        yield
    except ArgumentError as problem:
        if problem.argument not in others:
            raise
        raise ArgumentError(argument, problem.expected, problem.received) from problem


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
    resample : int, optional
        Seed of a bootstrap resample of the rows, which are trained on in their place.

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
        resample: int | None = None,
    ) -> None:
        reset_after_fork()
        self._resample = resample
        batch = settings.batch_size if isinstance(settings.batch_size, int) else data.rows
        sizes = data.rows, len(data.predictors.columns), settings.hidden_units, batch
        with guard_memory(device, fit_size(*sizes), suggest_smaller_fit(*sizes, device)):
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
        self.generator = cpu_generator(settings.seed)
        self._share, self._start, self._partial = share, start, partial
        self._sums: Mapping[str, int] = {}
        memory = None if start is None else start.memory
        if memory is not None:
            self.generator.set_state(memory.generator)
        rows, dropped = data.rows, data.dropped
        inputs, outcome = self._read(data, settings, device)
        network = self._start_network(inputs.width, outcome.width, device)
        if memory is not None:
            self.optimizer.set_state(memory.optimizer)
        self._fit = TwoLayer(
            network=network,
            inputs=inputs,
            outcome=outcome,
            settings=self.settings,
            device=str(device),
            rows=rows,
            dropped=dropped,
            history=pd.DataFrame(),
            data=self._sums,
        )
        self._checkpoints: Checkpoints | None = None

    def _read(
        self, data: TrainingData, settings: Settings, device: torch.device
    ) -> tuple[Encoder, Outcome]:
        """Split and encode the data; give the encoding."""
        own = data.validation is not None
        watched = self._share > 0 or data.held_out is not None or own
        if self._resample is not None and not watched:
            data = bootstrap_sample(data, self._resample)
        suited, settings = resolve_auto(settings, data, held_out=watched)
        training, held_out = split_validation(suited, self._share, self.generator)
        self._record_fingerprint(data, held_out)
        if self._resample is not None and watched:  # of rows that are not held out
            training = bootstrap_sample(training, self._resample)
        inputs, outcome = self._coding(training, settings)
        if settings.loss == AUTO:
            settings = replace(settings, loss=outcome.default_loss)
        coding = inputs, outcome, settings
        self.settings = settings
        self.learning = encode_rows("x", training, *coding).to(device)
        self.watching = None
        if held_out is not None:
            with _named_as("validation", ("x", "y") if own else ()):
                self.watching = encode_rows("validation", held_out, *coding).to(device)
        return inputs, outcome

    def _record_fingerprint(self, data: TrainingData, held_out: TrainingData | None) -> None:
        """Take checksums of the data; a fit that goes on has to have the same."""
        if self._partial:
            return
        self._sums, start = checksums(data, held_out), self._start
        if start is not None and start.appended:
            refuse_other_data(start.fit, self._sums)

    def _coding(self, data: TrainingData, settings: Settings) -> tuple[Encoder, Outcome]:
        if self._start is not None:
            return self._start.fit.inputs, self._start.fit.outcome
        inputs = Encoder.fit("x", data.predictors, data.weights, settings.input_clip)
        outcome = fit_outcome(data.outcomes, data.weights, settings.loss, partial=self._partial)
        return inputs, outcome

    def _network(self, d_in: int, d_out: int) -> torch.nn.Sequential:
        settings, start = self.settings, self._start
        network = two_layer_net(d_in, settings.hidden_units, d_out, settings.activation)
        if start is None:
            draw_initial_weights(network, self.generator)
        else:
            network.load_state_dict(start.fit.network.state_dict())
            if start.appended:  # or the first epochs would have their batches again
                self.generator.manual_seed(start.seed)
        return network

    def _start_network(self, d_in: int, d_out: int, device: torch.device) -> torch.nn.Sequential:
        network, settings = self._network(d_in, d_out), self.settings
        self.parameters = flatten_parameters(network, device, by_input=True)
        self.optimizer = make_optimizer(settings.optimizer, self.parameters, settings.tuning)
        return network

    def with_seed(self, seed: int) -> "Fitting":
        """Give the fitting as it would be with another seed, where nothing was drawn for the rows.

        The encoded rows are the same ones, in the same memory.
        """
        other = copy.copy(self)
        other.settings = replace(self.settings, seed=seed)
        other.generator = cpu_generator(seed)
        sizes = self._fit.inputs.width, self._fit.outcome.width
        network = other._start_network(*sizes, self.parameters.values.device)
        other._fit = replace(self._fit, network=network, settings=other.settings)
        return other

    def describe(self, **described: Any) -> None:
        """Have the fit say more of itself."""
        self._fit = replace(self._fit, **described)

    def keep_in(self, checkpoints: Checkpoints, *, seed_given: bool) -> None:
        """Have checkpoints kept, and go on from the newest that is there.

        Raises
        ------
        ArgumentError
            If those that are there are of another run, or none can be written.
        """
        fit, start = self._fit, self._start
        facts = {
            "settings": fit.settings.plain(),
            "validation": self._share,
            "data": dict(fit.data),
            "loss_value": probe_loss(fit.settings.loss, self.learning.y[: self.sizes()[3]]),
            "start": None if start is None else checksum_of_start(start.fit),
        }
        checkpoints.claim(facts, seed_given=seed_given)
        self._checkpoints = checkpoints

    def memory(self) -> Remembered:
        """Give what is needed to go on from here."""
        return Remembered(on_cpu(self.optimizer.state()), self.generator.get_state())

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
        with watch_for_interrupt() as interrupt:
            (fit,) = train_side_by_side([self], hooks, interrupt, [])
        if fit.stopped == "divergence":
            raise DivergenceError(len(fit.history), fit)
        if fit.stopped == "interrupt":
            _warn_of_interrupt(fit)
        return fit

    def sizes(self) -> tuple[int, int, int, int]:
        """Count rows, inputs, hidden units and rows of a batch."""
        rows, d_in = self.learning.x.shape
        batch = min(rows, self.settings.batch_size or rows)
        return rows, d_in, self.settings.hidden_units, batch

    def make_supervisor(
        self, trainer: Trainer, hooks: Hooks, progress: Progress | None, interrupt: Interrupt
    ) -> Supervisor:
        """Have a trainer's run watched, from where this one begins."""
        supervisor = trainer.supervisor(
            interrupt,
            on_epoch=hooks.on_epoch,
            progress=progress,
            before=None if self._start is None else self._start.run,
            keeper=self._checkpoints,
        )
        self._resume(supervisor)
        return supervisor

    def _resume(self, supervisor: Supervisor) -> None:
        """Go on from the newest checkpoint, where there are any."""
        if self._checkpoints is None:
            return
        optimizer, epochs = self.optimizer, self.settings.epochs
        # Not a method: the checkpoints would hold this fitting, which holds them.
        remembered = partial(_remembered, optimizer, self.generator)
        model = {**supervisor.state(), **remembered()}
        validated = self.watching is not None
        state = self._checkpoints.resume(model, optimizer, epochs, validated=validated)
        if state is not None:
            supervisor.set_state(state)
            optimizer.set_state({"state": state["optimizer"]})
            self.generator.set_state(state["generator"])
        self._checkpoints.begin(remembered)

    def finished(self, run: Run) -> TwoLayer:
        """Give the fit after a run."""
        own_parameters(self._fit.network)
        return replace(
            self._fit, history=history_of(run), best_epoch=run.best_epoch, stopped=run.stopped
        )

    def let_go(self) -> None:
        """Free data and network; an error may hold this fitting, and would hold all of it."""
        del self.learning, self.watching, self.parameters, self.optimizer


def train_side_by_side(
    fittings: Sequence[Fitting], hooks: Hooks, interrupt: Interrupt, fits: list[TwoLayer]
) -> list[TwoLayer]:
    """Train one network, or several of one form; ``stopped`` of a fit says why it ended.

    The fits come into ``fits``, also where an error ends the training.

    Raises
    ------
    DeviceMemoryError
        If there is no room for a step. The fittings are of no use then.
    """
    first = fittings[0]
    epochs, device = first.settings.epochs, first.parameters.values.device
    rows, d_in, hidden_units, batch = first.sizes()
    sizes = rows, d_in, hidden_units * len(fittings), batch
    progress = hooks.progress(epochs) if hooks.progress is not None else None
    threads = limit_threads(batch * d_in * sizes[2])  # of a step's largest product
    try:
        with (
            threads,
            guard_memory(device, fit_size(*sizes), suggest_smaller_fit(*sizes, device)),
        ):
            _run(fittings, hooks, progress, interrupt, fits)
    except DeviceMemoryError:
        for fitting in fittings:
            fitting.let_go()
        raise
    finally:
        if progress is not None:
            progress.close()
    return fits


def _run(
    fittings: Sequence[Fitting],
    hooks: Hooks,
    progress: Progress | None,
    interrupt: Interrupt,
    fits: list[TwoLayer],
) -> None:
    # A function of its own: where memory runs out its variables are freed, the trainer too.
    trainer = Trainer(fittings, fittings[0].settings)
    supervisor = fittings[0].make_supervisor(trainer, hooks, progress, interrupt)
    try:
        trainer.run(supervisor)
    except Exception as problem:
        # What a function of the user's raised goes its way, and the work so far with it.
        fits += map(Fitting.finished, fittings, trainer.runs)
        if len(fits) == 1:
            problem.fit = fits[0]  # type: ignore[attr-defined]
        raise
    fits += map(Fitting.finished, fittings, trainer.runs)


def _remembered(optimizer: Optimizer, generator: torch.Generator) -> dict[str, Any]:
    """Give what a run depends on besides what its supervisor remembers."""
    return {
        "optimizer": optimizer.state().get("state", {}),
        "generator": generator.get_state(),
    }


def _warn_of_interrupt(fit: TwoLayer) -> None:
    best = "" if fit.best_epoch is None else f", with the weights of epoch {fit.best_epoch}"
    warn_user(
        f"Interrupted after {len(fit.history)} of {fit.settings.epochs} epochs: "
        f"this is the fit so far{best}.",
        InterruptWarning,
    )
