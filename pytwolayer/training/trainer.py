"""The trainer: one network, or several of one form side by side, from start to end."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol, cast

from pytwolayer.errors import WorkerError
from pytwolayer.network.architecture import FlatParameters, stack_parameters
from pytwolayer.network.batches import Dropout, EncodedRows, Pages, SingleRows, batch_sizes
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Layout, Single, Stacked
from pytwolayer.network.sharded_batches import ShardedBatches, shard_rows
from pytwolayer.network.sharded_gradient import ShardedGradient
from pytwolayer.network.stacked_batches import StackedRows
from pytwolayer.network.windowed_batches import Window, choose_batches
from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.optim.optimizer import Optimizer, make_optimizer
from pytwolayer.runtime.interrupt import AgreedInterrupt, Interrupt
from pytwolayer.runtime.process_group import Alone, ProcessGroup
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import flush_subnormals
from pytwolayer.training.kept_weights import KeptWeights
from pytwolayer.training.loop import fit_loop
from pytwolayer.training.settings import Settings
from pytwolayer.training.supervisor import Supervisor
from pytwolayer.training.tracker import Run

# Held-out rows of one network with more numbers in a layer than this are gone through in chunks
# of so many; where memory has no room for the rows, wherever they are more than one chunk.
_ONE_CHUNK, _CHUNK = 2**26, 2**22


class Trainee(Protocol):
    """A network ready to be trained, with its data.

    Attributes
    ----------
    parameters : FlatParameters
    optimizer : Optimizer
        Of these parameters; networks side by side have one in common instead.
    train_rows : EncodedRows
    valid_rows : EncodedRows or None
        The held-out rows.
    generator : torch.Generator
        Draws the order of the rows and the dropout.
    window : Window or None
        How batches are drawn of rows that are more than memory holds; then it trains alone.
    pages, valid_pages : Pages or None
        Of training rows and held-out rows that are on disk.
    """

    parameters: FlatParameters
    optimizer: Optimizer
    train_rows: EncodedRows
    valid_rows: EncodedRows | None
    generator: torch.Generator
    window: Window | None

    @property
    def pages(self) -> Pages | None:
        """Of training rows on disk."""

    @property
    def valid_pages(self) -> Pages | None:
        """Of held-out rows on disk."""

    def finish(self, run: Run) -> None:
        """Take the run; the parameters are now those that it ended with."""


class Trainer:
    """Trains networks of one form in one computation, each as it would be alone.

    Parameters
    ----------
    trainees : sequence of Trainee
    settings : Settings
        The same for all, except for the seed.
    group : ProcessGroup, optional
        The processes that train one network together.
    """

    def __init__(
        self, trainees: Sequence[Trainee], settings: Settings, group: ProcessGroup | None = None
    ) -> None:
        self._trainees, self._settings, self._group = trainees, settings, group or Alone()
        self._generators = [each.generator for each in trainees]
        self._is_one, first = len(trainees) == 1, trainees[0]
        # An optimiser clips the vector of all its parameters. That of several networks must not:
        # each network's gradient is clipped by itself, where it is computed.
        clip = None if self._is_one else settings.gradient_clip
        if self._is_one:
            self._parameters, self._optimizer = first.parameters, first.optimizer
            layout: Layout = Single(self._parameters)
        else:
            self._parameters = self._stack_parameters()
            options = replace(settings.optimizer_options, gradient_clip=None)
            self._optimizer = make_optimizer(settings.optimizer, self._parameters, options)
            layout = Stacked(self._parameters)
        share = settings.dropout
        dropout = [Dropout(share, each) for each in self._generators] if share else []
        self._closed_form = ClosedFormGradient(
            layout,
            settings.activation,
            settings.loss,
            settings.reduction,
            [each.train_rows.number for each in trainees],
            dropout,
            clip,
            settings.quantile_levels,
        )
        self._gradient: ClosedFormGradient | ShardedGradient = self._closed_form
        if settings.shards > 1:
            self._gradient = ShardedGradient(
                self._closed_form,
                cast("torch.Tensor", self._parameters.values.grad),
                settings.shards,
                self._group,
                first.train_rows.number,
                averages=settings.reduction != "sum",
                dropout=dropout,
                # L-BFGS reads losses, and a function of the user's may read anything.
                read_at_once=not self._optimizer.on_fixed_memory or callable(settings.loss),
            )

    def _stack_parameters(self) -> FlatParameters:
        first = self._trainees[0].train_rows.x
        has_batches = len(batch_sizes(len(first), self._settings.batch_size)) > 1
        same_rows = all(each.train_rows.x is first for each in self._trainees)
        own = [each.parameters for each in self._trainees]
        # Each network draws its own batches, so only all rows at once are the same for all.
        return stack_parameters(own, same_rows=same_rows and not has_batches)

    def fit(
        self,
        interrupt: Interrupt,
        resume: Callable[[Supervisor], object],
        before: Run | None = None,
        **options: Any,
    ) -> None:
        """Train to the end; each trainee's ``finish()`` gets its run, also after an error.

        Parameters
        ----------
        interrupt : Interrupt
        resume : callable
            ``resume(supervisor)`` may set the state of an interrupted run.
        before : Run, optional
            The run that one network continues.
        **options
            Those of ``Supervisor``: ``on_epoch``, ``progress``, ``checkpoints``.
        """
        agreed = self._agreed(interrupt)
        supervisor = self._supervisor(agreed, before, options)
        resume(supervisor)
        batches = self._batches()
        done = supervisor.losses
        epochs = len(done) if supervisor.has_ended else self._settings.epochs
        try:
            with flush_subnormals():
                losses = fit_loop(
                    self._gradient, self._optimizer, batches, epochs, supervisor, done
                )
        except Exception:
            # Of a GPU that has failed altogether, or waits for another process's in vain, nothing
            # can be read: the first error is told.
            with suppress(RuntimeError, WorkerError):
                self._group.settle()
                self._finish(supervisor.finish_after_error())
            raise
        runs = supervisor.finish(losses)
        # A fit allocates memory of its own: with these freed first, there is room for it.
        del supervisor, batches, self._gradient, self._closed_form
        self._finish(runs)

    def _agreed(self, interrupt: Interrupt) -> Interrupt:
        """Return the interrupt that all processes see at the same step."""
        if not isinstance(self._gradient, ShardedGradient) or self._group.size == 1:
            return interrupt
        agreed = AgreedInterrupt(interrupt)
        self._gradient.agree(agreed)
        return agreed

    def _batches(self) -> Callable[[int], Iterable[Any]]:
        first, batch_size = self._trainees[0], self._settings.batch_size
        place = first.window, first.pages
        if isinstance(self._gradient, ShardedGradient):
            shards = shard_rows(first.train_rows, self._settings.shards)
            drawing = self._gradient.own, batch_size, self._settings.seed
            return ShardedBatches(shards, *drawing, *place)
        rows = self._layout_rows([each.train_rows for each in self._trainees])
        return choose_batches(rows, batch_size, self._generators, *place)

    def _supervisor(
        self, interrupt: Interrupt, before: Run | None, options: dict[str, Any]
    ) -> Supervisor:
        settings, flat = self._settings, self._parameters
        held_out = [each.valid_rows for each in self._trainees if each.valid_rows is not None]
        if held_out:
            step, scale = self._validation_step(held_out)
            options |= {"validation_step": step, "valid_scale": scale}
        done = 0 if before is None else len(before.losses)
        return Supervisor(
            KeptWeights(flat.values.data, len(self._trainees), flat.split),
            settings.epochs,
            self._optimizer,
            Schedule(settings.schedule, settings.learning_rate, settings.epochs - done, done),
            interrupt,
            patience=settings.patience,
            before=before,
            group=self._group,
            updates=len(batch_sizes(self._trainees[0].train_rows.number, settings.batch_size)),
            **options,
        )

    def _validation_step(self, held_out: Sequence[EncodedRows]) -> tuple[Callable[..., Any], Any]:
        first = self._trainees[0]
        width = max(held_out[0].x.shape[1], self._settings.hidden_units, held_out[0].y.shape[1])
        largest = _ONE_CHUNK if first.window is None else _CHUNK
        if isinstance(self._gradient, ShardedGradient):
            shards = shard_rows(held_out[0], self._settings.shards)
            in_chunks = held_out[0].number * width > largest
            chunk = max(1, _CHUNK // width) if in_chunks else None
            return self._gradient.make_validation_step(shards, chunk, first.valid_pages)
        rows = self._layout_rows(held_out)
        if not self._is_one or rows.number * width <= largest:
            return self._gradient.make_validation_step(rows.whole())
        chunk = max(1, _CHUNK // width)
        return self._gradient.make_validation_step_of_chunks(rows, chunk, first.valid_pages)

    def _layout_rows(self, rows: Sequence[EncodedRows]) -> SingleRows:
        return SingleRows(rows[0]) if self._is_one else StackedRows(rows)

    def _finish(self, runs: Sequence[Run]) -> None:
        if not self._is_one:
            for k, trainee in enumerate(self._trainees):
                pairs = zip(trainee.parameters.views, self._parameters.views, strict=True)
                for own, stacked in pairs:
                    own.copy_(stacked[k])
        for trainee, run in zip(self._trainees, runs, strict=True):
            trainee.finish(run)
