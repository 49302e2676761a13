"""What "auto" of weight decay and encoding stands for: chosen by an inner cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.checkpoints.folder import Checkpoints
from pytwolayer.fitting.auto_settings import resolve_auto
from pytwolayer.network.architecture import (
    draw_initial_weights,
    flatten_parameters,
    two_layer_net,
)
from pytwolayer.network.batches import batch_sizes
from pytwolayer.optim.optimizer import OPTIMIZERS
from pytwolayer.preprocessing.deduplicate import merge_equal_rows, sort_rows
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.folds import draw_folds
from pytwolayer.preprocessing.outcome import Outcome, fit_outcome
from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.preprocessing.validation_split import split_validation
from pytwolayer.runtime.interrupt import Interrupt, watch_for_interrupt
from pytwolayer.runtime.memory import fit_size, guard_memory, suggest_smaller_fit
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.threads import limit_threads
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.cross_validation import Fold, held_out_losses
from pytwolayer.training.dataset import encode_rows
from pytwolayer.training.settings import AUTO, Settings

# The candidates: multiples of the weight decay that is taken where nothing is searched. Chosen by
# the measurements of ``benchmarks/quality.py``, as all numbers here.
LINEAR, PIECEWISE = "linear", "piecewise"
MULTIPLES = {LINEAR: (0.03, 0.1, 0.3, 1.0, 3.0, 10.0), PIECEWISE: (1.0, 3.0, 10.0)}
USUAL = {LINEAR: 1.0, PIECEWISE: 3.0}  # taken unless another candidate is better by
GAIN = 0.02  # this share of its loss
FOLDS, MANY_ROWS = 3, 1000  # of more rows one third is held out, once
SHARE_OF_EPOCHS = 1 / 3
# No search: with fewer rows, with fewer updates in the fit, with so many rows.
FEWEST_ROWS, FEWEST_UPDATES, TOO_MANY_ROWS = 30, 500, 100_000
SAMPLE = 20_000  # rows that are searched on at most
WIDEST = 264  # inputs of a piecewise encoding that is tried without being asked for
LARGEST = 2**25  # parameters of all networks together


@dataclass(frozen=True)
class Tuned:
    """What the search found.

    Attributes
    ----------
    settings : Settings
        With values for weight decay and encoding; as they were where nothing was searched.
    tuning : DataFrame or None
        ``encoding``, ``weight_decay``, ``fold`` and ``valid_loss`` of each candidate and fold.
    interrupted : bool
        Whether Ctrl-C ended the search, without a result.
    """

    settings: Settings
    tuning: pd.DataFrame | None = None
    interrupted: bool = False


def resumed(checkpoints: Checkpoints | None, settings: Settings) -> Tuned | None:
    """Return what the run found whose checkpoints are there, if it searched."""
    if checkpoints is None or checkpoints.tuning is None or not _can_search(settings):
        return None
    tuning, found = checkpoints.tuning
    return Tuned(replace(settings, **found), tuning)


def tune(data: TrainingData, settings: Settings, share: float, device: torch.device) -> Tuned:
    """Choose weight decay and encoding, where they are "auto", by the held-out loss.

    All networks of one encoding are trained in one computation, for the first part of the epochs.
    Only rows that the fit is trained on are used.

    Parameters
    ----------
    data : TrainingData
    settings : Settings
    share : float
        Of the rows that the fit holds out.
    device : torch.device
    """
    if not _can_search(settings) or data.expanded_rows >= TOO_MANY_ROWS:
        return Tuned(settings)
    rows, resolved, merges = _training_rows(data, settings, share)
    if not _is_worthwhile(rows.rows, resolved):
        return Tuned(settings)
    encodings = [*MULTIPLES] if settings.encoding == AUTO else [settings.encoding]
    widest = WIDEST if settings.encoding == AUTO else None
    with watch_for_interrupt() as interrupt:
        search = _Search(rows, resolved, device, interrupt, merges=merges)
        tables = [search.losses(each, widest) for each in encodings if not interrupt.pressed]
    found = [table for table in tables if table is not None]
    if interrupt.pressed or not found:
        return Tuned(settings, interrupted=interrupt.pressed)
    tuning = pd.concat(found, ignore_index=True)
    encoding, weight_decay = _choose(tuning, encodings[0], resolved.weight_decay)
    return Tuned(replace(settings, encoding=encoding, weight_decay=weight_decay), tuning)


def _can_search(settings: Settings) -> bool:
    entry = OPTIMIZERS[settings.optimizer]
    stacks = entry.make is not None and settings.schedule != "plateau"
    return (
        settings.weight_decay == AUTO
        and stacks
        and not entry.decoupled
        and not callable(settings.loss)
    )


def _is_worthwhile(rows: int, settings: Settings) -> bool:
    updates = settings.epochs * len(batch_sizes(rows, settings.batch_size))
    return rows >= FEWEST_ROWS and updates >= FEWEST_UPDATES


def _training_rows(
    data: TrainingData, settings: Settings, share: float
) -> tuple[TrainingData, Settings, bool]:
    """Return the rows that the fit is trained on, each by itself, and the settings.

    Also return whether the fit merges equal rows. Then its result does not depend on their order,
    and the search must not either.
    """
    holds_out = share > 0 or data.held_out is not None or data.validation is not None
    suited, resolved = resolve_auto(settings, data, held_out=holds_out)
    if not holds_out and not settings.dropout and _is_one_batch(resolved, suited.rows):
        return sort_rows(data.expand_frequencies()), resolved, True
    training, _ = split_validation(suited, share, cpu_generator(settings.seed))
    return training, resolved, False


def _is_one_batch(settings: Settings, rows: int) -> bool:
    return settings.batch_size is None or settings.batch_size >= rows


class _Search:
    """The rows of every fold, and the losses of candidates on them."""

    def __init__(
        self,
        rows: TrainingData,
        settings: Settings,
        device: torch.device,
        interrupt: Interrupt,
        *,
        merges: bool,
    ) -> None:
        self._device, self._interrupt, self._merges = device, interrupt, merges
        self._seed, number = int(_own_seed(settings.seed)), rows.rows
        generator = cpu_generator(self._seed)
        if number > SAMPLE:
            drawn = torch.randperm(number, generator=generator, device="cpu")[:SAMPLE]
            rows = rows.take(np.sort(drawn.numpy()))
        self._rows = rows
        self._outcome: Outcome = fit_outcome(rows.outcomes, rows.weights, settings.loss)
        loss = self._outcome.default_loss if settings.loss == AUTO else settings.loss
        self._settings = replace(settings, loss=loss)
        masks = draw_folds(rows, FOLDS, generator)
        self._masks = masks[:1] if rows.rows > MANY_ROWS else masks
        # The penalty has the same weight against the summed losses of fewer rows.
        training = rows.rows - int(masks[0].sum())
        self._scale = 1.0 if settings.reduction == "sum" else number / training

    def losses(self, encoding: str, widest: int | None) -> pd.DataFrame | None:
        """Return the candidates' losses; None where this encoding is not to be tried."""
        rows, settings = self._rows, replace(self._settings, encoding=encoding)
        inputs = Encoder.fit(
            "x", rows.predictors, rows.weights, settings.input_clip, encoding, settings.pieces
        )
        if encoding == PIECEWISE and widest is not None:
            has_pieces = any(isinstance(each, PiecewiseCoding) for each in inputs.codings)
            if not has_pieces or inputs.width > widest:
                return None
        multiples = np.array(MULTIPLES[encoding])
        folds = [self._fold(number, inputs, settings) for number in range(len(self._masks))]
        decays = multiples * settings.weight_decay
        of_fold = np.tile(decays * self._scale, (len(folds), 1))
        losses = self._train(folds, of_fold, inputs.width, settings)
        return None if losses is None else _table(encoding, decays, losses)

    def _fold(self, number: int, inputs: Encoder, settings: Settings) -> Fold:
        parts = [self._rows.take(mask) for mask in (~self._masks[number], self._masks[number])]
        if self._merges:
            parts = [merge_equal_rows(part) for part in parts]
        coding = inputs, self._outcome, settings
        train_rows, valid_rows = (encode_rows("x", p, *coding).to(self._device) for p in parts)
        return Fold(train_rows, valid_rows, cpu_generator(self._seed + 1 + number))

    def _train(
        self, folds: Sequence[Fold], decays: NDArray[np.float64], width: int, settings: Settings
    ) -> NDArray[np.float64] | None:
        network = two_layer_net(
            width, settings.hidden_units, self._outcome.width, settings.activation
        )
        draw_initial_weights(network, cpu_generator(self._seed))
        parameters = flatten_parameters(network, self._device, by_input=True)
        if parameters.values.numel() * decays.size > LARGEST:
            return None
        rows = max(len(fold.train_rows.x) for fold in folds)
        batch = min(rows, settings.batch_size or rows)
        units = settings.hidden_units * decays.size
        sizes = rows, width, units, batch
        suggestion = suggest_smaller_fit(*sizes, self._device)
        epochs = max(1, round(settings.epochs * SHARE_OF_EPOCHS))
        with (
            limit_threads(batch * width * units),
            guard_memory(self._device, fit_size(*sizes), suggestion),
        ):
            return held_out_losses(folds, decays, parameters, settings, epochs, self._interrupt)


