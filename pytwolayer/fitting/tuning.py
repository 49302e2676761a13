"""What "auto" of weight decay and encoding stands for: chosen by an inner cross-validation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.checkpoints.folder import Checkpoints
from pytwolayer.errors import DeviceMemoryError, PytwolayerWarning, warn_user
from pytwolayer.fitting.auto_settings import resolve_auto, usual_epochs
from pytwolayer.fitting.inner_folds import Candidates, InnerFolds, Watch
from pytwolayer.fitting.prepare import Hooks
from pytwolayer.models.model_file import TUNING
from pytwolayer.network.batches import batch_sizes
from pytwolayer.optim.optimizer import OPTIMIZERS
from pytwolayer.preprocessing.calibration import Calibration
from pytwolayer.preprocessing.deduplicate import sort_rows
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.preprocessing.validation_split import split_validation
from pytwolayer.runtime.interrupt import watch_for_interrupt
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.threads import reset_after_fork
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.progress import Displays
from pytwolayer.training.settings import AUTO, Settings

LINEAR, PIECEWISE = "linear", "piecewise"
# The candidates: multiples of the weight decay that is taken where nothing is searched. These
# numbers, and those of the folds, were chosen by the measurements of ``benchmarks/quality.py``.
MULTIPLES = {LINEAR: (0.03, 0.1, 0.3, 1.0, 3.0, 10.0), PIECEWISE: (1.0, 10.0)}
GAIN = 0.02  # share of its loss by which another must be better than the usual one, of multiple 1
# A problem that wants so little weight decay, or less, is clean: larger steps are tried then, with
# less decay too. Both are multiples: of the learning rate, and of what was found.
CLEAN = {LINEAR: 0.1, PIECEWISE: 1.0}
LARGER_STEPS, LESS_DECAY = 5.0, (0.1, 0.3, 1.0)
# Most inputs of a piecewise encoding: that is tried without being asked for, and with larger steps.
WIDEST, WIDEST_CLEAN = 264, 128
# No search: with fewer rows, with fewer updates in the fit, with so many rows.
FEWEST_ROWS, FEWEST_UPDATES, TOO_MANY_ROWS = 30, 500, 100_000
_NO_HOOKS = Hooks()
_FOUND = TUNING[:3]
Choice = tuple[str, float, float]


@dataclass(frozen=True)
class Tuned:
    """What the search found.

    Attributes
    ----------
    settings : Settings
        With values for encoding, learning rate and weight decay; as they were where nothing was
        searched.
    tuning : DataFrame or None
        The held-out losses, see ``InnerFolds.losses()``.
    calibration : Calibration or None
        How far the held-out outcomes were from the predictions of what was chosen.
    interrupted : bool
        Whether Ctrl-C ended the search, without a result.
    """

    settings: Settings
    tuning: pd.DataFrame | None = None
    interrupted: bool = False
    calibration: Calibration | None = None

    @property
    def attributes(self) -> dict[str, Any]:
        """What the fit keeps of the search."""
        return {"tuning": self.tuning, "calibration": self.calibration}


def resumed(checkpoints: Checkpoints | None, settings: Settings) -> Tuned | None:
    """Return what the run found whose checkpoints are there, if it searched."""
    tuning = None if checkpoints is None else checkpoints.tuning
    if checkpoints is None or tuning is None or not _can_search(settings):
        return None
    found = {name: checkpoints.settings[name] for name in _FOUND}
    auto = {name: value for name, value in found.items() if getattr(settings, name) == AUTO}
    return Tuned(settings.with_values(**auto), tuning, calibration=checkpoints.calibration)


def tune(
    data: TrainingData,
    settings: Settings,
    share: float,
    device: torch.device,
    hooks: Hooks = _NO_HOOKS,
) -> Tuned:
    """Choose weight decay and encoding, where they are "auto", by the held-out loss.

    All networks of one encoding are trained in one computation, for the first part of the epochs.
    Only rows that the fit is trained on are used. Where little weight decay is wanted, a
    larger learning rate is tried too, if that is "auto".

    Parameters
    ----------
    data : TrainingData
    settings : Settings
    share : float
        Of the rows that the fit holds out.
    device : torch.device
    hooks : Hooks
        Of these the built-in progress display is used.
    """
    if not _can_search(settings) or data.expanded_rows >= TOO_MANY_ROWS:
        return Tuned(settings)
    reset_after_fork()
    rows, resolved, merges = _training_rows(data, settings, share)
    resolved = _as_long_as_usual(resolved, rows.rows)
    if not _is_worthwhile(rows.rows, resolved):
        return Tuned(settings)
    rows = sort_rows(rows) if merges else rows
    try:
        with watch_for_interrupt() as interrupt:
            folds = InnerFolds(rows, resolved, device, merges=merges)
            if not folds.hold_rows_out:
                return Tuned(settings)
            displays = hooks.progress
            show = displays.search if isinstance(displays, Displays) else None
            tuning, choice = _search(folds, settings, resolved, Watch(interrupt, show))
    except DeviceMemoryError:  # the fit itself needs less
        text = (
            "Weight decay and encoding are the default ones: there is not enough memory to search "
            "for better ones."
        )
        warn_user(text, PytwolayerWarning)
        return Tuned(settings)
    if interrupt.pressed or tuning.empty:
        return Tuned(settings, interrupted=interrupt.pressed)
    found: dict[str, Any] = dict(zip(_FOUND, choice, strict=True))
    calibration = folds.calibration(*choice)
    return Tuned(settings.with_values(**found), tuning, calibration=calibration)


def _can_search(settings: Settings) -> bool:
    entry = OPTIMIZERS[settings.optimizer]
    stacks = entry.make is not None and settings.schedule != "plateau"
    return (
        settings.weight_decay == AUTO
        and stacks
        and not entry.decoupled
        and not callable(settings.loss)
    )


def _as_long_as_usual(settings: Settings, rows: int) -> Settings:
    """Limit the epochs: of very many a fit may need few, until ``patience`` or Ctrl-C ends it."""
    usual = usual_epochs(settings.batch_size, rows)
    return settings if settings.epochs <= usual else settings.with_values(epochs=usual)


def _is_worthwhile(rows: int, settings: Settings) -> bool:
    updates = settings.epochs * len(batch_sizes(rows, settings.batch_size))
    return rows >= FEWEST_ROWS and updates >= FEWEST_UPDATES


def _training_rows(
    data: TrainingData, settings: Settings, share: float
) -> tuple[TrainingData, Settings, bool]:
    """Return the rows that the fit is trained on, each by itself, and the settings.

    Also return whether the fit merges equal rows. Then its result does not depend on their order,
    and the search must not either: it sorts them.
    """
    holds_out = share > 0 or data.held_out is not None or data.validation is not None
    suited, resolved = resolve_auto(settings, data, held_out=holds_out)
    if not holds_out and not settings.dropout and _is_one_batch(resolved, suited.rows):
        return data.expand_frequencies(), resolved, True
    training, _ = split_validation(suited, share, cpu_generator(settings.seed))
    return training, resolved, False


def _is_one_batch(settings: Settings, rows: int) -> bool:
    return settings.batch_size is None or settings.batch_size >= rows


def _search(
    folds: InnerFolds, settings: Settings, resolved: Settings, watch: Watch
) -> tuple[pd.DataFrame, Choice]:
    """Return the losses of all candidates that were tried, and the choice."""
    encodings = [*_encodings(folds, settings)]
    rate, decay = resolved.learning_rate, resolved.weight_decay
    choice = encodings[0], rate, decay
    first = [Candidates(each, rate, np.array(MULTIPLES[each]) * decay) for each in encodings]
    tables = folds.losses_of_all(first, watch)
    if watch.interrupt.pressed or tables[0].empty:
        return tables[0], choice
    tuning = pd.concat([table for table in tables if not table.empty], ignore_index=True)
    choice = _choose(tuning, choice)
    encoding, _, found = choice
    is_clean = found <= CLEAN[encoding] * decay * 1.001  # but for rounding
    is_cheap = encoding == LINEAR or folds.has_pieces(WIDEST_CLEAN)
    if is_clean and is_cheap and settings.learning_rate == AUTO:
        decays = np.array(LESS_DECAY) * found
        more = [Candidates(encoding, LARGER_STEPS * rate, decays)]
        tuning = pd.concat([tuning, *folds.losses_of_all(more, watch)], ignore_index=True)
        choice = _choose(tuning, choice)
    return tuning, choice


def _encodings(folds: InnerFolds, settings: Settings) -> Iterator[str]:
    if settings.encoding != AUTO:
        yield settings.encoding
        return
    yield LINEAR
    if folds.has_pieces(WIDEST):
        yield PIECEWISE


def _choose(tuning: pd.DataFrame, usual: Choice) -> Choice:
    """Return the candidate of the lowest mean loss; the usual one unless it is clearly better."""
    losses: dict[Choice, list[float]] = {}
    for *candidate, loss in tuning[[*_FOUND, "valid_loss"]].itertuples(index=False):
        losses.setdefault((candidate[0], candidate[1], candidate[2]), []).append(loss)
    means = {candidate: float(np.mean(each)) for candidate, each in losses.items()}
    best, usual_loss = min(means, key=means.__getitem__), means[usual]
    enough = usual_loss - GAIN * abs(usual_loss) if np.isfinite(usual_loss) else usual_loss
    return best if means[best] < enough else usual
