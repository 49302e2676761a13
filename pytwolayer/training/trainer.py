"""The trainer: one network, or several of one form side by side, from start to end."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from pytwolayer.network.architecture import FlatParameters, stack_parameters
from pytwolayer.network.batches import (
    Batches,
    Dropout,
    EncodedRows,
    Source,
    batch_sizes,
)
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Layout, Single, Stacked
from pytwolayer.network.stacked_batches import StackedSource
from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.optim.optimizer import Optimizer, make_optimizer
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.kept_weights import KeptWeights
from pytwolayer.training.loop import train
from pytwolayer.training.settings import Settings
from pytwolayer.training.supervisor import Supervisor
from pytwolayer.training.tracker import Run


class Trainee(Protocol):
    """A network at its start, with its data.

    Attributes
    ----------
    parameters : FlatParameters
    optimizer : Optimizer
        Of these parameters; several networks that are trained together have one in common.
    learning : EncodedRows
    watching : EncodedRows or None
        The held-out rows.
    generator : torch.Generator
        Where the order of the rows and the dropout are drawn.
    """

    parameters: FlatParameters
    optimizer: Optimizer
    learning: EncodedRows
    watching: EncodedRows | None
    generator: torch.Generator


class Trainer:
    """Trains networks of one form in one computation, each as it would be alone.

    Parameters
    ----------
    trainees : sequence of Trainee
    settings : Settings
        Theirs, but for the seed.

    Attributes
    ----------
    runs : list of Run
        What is known of each network's run, once it has ended in whatever way.
    """

    def __init__(self, trainees: Sequence[Trainee], settings: Settings) -> None:
        self._trainees, self._settings, self.runs = trainees, settings, list[Run]()
        self._generators = [each.generator for each in trainees]
        self._is_one, first = len(trainees) == 1, trainees[0]
        # An optimiser clips all that it updates as one gradient, so that of several networks
        # may not: each is clipped by itself, where it is computed.
        clip = None if self._is_one else settings.gradient_clip
        if self._is_one:
            self._parameters, self._optimizer = first.parameters, first.optimizer
            layout: Layout = Single(self._parameters)
        else:
            self._parameters = self._stacked()
            tuning = replace(settings.tuning, gradient_clip=None)
            self._optimizer = make_optimizer(settings.optimizer, self._parameters, tuning)
            layout = Stacked(self._parameters)
        share = settings.dropout
        self._gradient = ClosedFormGradient(
            layout,
            settings.activation,
            settings.loss,
            settings.reduction,
            [len(each.learning.x) for each in trainees],
            [Dropout(share, each) for each in self._generators] if share else (),
            clip,
        )

    def _stacked(self) -> FlatParameters:
        first = self._trainees[0].learning.x
        has_batches = len(batch_sizes(len(first), self._settings.batch_size)) > 1
        same_rows = all(each.learning.x is first for each in self._trainees)
        own = [each.parameters for each in self._trainees]
        # Batches are drawn for each network by itself, so only all rows at once are the same.
        return stack_parameters(own, same_rows=same_rows and not has_batches)

    def supervisor(
        self, interrupt: Interrupt, before: Run | None = None, **options: Any
    ) -> Supervisor:
        """Make what watches over the run; the options are those of ``Supervisor``."""
        settings, flat = self._settings, self._parameters
        validate, scale = None, None
        watching = [each.watching for each in self._trainees if each.watching is not None]
        if watching:
            validate, scale = self._gradient.evaluator(self._source(watching).whole())
        done = 0 if before is None else len(before.losses)
        return Supervisor(
            KeptWeights(flat.values.data, len(self._trainees), flat.split),
            settings.epochs,
            self._optimizer,
            Schedule(settings.schedule, settings.learning_rate, settings.epochs - done, done),
            interrupt,
            validate=validate,
            valid_scale=scale,
            patience=settings.patience,
            before=before,
            **options,
        )

    def _source(self, rows: Sequence[EncodedRows]) -> Source:
        return Source(rows[0]) if self._is_one else StackedSource(rows)

    def run(self, supervisor: Supervisor) -> None:
        """Train to the end, whatever ends it; after an error the work so far is in ``runs``."""
        source = self._source([each.learning for each in self._trainees])
        batches = Batches(source, self._settings.batch_size, self._generators)
        done = supervisor.losses
        epochs = len(done) if supervisor.has_ended else self._settings.epochs
        try:
            losses = train(self._gradient, self._optimizer, batches, epochs, supervisor, done)
        except Exception:
            self._finish(supervisor, supervisor.losses)
            raise
        self._finish(supervisor, losses)

    def _finish(self, supervisor: Supervisor, losses: list[Any]) -> None:
        self.runs = supervisor.finish(losses)
        if not self._is_one:
            for model, trainee in enumerate(self._trainees):
                pairs = zip(trainee.parameters.views, self._parameters.views, strict=True)
                for own, stacked in pairs:
                    own.copy_(stacked[model])