def _own_seed(seed: int) -> Any:
    """Return a seed of the search's own, so that the fit's own random numbers stay as they are."""
    return np.random.SeedSequence([seed, 0, 0]).generate_state(1)[0] >> 1


def _table(encoding: str, decays: NDArray[np.float64], losses: NDArray[np.float64]) -> pd.DataFrame:
    """Return one row for each candidate and fold."""
    folds, candidates = losses.shape
    return pd.DataFrame(
        {
            "encoding": [encoding] * losses.size,
            "weight_decay": np.repeat(decays, folds),
            "fold": np.tile(np.arange(1, folds + 1), candidates),
            "valid_loss": losses.T.ravel(),
        }
    )


def _choose(tuning: pd.DataFrame, usual: str, weight_decay: float) -> tuple[str, float]:
    """Return the candidate of the lowest loss; the usual one unless another is clearly better."""
    losses: dict[tuple[str, float], list[float]] = {}
    for encoding, decay, loss in tuning[["encoding", "weight_decay", "valid_loss"]].to_numpy():
        losses.setdefault((encoding, decay), []).append(loss)
    means = {candidate: float(np.mean(each)) for candidate, each in losses.items()}
    default = usual, USUAL[usual] * weight_decay
    best = min(means, key=means.__getitem__)
    usual_loss = means[default]
    enough = usual_loss - GAIN * abs(usual_loss) if np.isfinite(usual_loss) else usual_loss
    return best if means[best] < enough else default
