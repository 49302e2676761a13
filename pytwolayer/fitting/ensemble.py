"""Several networks trained together, each as it would be alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pytwolayer.errors import (
    ArgumentError,
    DivergenceError,
    EachOnce,
    InterruptWarning,
    PytwolayerWarning,
    Text,
    warn_user,
)
from pytwolayer.fitting.prepare import Hooks, PreparedFit, train_together
from pytwolayer.fitting.tuning import Tuned
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.scoring import calibrate_together, calibrate_together_by_search
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.optim.optimizer import OPTIMIZERS
from pytwolayer.preprocessing.bootstrap import bootstrap_sample
from pytwolayer.preprocessing.calibration import HELD_OUT, UNSEEN, Calibration, spaced_rows
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.interrupt import watch_for_interrupt
from pytwolayer.runtime.memory import guard_memory
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.settings import checked

# Floats that each network needs at least: so many vectors of its parameters, and others.
_VECTORS, _OWN = 8, 9000


def seeds_of(seed: int, models: int) -> list[int]:
    """Return the seeds of the networks; the first is that of the call."""
    others = [np.random.SeedSequence([seed, model]) for model in range(1, models)]
    return [seed, *(int(other.generate_state(1)[0] >> 1) for other in others)]


def resample_seed(seed: int) -> int:
    """Return the seed of the bootstrap resample of a network with this seed."""
    return int(np.random.SeedSequence([seed, 0]).generate_state(1, np.uint64)[0]) >> 1


def data_of_each(
    ensemble: TwoLayerEnsemble, data: TrainingData
) -> Iterator[tuple[TwoLayer, TrainingData]]:
    """Yield an ensemble's networks, each with the rows of its checksums."""
    for model in ensemble.models:
        resample = ensemble.bootstrap and "valid_loss" not in model.history
        own = bootstrap_sample(data, resample_seed(model.settings.seed)) if resample else data
        yield model, own


def read_n_models(n_models: Any, bootstrap: Any, checkpoint: Any) -> int:
    """Check the number of networks and what goes with it; return the number."""
    number: int = checked("n_models", n_models)
    if checked("bootstrap", bootstrap) and number == 1:
        raise ArgumentError("bootstrap", Text("{} for one model", False), Text("{}", True))
    if checkpoint is not None and number > 1:
        raise ArgumentError("checkpoint", "left out where `n_models` is above 1", "given")
    return number


def fit_ensemble(
    data: TrainingData,
    tuned: Tuned,
    share: float,
    device: torch.device,
    hooks: Hooks,
    n_models: int,
    bootstrap: bool,
    cache: Path | None = None,
) -> TwoLayerEnsemble:
    """Fit several networks of the same settings; ``share`` of the rows is held out for each.

    Raises
    ------
    DivergenceError
        If every network's loss is no longer finite; it has the first fit so far.
    """
    settings = tuned.settings
    draws_rows = share > 0 or bootstrap  # else all networks have the same rows

    def prepare(seed: int) -> PreparedFit:
        resample = resample_seed(seed) if bootstrap else None
        own = replace(settings, seed=seed)
        copies = n_models if draws_rows else 1
        how = own, share, device
        prepared = PreparedFit(data, *how, resample=resample, cache=cache, copies=copies)
        prepared.set_attributes(tuning=tuned.tuning)
        prepared.calibrates = False
        return prepared

    with EachOnce():
        first = prepare(settings.seed)
        _refuse_too_many(n_models, first)
        others = seeds_of(settings.seed, n_models)[1:]
        rest = [prepare(seed) if draws_rows else first.with_seed(seed) for seed in others]
    prepared = [first, *rest]
    try:
        with watch_for_interrupt() as interrupt:
            interrupt.pressed = interrupt.pressed or tuned.interrupted
            for group in _groups(prepared):
                if interrupt.pressed and any(each.result is not None for each in prepared):
                    break
                train_together(group, hooks, interrupt)
    except Exception as problem:
        # Also what a function of the user's raised: it passes, with the work so far.
        done = [fit for fit in _results(prepared) if len(fit.history)]
        ensemble = TwoLayerEnsemble.of(done, settings.seed, bootstrap) if done else None
        problem.fit = ensemble  # type: ignore[attr-defined]
        raise
    good = _good(prepared)
    calibration = _calibrated(data, prepared, good, draws_rows=draws_rows)
    if calibration is None:
        calibration = calibrate_together_by_search(good, data, tuned.calibration)
    return TwoLayerEnsemble.of(good, settings.seed, bootstrap, calibration)


