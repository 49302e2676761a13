"""From checked data to a fitted network; every fit is made here."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.checkpoints.compatibility import (
    Facts,
    checksum_of_start,
    probe_loss,
    refuse_other_data,
)
from pytwolayer.checkpoints.folder import Checkpoints
from pytwolayer.checks import describe
from pytwolayer.errors import (
    ArgumentError,
    DeviceMemoryError,
    DivergenceError,
    InterruptWarning,
    named_as,
    warn_user,
)
from pytwolayer.fitting.auto_settings import resolve_auto
from pytwolayer.fitting.own_part import OwnPart, spaced_of_all
from pytwolayer.fitting.starting_point import Remembered, Start, on_cpu
from pytwolayer.models.model_file import plain_tuning
from pytwolayer.models.scoring import calibrate_by_held_out_rows, calibrate_by_search
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.network.architecture import (
    FlatParameters,
    draw_initial_weights,
    flatten_parameters,
    own_parameters,
    start_second_half,
    two_layer_net,
)
from pytwolayer.network.batches import EncodedRows, batch_sizes
from pytwolayer.network.losses import shares_rows
from pytwolayer.network.sharded_batches import move_shards
from pytwolayer.optim.optimizer import Optimizer, make_optimizer
from pytwolayer.preprocessing.bootstrap import bootstrap_sample
from pytwolayer.preprocessing.calibration import (
    has_intervals,
    plain_calibration,
    predicts_sd,
    spaced_rows,
)
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.fingerprint import checksums
from pytwolayer.preprocessing.outcome import Outcome, fit_outcome
from pytwolayer.preprocessing.row_source import RowNumbers, are_in_order
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.preprocessing.validation_split import split_validation
from pytwolayer.runtime.device import is_gpu
from pytwolayer.runtime.interrupt import Interrupt, watch_for_interrupt
from pytwolayer.runtime.memory import fit_size, guard_memory, suggest_smaller_fit
from pytwolayer.runtime.process_group import ProcessGroup
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.threads import limit_threads, reset_after_fork
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.dataset import encode_rows, row_bytes
from pytwolayer.training.history import history_of
from pytwolayer.training.progress import Progress
from pytwolayer.training.row_store import FilePages, KeptRows, RowStore
from pytwolayer.training.settings import AUTO, Settings
from pytwolayer.training.supervisor import Supervisor
from pytwolayer.training.tracker import Run
from pytwolayer.training.trainer import Trainee, Trainer

OnEpoch = Callable[[int, float], object]
_NO_HISTORY = pd.DataFrame()  # of fits before their training; to make one takes a while


@dataclass(frozen=True)
class Hooks:
    """Functions of the user's that are called during a run.

    Attributes
    ----------
    on_epoch : callable or None
        ``on_epoch(epoch, loss)``; False ends the run.
    progress : callable or None
        ``progress(epochs)`` makes the progress display.
    """

    on_epoch: OnEpoch | None = None
    progress: Callable[[int], Progress | None] | None = None


class PreparedFit:
    """One fit before its training: encoded rows and a network with initial weights.

    Parameters
    ----------
    data : TrainingData
    settings : Settings
    share : float
        Of the rows to hold out, if the data do not determine which.
    device : torch.device
        Where it is trained. With ``scratch`` or ``part`` several processes have one of this kind
        each, and the fit is prepared on the CPU.
    start : Start, optional
    partial : bool
        Whether more rows follow later, so that these may be of one class only.
    resample : int, optional
        Seed of a bootstrap resample; the network is trained on it.
    cache : Path, optional
        A folder where the encoded rows are kept.
    copies : int
        How many fits with rows of their own there are at the same time.
    scratch : Path, optional
        A folder of this fit's where the encoded rows are to be, for other processes.
    part : OwnPart, optional
        What this one of several processes prepares of the fit.

    Attributes
    ----------
    result : TwoLayer or None
        The fit, once the training has ended, also if by an error.
    calibrates : bool
        Whether the fit keeps scores of its held-out rows.
    seen : array or None
        Which of the rows that can be scored it is trained on, where each of several networks
        draws its own.
    order : Tensor or None
        See ``flatten_parameters()``.
    parameters, optimizer, train_rows, valid_rows, generator, window, pages, valid_pages
        As in ``Trainee``.

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
        cache: Path | None = None,
        copies: int = 1,
        scratch: Path | None = None,
        part: OwnPart | None = None,
    ) -> None:
        reset_after_fork()
        self._share, self._start, self._partial = share, start, partial
        self._resample, self._copies = resample, copies
        self._cache, self._scratch, self._part = cache, scratch, part
        together = scratch is not None or part is not None  # with other processes
        self._trains_on = torch.device(device.type) if together else device
        device = torch.device("cpu") if together else device
        self._scored: dict[str, EncodedRows] = {}
        self._probed: torch.Tensor | None = None
        self._store = RowStore()
        self._sums: Mapping[str, int] = {}
        self.checkpoints: Checkpoints | None = None
        self.result: TwoLayer | None = None
        self.calibrates = True  # several networks are, together
        self.seen: NDArray[np.bool_] | None = None
        batch = settings.batch_size if isinstance(settings.batch_size, int) else data.rows
        sizes = data.rows, len(data.predictors.columns), settings.hidden_units, batch
        with guard_memory(device, fit_size(*sizes), suggest_smaller_fit(*sizes, device)):
            self._prepare(data, settings, device)

    def _prepare(self, data: TrainingData, settings: Settings, device: torch.device) -> None:
        self.generator, start = cpu_generator(settings.seed), self._start
        memory = None if start is None else start.memory
        if memory is not None:
            self.generator.set_state(memory.generator)
        inputs, outcome = self._encode(data, settings, device)
        self.order = inputs.order
        network = self._start_network(inputs.width, outcome.width, device)
        if memory is not None:
            self.optimizer.set_state(memory.optimizer)
        self._fit = TwoLayer(
            network=network,
            inputs=inputs,
            outcome=outcome,
            settings=self.settings,
            device=str(self._trains_on),
            rows=data.rows,
            dropped=data.dropped,
            history=_NO_HISTORY,
            data=self._sums,
        )

    def _encode(
        self, data: TrainingData, settings: Settings, device: torch.device
    ) -> tuple[Encoder, Outcome]:
        """Split and encode the rows; return the encoding."""
        scored = data.row_numbers[spaced_rows(data.rows)]
        own = data.validation is not None
        holds_out = self._share > 0 or data.held_out is not None or own
        if self._resample is not None and not holds_out:
            data = bootstrap_sample(data, self._resample)
        suited, settings = resolve_auto(settings, data, held_out=holds_out)
        training, held_out = split_validation(suited, self._share, self.generator)
        self._record_fingerprint(data, held_out)
        if self._resample is not None and holds_out:  # a resample of the other rows only
            training = bootstrap_sample(training, self._resample)
        if self._copies > 1 and (self._resample is not None or self._share > 0):
            self.seen = np.isin(scored, training.row_numbers)
        inputs, outcome = self._learn_encoding(training, settings)
        self._first_log_theta = outcome.first_log_theta(training.outcomes, training.weights)
        if settings.loss == AUTO:
            settings = settings.with_values(loss=outcome.default_loss)
        coding = inputs, outcome, settings
        self.settings = settings
        self._choose_store(training, held_out, inputs, outcome)
        place = self._store, self._sums, None if self._part is None else self._part.shards
        self.train_rows = encode_rows("x", training, *coding, *place).to(device)
        rows = self.train_rows.number
        self._rows_of_fit: RowNumbers | slice | None = None  # where no row is held out
        if held_out is None and training.rows == rows:
            self._rows_of_fit = slice(None) if training.are_all else training.row_numbers
        self.valid_rows = None
        if held_out is not None:
            with named_as({"x": "validation", "y": "validation"} if own else {}):
                self.valid_rows = encode_rows("validation", held_out, *coding, *place).to(device)
        self._keep_of_others(training, held_out, *coding)
        self._store.tell()
        if device.type != "cpu":  # which has the rows in its own memory now
            self._store = RowStore()
        self.window = None if is_gpu(self._trains_on) else self._store.window
        self._refuse_one_batch()
        return inputs, outcome

    def _choose_store(
        self,
        training: TrainingData,
        held_out: TrainingData | None,
        inputs: Encoder,
        outcome: Outcome,
    ) -> None:
        """Choose where the encoded rows are to be."""
        rows = training.rows + (0 if held_out is None else held_out.rows)
        size = row_bytes(training, inputs, outcome)
        part = None
        if self._part is not None:
            numbers = training.rows, rows - training.rows
            part = self._part.size(*numbers, self.settings.shards)
        where = self._copies, self._scratch, part
        self._store = RowStore.choose(self._cache, rows, size, *where)
        if self._part is not None and self._part.division is not None:
            self._store.window = self._part.division.gather(self._store.window)[0]

    def _keep_of_others(
        self,
        training: TrainingData,
        held_out: TrainingData | None,
        inputs: Encoder,
        outcome: Outcome,
        settings: Settings,
    ) -> None:
        """Keep what is wanted of rows of which this process has encoded a part."""
        if self._part is None:
            return
        rows, batch = self.train_rows.number, settings.batch_size
        if callable(settings.loss):
            first = training.outcomes.take(slice(min(rows, batch or rows)))
            self._probed = outcome.target(first)
        if not has_intervals(outcome):
            return
        wanted = [("validation", held_out, self.valid_rows)]
        if predicts_sd(settings.loss):  # a search's scores are made relative to its training rows
            wanted.append(("x", training, self.train_rows))
        for argument, data, encoded in wanted:
            if data is not None and encoded is not None:
                how = argument, data, inputs, outcome, settings
                self._scored[argument] = spaced_of_all(self._part, encoded, *how)

    def _refuse_one_batch(self) -> None:
        """Raise where all rows are to be one batch, and memory has no room for them."""
        rows, settings = self.train_rows.number, self.settings
        if self.window is None or len(batch_sizes(rows, settings.batch_size)) > 1:
            return
        if settings.optimizer == "lbfgs":
            expected = "another one where the encoded rows do not fit into memory"
            raise ArgumentError("optimizer", expected, describe(settings.optimizer))
        expected = "below the number of rows where the encoded rows do not fit into memory"
        raise ArgumentError("batch_size", expected, describe(settings.batch_size))

    @property
    def pages(self) -> FilePages | None:
        """Those of the training rows, if they are on disk."""
        return self._store.pages.get("x")

    @property
    def valid_pages(self) -> FilePages | None:
        """Those of the held-out rows, if they are on disk."""
        return self._store.pages.get("validation")

    @property
    def kept_rows(self) -> Mapping[str, KeptRows]:
        """Where other processes find the rows, by what they came in."""
        return self._store.kept

    @property
    def trains_alone(self) -> bool:
        """Whether memory has no room for the rows of several fits, put together."""
        return self.window is not None or not self._store.fits

    def _record_fingerprint(self, data: TrainingData, held_out: TrainingData | None) -> None:
        """Take checksums of the data; those of a fit that is continued must be equal."""
        if self._partial:
            return
        self._sums, start = checksums(data, held_out), self._start
        if start is not None and start.appended:
            refuse_other_data(start.fit, self._sums)

    def _learn_encoding(self, data: TrainingData, settings: Settings) -> tuple[Encoder, Outcome]:
        if self._start is not None:
            return self._start.fit.inputs, self._start.fit.outcome
        how = settings.input_clip, settings.encoding, settings.pieces
        inputs = Encoder.fit("x", data.predictors, data.weights, *how)
        outcome = fit_outcome(
            data.outcomes,
            data.weights,
            settings.loss,
            partial=self._partial,
            quantile_levels=settings.quantile_levels,
        )
        return inputs, outcome

    def _network(self, d_in: int, d_out: int) -> torch.nn.Sequential:
        settings, start = self.settings, self._start
        network = two_layer_net(d_in, settings.hidden_units, d_out, settings.activation)
        if start is None:
            draw_initial_weights(network, self.generator)
            if shares_rows(settings.loss):
                start_second_half(network, self._first_log_theta)
        else:
            network.load_state_dict(start.fit.network.state_dict())
            if start.appended:  # else the first epochs' batches would be drawn again
                self.generator.manual_seed(start.seed)
        return network

    def _start_network(self, d_in: int, d_out: int, device: torch.device) -> torch.nn.Sequential:
        network = self._network(d_in, d_out)
        self._put_on(device, network, self.order)
        return network

    def _put_on(
        self, device: torch.device, network: torch.nn.Sequential, order: torch.Tensor | None
    ) -> None:
        """Have the parameters on a device, with an optimizer of them."""
        self.parameters = flatten_parameters(network, device, by_input=True, order=order)
        settings = self.settings
        self.optimizer = make_optimizer(
            settings.optimizer, self.parameters, settings.optimizer_options
        )

    def move_to(self, device: torch.device, shards: range) -> None:
        """Have the network, and the rows of these shards alone, on the GPU that trains them."""
        state, sizes = self.optimizer.state(), self.sizes()
        move_rows(self, self.settings, shards, device)
        with guard_memory(device, fit_size(*sizes), suggest_smaller_fit(*sizes, device)):
            self._put_on(device, self._fit.network, None)  # whose inputs are in the rows' order
            self.optimizer.set_state(state)
        self._store = RowStore()

    def with_seed(self, seed: int) -> "PreparedFit":
        """Return the same fit with another seed, if nothing was drawn for the rows.

        The encoded rows are shared, in the same memory.
        """
        other = copy.copy(self)
        other.settings = replace(self.settings, seed=seed)
        other.generator = cpu_generator(seed)
        sizes = self._fit.inputs.width, self._fit.outcome.width
        network = other._start_network(*sizes, self.parameters.values.device)
        other._fit = replace(self._fit, network=network, settings=other.settings)
        return other

    def set_attributes(self, **attributes: Any) -> None:
        """Set attributes of the resulting fit."""
        self._fit = replace(self._fit, **attributes)

    def use_checkpoints(self, checkpoints: Checkpoints, *, seed_given: bool) -> None:
        """Save checkpoints, and resume from the newest one that is there.

        Raises
        ------
        ArgumentError
            If those that are there are of another run, or none can be written.
        """
        checkpoints.claim(self.facts(), seed_given=seed_given)
        self.window = checkpoints.window
        self.checkpoints = checkpoints

    def facts(self) -> Facts:
        """Return what a run must have in common with the one whose checkpoints it goes on from."""
        fit, start, probed = self._fit, self._start, self._probed
        if probed is None:
            probed = self.train_rows.y[: self.sizes()[3]]
        return {
            "settings": fit.settings.plain(),
            "validation": self._share,
            "data": dict(fit.data),
            "loss_value": probe_loss(fit.settings.loss, probed),
            "start": None if start is None else checksum_of_start(start.fit),
            "tuning": plain_tuning(fit.tuning),
            "calibration": plain_calibration(fit.calibration),
            "window": self.window,
        }

    def memory(self) -> Remembered:
        """Return what another run needs to continue as if this one had not ended."""
        return Remembered(on_cpu(self.optimizer.state()), self.generator.get_state())

    def sizes(self) -> tuple[int, int, int, int]:
        """Return the numbers of rows, inputs, hidden units, and rows of a batch."""
        return sizes_of(self, self.settings)

    @property
    def run_before(self) -> Run | None:
        """The run that this one continues."""
        return None if self._start is None else self._start.run

    def train(
        self, hooks: Hooks, *, interrupted: bool = False, how: "Train | None" = None
    ) -> TwoLayer:
        """Train the network; where Ctrl-C came before, not for a single epoch.

        ``how`` trains it, if that is not ``train_together()``.

        Raises
        ------
        DivergenceError
            If the loss is no longer finite; it has the fit so far.
        DeviceMemoryError
            If there is no room for a step; it has the fit so far, if an epoch is done. This
            object is of no use then.
        """
        try:
            with watch_for_interrupt() as interrupt:
                interrupt.pressed = interrupt.pressed or interrupted
                (how or train_together)([self], hooks, interrupt)
        except Exception as problem:
            # Also what a function of the user's raised: it passes, with the work so far.
            problem.fit = self.result  # type: ignore[attr-defined]
            raise
        fit = cast("TwoLayer", self.result)
        if fit.stopped == "divergence":
            raise DivergenceError(len(fit.history), fit)
        if fit.stopped == "interrupt":
            _warn_of_interrupt(fit)
        return fit

    def encoded_rows(self) -> torch.Tensor | None:
        """Return the network's input for the rows of the data, or None; see ``FitResult``."""
        rows, numbers = self.train_rows, self._rows_of_fit
        if numbers is None or rows.codes is not None:
            return None
        if isinstance(numbers, slice):
            return rows.x.cpu()
        places = None if self._store.on_disk else _places_in_order(numbers)
        return None if places is None else rows.x.cpu()[torch.from_numpy(places)]

    def resume(self, supervisor: Supervisor) -> None:
        """Set the state of the newest checkpoint, if there is one."""
        if self.checkpoints is not None:
            validated = self.valid_rows is not None
            how = self.optimizer, self.parameters, self.generator, self.settings.epochs
            resume_run(self.checkpoints, supervisor, *how, validated=validated)

    def finish(self, run: Run) -> None:
        """Make the fit after a run."""
        own_parameters(self._fit.network, self.order)
        self.result = replace(
            self._fit, history=history_of(run), best_epoch=run.best_epoch, stopped=run.stopped
        )
        if self.valid_rows is not None:
            scored = calibrate_by_held_out_rows if self.calibrates else None
            rows = self._scored.get("validation", self.valid_rows)
            own = None if scored is None else scored(self.result, rows)
            self.result = replace(self.result, calibration=own)
        elif self.result.calibration is not None:
            rows = self._scored.get("x", self.train_rows)
            own = calibrate_by_search(self.result, rows)
            self.result = replace(self.result, calibration=own)

    def release(self) -> None:
        """Free data and network: an error may hold this object, and with it all their memory."""
        del self.train_rows, self.valid_rows, self.parameters, self.optimizer


