"""Several networks trained together, each as it would be alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pytwolayer.errors import (
    ArgumentError,
    DivergenceError,
    EachOnce,
    InterruptWarning,
    PytwolayerWarning,
    warn_user,
)
from pytwolayer.fitting.prepare import Fitting, Hooks, train_side_by_side
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.optim.optimizer import OPTIMIZERS
from pytwolayer.preprocessing.bootstrap import bootstrap_sample
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.interrupt import Interrupt, watch_for_interrupt
from pytwolayer.runtime.memory import guard_memory
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.settings import Settings, checked

Numbered = tuple[int, Fitting]
# What is needed for each network at least: vectors of its parameters, and numbers besides.
_VECTORS, _OWN = 8, 9000


def seeds_of(seed: int, models: int) -> list[int]:
    """Give the seed of each network: the first has that of the call."""
    others = [np.random.SeedSequence([seed, model]) for model in range(1, models)]
    return [seed, *(int(other.generate_state(1)[0] >> 1) for other in others)]


def resample_seed(seed: int) -> int:
    """Give the seed of the bootstrap resample of a network with this seed."""
    return int(np.random.SeedSequence([seed, 0]).generate_state(1, np.uint64)[0]) >> 1


def data_of_each(
    ensemble: TwoLayerEnsemble, data: TrainingData
) -> Iterator[tuple[TwoLayer, TrainingData]]:
    """Give an ensemble's networks, and of each the rows of which it has the checksums."""
    for model in ensemble.models:
        resample = ensemble.bootstrap and "valid_loss" not in model.history
        own = bootstrap_sample(data, resample_seed(model.settings.seed)) if resample else data
        yield model, own


def read_n_models(n_models: Any, bootstrap: Any, checkpoint: Any) -> int:
    """Check how many networks there are to be, and how they differ."""
    number: int = checked("n_models", n_models)
    if checked("bootstrap", bootstrap) and number == 1:
        raise ArgumentError("bootstrap", "False for one model", "True")
    if checkpoint is not None and number > 1:
        raise ArgumentError("checkpoint", "left out where `n_models` is above 1", "given")
    return number


def fit_ensemble(
    data: TrainingData,
    settings: Settings,
    share: float,
    device: torch.device,
    hooks: Hooks,
    n_models: int,
    bootstrap: bool,
) -> TwoLayerEnsemble:
    """Fit several networks; ``share`` of the rows is held out for each.

    Raises
    ------
    DivergenceError
        If no loss is finite in the end; it has the first fit so far.
    """

    def fitting(seed: int) -> Fitting:
        resample = resample_seed(seed) if bootstrap else None
        own = replace(settings, seed=seed)
        return Fitting(data, own, share, device, resample=resample)

    with EachOnce():
        start = fitting(settings.seed)
        _refuse_too_many(n_models, start)
        drawn = share > 0 or bootstrap
        others = seeds_of(settings.seed, n_models)[1:]
        rest = [fitting(seed) if drawn else start.with_seed(seed) for seed in others]
    fits: list[TwoLayer | None] = [None] * n_models
    try:
        train_together([start, *rest], hooks, fits)
    except Exception as problem:
        # What a function of the user's raised goes its way, and the work so far with it.
        known = [fit for fit in fits if fit is not None and len(fit.history)]
        so_far = TwoLayerEnsemble.of(known, settings.seed, bootstrap) if known else None
        problem.fit = so_far  # type: ignore[attr-defined]
        raise
    return TwoLayerEnsemble.of(_good(fits), settings.seed, bootstrap)


def _refuse_too_many(models: int, start: Fitting) -> None:
    """Have too many networks be an error before much is done for them."""
    parameters = start.parameters.values
    work = f"{models} models of {parameters.numel()} parameters"
    with guard_memory(parameters.device, work, "Use a smaller `n_models`"):
        parameters.new_empty(models, _VECTORS * parameters.numel() + _OWN)


def _good(fits: Sequence[TwoLayer | None]) -> list[TwoLayer]:
    """Leave out what did not come to anything, and say so."""
    known = [fit for fit in fits if fit is not None]
    good = [fit for fit in known if fit.stopped != "divergence"]
    if not good:
        raise DivergenceError(len(known[0].history), known[0])
    if len(good) < len(known):
        warn_user(
            f"{len(known) - len(good)} of {len(fits)} models left out: their losses became "
            "infinite or NaN.",
            PytwolayerWarning,
        )
    if any(fit is None or fit.stopped == "interrupt" for fit in fits):
        epochs = max(len(fit.history) for fit in good)
        warn_user(
            f"Interrupted after {epochs} of {good[0].settings.epochs} epochs: these are "
            f"{len(good)} of {len(fits)} models so far.",
            InterruptWarning,
        )
    return good


def train_together(fittings: Sequence[Fitting], hooks: Hooks, fits: list[TwoLayer | None]) -> None:
    """Train networks, those of one form in one computation.

    They come into ``fits``, in their order; not those to which Ctrl-C, or what a function of
    the user's raised, did not let it come.
    """
    with watch_for_interrupt() as interrupt:
        for group in _groups(fittings):
            if interrupt.pressed and any(fit is not None for fit in fits):
                break
            _train_group(group, hooks, interrupt, fits)


def _groups(fittings: Sequence[Fitting]) -> list[list[Numbered]]:
    """Put those together that can be computed with as one."""
    groups: dict[Any, list[Numbered]] = {}
    for number, fitting in enumerate(fittings):
        groups.setdefault(_form(fitting, number), []).append((number, fitting))
    return list(groups.values())


def _form(fitting: Fitting, number: int) -> Any:
    settings = fitting.settings
    if not can_be_joined(settings):
        return number
    rows, d_in, _, batch = fitting.sizes()
    as_many = None if batch == rows else rows  # all rows at once may be of different numbers
    whole = replace(settings, seed=0, batch_size=None if batch == rows else settings.batch_size)
    return d_in, fitting.learning.y.shape[1], as_many, fitting.watching is None, whole


def can_be_joined(settings: Settings) -> bool:
    """Whether networks with these settings can be trained in one computation.

    Not where one's next step depends on its own losses, nor with a function of the user's,
    which is made for one.
    """
    line_search = OPTIMIZERS[settings.optimizer].make is None
    return not (line_search or settings.schedule == "plateau" or callable(settings.loss))


def _train_group(
    group: list[Numbered], hooks: Hooks, interrupt: Interrupt, fits: list[TwoLayer | None]
) -> None:
    own: list[TwoLayer] = []
    try:
        train_side_by_side([fitting for _, fitting in group], hooks, interrupt, own)
    finally:
        for (number, _), fit in zip(group, own, strict=False):
            fits[number] = fit