def _calibrated(
    data: TrainingData,
    prepared: Sequence[PreparedFit],
    good: Sequence[TwoLayer],
    *,
    draws_rows: bool,
) -> Calibration | None:
    """Score rows by the networks that were not trained on them; None if there are no such rows."""
    masks = {id(each.result): each.seen for each in prepared}
    seen, kind = [masks[id(fit)] for fit in good], HELD_OUT
    held_out = data.validation
    if held_out is None and data.held_out is not None:
        held_out = data.take(data.held_out)
    if held_out is not None:
        seen = [None] * len(good)
    elif draws_rows:
        held_out, kind = data, UNSEEN
    if held_out is None:
        return None
    rows = held_out.take(spaced_rows(held_out.rows))
    return calibrate_together(kind, good, rows, seen)


def _results(prepared: Sequence[PreparedFit]) -> list[TwoLayer]:
    return [each.result for each in prepared if each.result is not None]


def _refuse_too_many(models: int, start: PreparedFit) -> None:
    """Raise at once where there is no memory for all networks."""
    parameters = start.parameters.values
    work = f"{models} models of {parameters.numel()} parameters"
    with guard_memory(parameters.device, work, "Use a smaller `n_models`"):
        parameters.new_empty(models, _VECTORS * parameters.numel() + _OWN)


def _good(prepared: Sequence[PreparedFit]) -> list[TwoLayer]:
    """Return the fits that did not diverge; warn of divergence and of an interrupt."""
    done, number = _results(prepared), len(prepared)
    good = [fit for fit in done if fit.stopped != "divergence"]
    if not good:
        raise DivergenceError(len(done[0].history), done[0])
    if len(good) < len(done):
        warn_user(
            f"{len(done) - len(good)} of {number} models left out: their losses became "
            "infinite or NaN.",
            PytwolayerWarning,
        )
    if len(done) < number or any(fit.stopped == "interrupt" for fit in done):
        epochs = max(len(fit.history) for fit in good)
        warn_user(
            f"Interrupted after {epochs} of {good[0].settings.epochs} epochs: these are "
            f"{len(good)} of {number} models so far.",
            InterruptWarning,
        )
    return good


def _groups(prepared: Sequence[PreparedFit]) -> list[list[PreparedFit]]:
    """Group the networks that can be trained in one computation."""
    groups: dict[Any, list[PreparedFit]] = {}
    for each in prepared:
        groups.setdefault(_form(each), []).append(each)
    return list(groups.values())


def _form(prepared: PreparedFit) -> Any:
    """Return what networks must have in common to be trained in one computation."""
    settings = prepared.settings
    line_search = OPTIMIZERS[settings.optimizer].make is None
    # Alone: where a network's next step depends on its own losses, and with a loss function of
    # the user's, which takes the output of one network; and where memory has no room for several.
    own_steps = line_search or settings.schedule == "plateau" or callable(settings.loss)
    if own_steps or prepared.trains_alone:
        return prepared
    rows, d_in, _, batch = prepared.sizes()
    # Where each network's rows are one batch, their numbers may differ.
    as_many = None if batch == rows else rows
    whole = replace(settings, seed=0, batch_size=None if batch == rows else settings.batch_size)
    shapes = [view.shape for view in prepared.parameters.views]
    return d_in, *shapes, as_many, prepared.valid_rows is None, whole