def _places_in_order(numbers: RowNumbers) -> RowNumbers | None:
    """Return the place of each of the rows from 0, or None where one is missing.

    Where all rows are one batch they are sorted, and of equal ones the first alone is there.
    """
    places = np.argsort(numbers)
    return places if are_in_order(numbers[places], len(numbers)) else None


Train = Callable[[Sequence[PreparedFit], Hooks, Interrupt], None]


def train_together(
    prepared: Sequence[PreparedFit],
    hooks: Hooks,
    interrupt: Interrupt,
    *,
    group: ProcessGroup | None = None,
    resume: Callable[[Supervisor], object] | None = None,
) -> None:
    """Train one network, or several of one form.

    Each one's ``result`` is set then, also where an error ended the training. The result's
    ``stopped`` is the reason of its end.

    Raises
    ------
    DeviceMemoryError
        If there is no room for a step. The prepared fits are of no use then.
    """
    first = prepared[0]
    progress = hooks.progress(first.settings.epochs) if hooks.progress is not None else None
    try:
        run_trainer(
            prepared,
            first.settings,
            interrupt,
            resume or first.resume,
            first.run_before,
            group=group,
            on_epoch=hooks.on_epoch,
            progress=progress,
            checkpoints=first.checkpoints,
        )
    except DeviceMemoryError:
        for each in prepared:
            each.release()
        raise
    finally:
        if progress is not None:
            progress.close()


