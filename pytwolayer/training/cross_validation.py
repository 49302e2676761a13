"""Held-out losses of candidates of weight decay, each on every fold, in one computation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.network.architecture import FlatParameters, repeat_parameters
from pytwolayer.network.batches import Batches, Dropout, EncodedRows
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Grouped
from pytwolayer.network.losses import LOSSES
from pytwolayer.network.stacked_batches import StackedRows
from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.optim.optimizer import Optimizer, make_optimizer
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import flush_subnormals
from pytwolayer.training.loop import fit_loop
from pytwolayer.training.settings import Settings


@dataclass(frozen=True)
class Fold:
    """The rows of one fold.

    Attributes
    ----------
    train_rows, valid_rows : EncodedRows
    generator : torch.Generator
        Draws the order of the rows and the dropout, for all candidates alike.
    """

    train_rows: EncodedRows
    valid_rows: EncodedRows
    generator: torch.Generator


class ShortRun:
    """Supervises networks that are only compared: no best weights, no record of losses."""

    def __init__(
        self,
        schedule: Schedule,
        optimizer: Optimizer,
        interrupt: Interrupt,
        at_end: Callable[[], object] | None = None,
    ) -> None:
        self._schedule, self._optimizer, self._interrupt = schedule, optimizer, interrupt
        self._at_end = at_end

    def begin_epoch(self, epoch: int) -> None:
        """Set the learning rate of an epoch, counted from 0."""
        if self._schedule.changes:
            self._optimizer.set_learning_rate(self._schedule.learning_rate(epoch))

    @property
    def ends_now(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._interrupt.pressed

    def end_epoch(self, epoch: int, read_losses: Callable[[], list[Any]]) -> bool:
        """Continue."""
        if self._at_end is not None:
            self._at_end()
        return True


def held_out_losses(
    folds: Sequence[Fold],
    weight_decays: NDArray[np.float64],
    parameters: FlatParameters,
    settings: Settings,
    epochs: int,
    interrupt: Interrupt,
    *,
    end_epoch: Callable[[], object] | None = None,
) -> tuple[NDArray[np.float64], list[list[torch.Tensor]]]:
    """Train a network for each fold and weight decay; return its loss on the held-out rows.

    Parameters
    ----------
    folds : sequence of Fold
        With as many rows of each, where batches are drawn.
    weight_decays : array
        Shape ``(folds, candidates)``.
    parameters : FlatParameters
        Of one network, with the initial weights of all.
    settings : Settings
        Of the fit; the learning rate follows its schedule over all its epochs,
    epochs : int
        and training ends after so many of them.
    interrupt : Interrupt
    end_epoch : callable, optional
        Called after each epoch.

    Returns
    -------
    losses : array
        Shape ``(folds, candidates)``: means over the rows, also where the loss is a sum; infinite
        where training diverged.
    outputs : list of list of Tensor
        Of each fold and candidate, for the held-out rows.
    """
    candidates = weight_decays.shape[1]
    stacked = repeat_parameters(parameters, len(folds), candidates)
    options = replace(
        settings.optimizer_options,
        gradient_clip=None,  # done by the gradient, for each network by itself
        decays=_decay_of_each(stacked, weight_decays),
    )
    optimizer = make_optimizer(settings.optimizer, stacked, options)
    generators = [fold.generator for fold in folds]
    own_generator = [fold.generator for fold in folds for _ in range(candidates)]
    gradient = ClosedFormGradient(
        Grouped(stacked),
        settings.activation,
        settings.loss,
        settings.reduction,
        [len(fold.train_rows.x) for fold in folds for _ in range(candidates)],
        [Dropout(settings.dropout, each) for each in own_generator] if settings.dropout else (),
        settings.gradient_clip,
        settings.quantile_levels,
    )
    rows = StackedRows([fold.train_rows for fold in folds], candidates)
    batches = Batches(rows, settings.batch_size, generators)
    schedule = Schedule(settings.schedule, settings.learning_rate, settings.epochs)
    supervisor = ShortRun(schedule, optimizer, interrupt, end_epoch)
    with flush_subnormals():
        fit_loop(gradient, optimizer, batches, epochs, supervisor)
    held_out = StackedRows([fold.valid_rows for fold in folds], candidates).whole()
    validation_step, scale = gradient.make_validation_step(held_out)
    loss = torch.empty_like(gradient.loss)
    with torch.inference_mode():
        validation_step(loss)
    losses = loss.cpu().numpy().astype(np.float64) * scale
    if settings.reduction == "sum":
        numbers = np.repeat([_number(fold.valid_rows) for fold in folds], candidates)
        losses /= LOSSES[settings.loss].terms(numbers, held_out.d_out)
    losses = losses.reshape(weight_decays.shape)
    del validation_step
    with torch.inference_mode():
        each = gradient.outputs(held_out)
    outputs = [each[at : at + candidates] for at in range(0, len(each), candidates)]
    return np.where(np.isfinite(losses), losses, np.inf), outputs


def _number(rows: EncodedRows) -> float:
    """Return how many rows these stand for, by their weights."""
    return len(rows.x) if rows.weights is None else float(rows.weights.sum(dtype=torch.float64))


def _decay_of_each(parameters: FlatParameters, weight_decays: NDArray[np.float64]) -> torch.Tensor:
    """Return each parameter's factor of decay; 0 for biases."""
    decays = torch.zeros_like(parameters.gradients)
    of_each = decays.new_tensor(weight_decays)
    first, _, second, _ = parameters.split(decays)
    hidden_units = second.shape[2]
    first.copy_(of_each.repeat_interleave(hidden_units, 1)[:, :, None])
    second.copy_(of_each.flatten()[:, None, None])
    return decays
