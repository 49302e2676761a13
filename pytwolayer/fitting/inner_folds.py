"""The training rows of a fit in folds, on which candidates of its settings are compared."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.models.model_file import TUNING
from pytwolayer.models.scoring import restored
from pytwolayer.network.architecture import (
    draw_initial_weights,
    flatten_parameters,
    start_second_half,
    two_layer_net,
)
from pytwolayer.network.batches import EncodedRows
from pytwolayer.network.losses import shares_rows
from pytwolayer.preprocessing.calibration import (
    Calibration,
    has_intervals,
    scored_bases,
    scores_of,
)
from pytwolayer.preprocessing.deduplicate import merge_equal_rows
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.folds import draw_folds
from pytwolayer.preprocessing.outcome import fit_outcome
from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.memory import fit_size, guard_memory, suggest_smaller_fit
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.threads import limit_threads
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.cross_validation import Fold, held_out_losses
from pytwolayer.training.dataset import encode_rows
from pytwolayer.training.progress import Progress
from pytwolayer.training.settings import AUTO, Settings

FOLDS, MANY_ROWS = 3, 1000  # of more rows one fold's are held out, once
SAMPLE = 20_000  # rows that are used at most
SHARE_OF_EPOCHS = 1 / 3
LARGEST = 2**25  # parameters of all networks together
_SEED = 2**32 - 1  # no network of an ensemble has this number


@dataclass(frozen=True)
class Candidates:
    """Settings that are compared in one computation.

    Attributes
    ----------
    encoding : str
    learning_rate : float
    weight_decays : array
        Those of the fit; on fewer rows they are larger.
    """

    encoding: str
    learning_rate: float
    weight_decays: NDArray[np.float64]


@dataclass(frozen=True)
class Watch:
    """What a long search heeds.

    Attributes
    ----------
    interrupt : Interrupt
    show : callable or None
        Makes the progress display of so many epochs.
    """

    interrupt: Interrupt
    show: Callable[[int], Progress | None] | None = None


class InnerFolds:
    """The folds of one fit.

    Parameters
    ----------
    rows : TrainingData
        What the fit is trained on, each row by itself.
    settings : Settings
        Of the fit, without "auto" but for the loss.
    device : torch.device
    merges : bool
        Whether equal rows are merged, as the fit merges them.
    """

    def __init__(
        self, rows: TrainingData, settings: Settings, device: torch.device, *, merges: bool
    ) -> None:
        self._device, self._merges, number = device, merges, rows.rows
        sequence = np.random.SeedSequence([settings.seed, _SEED])
        self._seed = int(sequence.generate_state(1)[0]) >> 1  # the fit draws what it always drew
        generator = cpu_generator(self._seed)
        # Of all rows: a sample may lack a class.
        levels = settings.quantile_levels
        self._outcome = fit_outcome(
            rows.outcomes, rows.weights, settings.loss, quantile_levels=levels
        )
        if number > SAMPLE:
            drawn = torch.randperm(number, generator=generator, device="cpu")[:SAMPLE]
            rows = rows.take(np.sort(drawn.numpy()))
        self._rows = rows
        loss = self._outcome.default_loss if settings.loss == AUTO else settings.loss
        self._settings = replace(settings, loss=loss)
        self._epochs = max(1, round(settings.epochs * SHARE_OF_EPOCHS))
        masks = draw_folds(rows, FOLDS, generator)
        self._masks = masks[:1] if rows.rows > MANY_ROWS else masks
        # The penalty keeps its weight against the summed losses of fewer rows.
        training = rows.rows - int(masks[0].sum())
        self._scale = 1.0 if settings.reduction == "sum" else number / training
        self._scores: dict[tuple[str, float, float], tuple[Doubles, Doubles | None]] = {}
        self._encoders: dict[str, Encoder] = {}
        self._encoded: dict[str, list[tuple[EncodedRows, EncodedRows]]] = {}

    @property
    def hold_rows_out(self) -> bool:
        """Whether any row is held out; not where nearly every row has a class of its own."""
        return bool(self._masks[0].any())

    def has_pieces(self, widest: int) -> bool:
        """Whether a piecewise encoding has pieces at all, and no more inputs than ``widest``."""
        inputs = self._encoder("piecewise")
        has_pieces = any(isinstance(each, PiecewiseCoding) for each in inputs.codings)
        return has_pieces and inputs.width <= widest

    def losses_of_all(self, several: Sequence[Candidates], watch: Watch) -> list[pd.DataFrame]:
        """Return the losses of several computations, with one progress display for all."""
        progress = watch.show(len(several) * self._epochs) if watch.show is not None else None
        done = count(1)

        def end_epoch() -> None:
            if progress is not None:
                try:
                    progress.update(next(done), math.nan)
                except KeyboardInterrupt:
                    watch.interrupt.pressed = True

        try:
            return [self.losses(each, watch.interrupt, end_epoch) for each in several]
        finally:
            if progress is not None:
                progress.close()

    def losses(
        self,
        candidates: Candidates,
        interrupt: Interrupt,
        end_epoch: Callable[[], object] | None = None,
    ) -> pd.DataFrame:
        """Return the held-out loss of each candidate in each fold; no rows if it is too much.

        Returns
        -------
        DataFrame
            With the columns ``TUNING``.
        """
        settings = replace(self._settings, learning_rate=candidates.learning_rate)
        width, folds = self._folds(candidates.encoding)
        decays = np.tile(candidates.weight_decays * self._scale, (len(folds), 1))
        hidden_units, d_out = settings.hidden_units, self._outcome.width
        if decays.size * hidden_units * (width + d_out + 1) > LARGEST:
            return pd.DataFrame(columns=[*TUNING])
        network = two_layer_net(width, hidden_units, d_out, settings.activation)
        draw_initial_weights(network, cpu_generator(self._seed))
        if shares_rows(self._settings.loss):
            of_rows = self._rows.outcomes, self._rows.weights
            start_second_half(network, self._outcome.first_log_theta(*of_rows))
        order = self._encoder(candidates.encoding).order
        parameters = flatten_parameters(network, self._device, by_input=True, order=order)
        rows = max(len(fold.train_rows.x) for fold in folds)
        batch, units = min(rows, settings.batch_size or rows), hidden_units * decays.size
        sizes = rows, width, units, batch
        suggestion = suggest_smaller_fit(*sizes, self._device)
        with (
            limit_threads(batch * width * units),
            guard_memory(self._device, fit_size(*sizes), suggestion),
        ):
            losses, outputs = held_out_losses(
                folds, decays, parameters, settings, self._epochs, interrupt, end_epoch=end_epoch
            )
        if has_intervals(self._outcome):
            self._keep_scores(candidates, folds, outputs)
        return _table(candidates, losses)

    def _keep_scores(
        self,
        candidates: Candidates,
        folds: Sequence[Fold],
        outputs: Sequence[Sequence[torch.Tensor]],
    ) -> None:
        """Score the held-out rows by each candidate's predictions."""
        truths = [restored(self._outcome, fold.valid_rows.y.cpu()) for fold in folds]
        for number, decay in enumerate(candidates.weight_decays):
            bases = [scored_bases(self._outcome, own[number]) for own in outputs]
            parts = [
                scores_of(truth, base, self._settings.loss)
                for truth, base in zip(truths, bases, strict=True)
            ]
            sds = [base[2] for base in bases if len(base) > 2]
            key = candidates.encoding, candidates.learning_rate, float(decay)
            self._scores[key] = np.concatenate(parts), np.concatenate(sds) if sds else None

    def calibration(self, encoding: str, learning_rate: float, decay: float) -> Calibration | None:
        """Return the scores of a candidate's held-out rows."""
        scores = self._scores.get((encoding, learning_rate, decay))
        if scores is None:
            return None
        weights = [rows.weights for rows in self._encoded_rows]
        if all(each is None for each in weights):
            return Calibration.of_search(*scores, None)
        pairs = zip(weights, self._encoded_rows, strict=True)
        parts = [torch.ones(len(r.x)) if own is None else own[:, 0].cpu() for own, r in pairs]
        of_rows = torch.cat(parts).double().numpy()
        return Calibration.of_search(*scores, of_rows)

    def _folds(self, encoding: str) -> tuple[int, Sequence[Fold]]:
        """Return the number of inputs, and the encoded folds, whose generators begin anew."""
        inputs = self._encoder(encoding)
        if encoding not in self._encoded:  # only the last one's are kept
            self._encoded = {encoding: [self._encode(mask, inputs) for mask in self._masks]}
        self._encoded_rows = [held_out for _, held_out in self._encoded[encoding]]
        seeds = range(self._seed + 1, self._seed + 1 + len(self._masks))
        pairs = zip(self._encoded[encoding], seeds, strict=True)
        return inputs.width, [Fold(*rows, cpu_generator(seed)) for rows, seed in pairs]

    def _encoder(self, encoding: str) -> Encoder:
        if encoding not in self._encoders:
            rows, settings = self._rows, self._settings
            how = settings.input_clip, encoding, settings.pieces
            self._encoders[encoding] = Encoder.fit("x", rows.predictors, rows.weights, *how)
        return self._encoders[encoding]

    def _encode(
        self, held_out: NDArray[np.bool_], inputs: Encoder
    ) -> tuple[EncodedRows, EncodedRows]:
        parts = [self._rows.take(mask) for mask in (~held_out, held_out)]
        if self._merges:
            parts = [merge_equal_rows(part) for part in parts]
        how = inputs, self._outcome, self._settings
        train_rows, valid_rows = (encode_rows("x", p, *how).to(self._device) for p in parts)
        return train_rows, valid_rows


def _table(candidates: Candidates, losses: NDArray[np.float64]) -> pd.DataFrame:
    """Return a row for each candidate and fold."""
    folds, number = losses.shape
    columns = (
        [candidates.encoding] * losses.size,
        [candidates.learning_rate] * losses.size,
        np.repeat(candidates.weight_decays, folds),
        np.tile(np.arange(1, folds + 1), number),
        losses.T.ravel(),
    )
    return pd.DataFrame(dict(zip(TUNING, columns, strict=True)))