def sizes_of(trainee: Trainee, settings: Settings) -> tuple[int, int, int, int]:
    """Return the numbers of rows, inputs, hidden units, and rows of a batch."""
    rows, d_in = trainee.train_rows.number, trainee.train_rows.x.shape[1]
    return rows, d_in, settings.hidden_units, min(rows, settings.batch_size or rows)


def move_rows(trainee: Trainee, settings: Settings, shards: range, device: torch.device) -> None:
    """Have the rows of these shards alone on the GPU that trains them.

    Raises
    ------
    DeviceMemoryError
        If there is no room for them.
    """
    sizes = sizes_of(trainee, settings)
    with guard_memory(device, fit_size(*sizes), suggest_smaller_fit(*sizes, device)):
        move = settings.shards, shards, device
        trainee.train_rows = move_shards(trainee.train_rows, *move)
        if trainee.valid_rows is not None:
            trainee.valid_rows = move_shards(trainee.valid_rows, *move)


def run_trainer(
    trainees: Sequence[Trainee],
    settings: Settings,
    interrupt: Interrupt,
    resume: Callable[[Supervisor], object],
    before: Run | None,
    *,
    group: ProcessGroup | None = None,
    **options: Any,
) -> None:
    """Train, with the threads that suit the work; see ``Trainer.fit()``.

    Raises
    ------
    DeviceMemoryError
        If there is no room for a step.
    """
    rows, d_in, hidden_units, batch = sizes_of(trainees[0], settings)
    sizes = rows, d_in, hidden_units * len(trainees), batch
    device = trainees[0].parameters.values.device
    # Of a step's largest product; of shards the bits must be those of processes of one thread.
    threads = limit_threads(0 if settings.shards > 1 else batch * d_in * sizes[2])
    with threads, guard_memory(device, fit_size(*sizes), suggest_smaller_fit(*sizes, device)):
        # No variable holds the trainer: where memory runs out, its buffers are freed.
        Trainer(trainees, settings, group).fit(interrupt, resume, before, **options)


def resume_run(
    checkpoints: Checkpoints,
    supervisor: Supervisor,
    optimizer: Optimizer,
    parameters: FlatParameters,
    generator: torch.Generator,
    epochs: int,
    *,
    validated: bool,
) -> None:
    """Set the state of the newest checkpoint, if there is one; then have others saved."""
    # Not a method: the checkpoints would refer to an object that refers to them, and
    # its memory would be freed only by the garbage collector.
    remembered = partial(_remembered, optimizer, generator)
    model = {**supervisor.state(), **remembered()}
    run = optimizer, parameters, epochs
    state = checkpoints.resume(model, *run, validated=validated)
    if state is not None:
        set_run_state(state, supervisor, optimizer, generator)
    checkpoints.begin(remembered)


def set_run_state(
    state: dict[str, Any],
    supervisor: Supervisor,
    optimizer: Optimizer,
    generator: torch.Generator,
) -> None:
    """Go on from the state that a checkpoint has."""
    supervisor.set_state(state)
    optimizer.set_state({"state": state["optimizer"]})
    generator.set_state(state["generator"])


def _remembered(optimizer: Optimizer, generator: torch.Generator) -> dict[str, Any]:
    """Return what a run depends on besides its supervisor's state."""
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
