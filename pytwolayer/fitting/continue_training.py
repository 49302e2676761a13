"""``continue_training()``: more epochs for a fit."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytwolayer import checks
from pytwolayer.checkpoints.folder import checkpoints_in
from pytwolayer.errors import ArgumentError
from pytwolayer.fitting.argument_hints import hints_at_names
from pytwolayer.fitting.prepare import Hooks, OnEpoch
from pytwolayer.fitting.starting_point import Start
from pytwolayer.fitting.two_layer import (
    DATA,
    FitResult,
    prepare_fit,
    read_cache,
    read_data,
    read_validation,
    read_verbose,
)
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.network.losses import ForgottenLoss
from pytwolayer.preprocessing.fingerprint import FREQUENCIES
from pytwolayer.runtime.device import select_device
from pytwolayer.runtime.memory import releases_gpu_memory
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.progress import Progress
from pytwolayer.training.settings import checked


@hints_at_names
def continue_training(
    fit: TwoLayer,
    x: Any = None,
    y: Any = None,
    *,
    outcome: str | list[str] | None = None,
    epochs: int,
    sample_weight: Any = None,
    weight_type: str | None = None,
    class_weights: Mapping[Any, float] | str | None = None,
    validation: Any = None,
    loss: Callable[[torch.Tensor, torch.Tensor], Any] | None = None,
    device: str | torch.device = "cpu",
    checkpoint: str | Path | None = None,
    checkpoint_every: int | str = "auto",
    cache: str | Path | None = None,
    on_epoch: OnEpoch | None = None,
    verbose: bool | Callable[[int], Progress] = True,
) -> TwoLayer:
    """Train a fit for more epochs, on the data that it was fitted to.

    It begins with the fit's weights, and with its settings; the optimiser and the learning
    rate's schedule begin anew, over these epochs. So it is the same whether the fit was saved
    and loaded in between or not. A fit that was interrupted, that ``patience`` stopped, or that
    diverged can be continued too.

    Parameters
    ----------
    fit : TwoLayer
        It is not changed.
    x, y, outcome, sample_weight, weight_type, class_weights, validation : optional
        The data, as ``two_layer()`` was given them. What is left out is what the fit was
        given, while that is still in memory; a fit that was loaded from a file needs its data
        again.
    epochs : int
        How many more.
    loss : callable, optional
        The loss again, if it is a function and the fit was loaded from a file.
    device, checkpoint, checkpoint_every, cache, on_epoch, verbose
        As in ``two_layer()``; ``on_epoch`` gets the epoch's number in the history.

    Returns
    -------
    TwoLayer
        Its ``history`` is the fit's, with the new epochs after it, and ``settings.epochs`` is
        the number of all. With held-out rows or ``patience`` the best epoch is looked for
        among all: if none of the new ones is better, the fit's own weights come back.
        ``patience`` counts from here.

    Raises
    ------
    ArgumentError
        If the data are others than those of the fit, naming what differs, or are gone.
    DivergenceError
        As ``two_layer()``, which see for warnings too.

    Examples
    --------
    >>> import numpy as np
    >>> from pytwolayer import continue_training, two_layer
    >>> x = np.random.default_rng(1).normal(size=(50, 3))
    >>> fit = two_layer(x, x.sum(axis=1), epochs=200, seed=1)
    >>> len(continue_training(fit, x, x.sum(axis=1), epochs=100).history)
    300
    """
    return fit_more_epochs(dict(locals()), encoded=False).fit


@with_default_torch_settings
@releases_gpu_memory
def fit_more_epochs(arguments: Mapping[str, Any], *, encoded: bool = True) -> FitResult[TwoLayer]:
    """Train as ``continue_training()`` does, of which these are all arguments."""
    fit = arguments["fit"]
    _refuse_others(fit)
    total = len(fit.history) + checks.size("epochs", arguments["epochs"])
    settings = replace(fit.settings, epochs=total, loss=_loss(fit, arguments["loss"]))
    hooks = Hooks(checked("on_epoch", arguments["on_epoch"]), read_verbose(arguments["verbose"]))
    chosen = select_device(arguments["device"])
    given = _given(fit, {name: arguments[name] for name in DATA})
    held_out, cache = read_validation(given["validation"]), read_cache(arguments["cache"])
    with checkpoints_in(arguments["checkpoint"], arguments["checkpoint_every"]) as checkpoints:
        data = read_data(given, held_out, hooks=hooks, loss=settings.loss)
        start = Start(fit, appended=True)
        prepared = prepare_fit(given, data, settings, held_out[0], chosen, start, cache=cache)
        del data
        kept = ("tuning", "formula", "notes", "offset")
        prepared.set_attributes(**{name: getattr(fit, name) for name in kept})
        if checkpoints is not None:
            prepared.use_checkpoints(checkpoints, seed_given=True)
        fit = prepared.train(hooks)
        return FitResult(fit, prepared.encoded_rows() if encoded else None, prepared.pages)


def _refuse_others(fit: Any) -> None:
    if isinstance(fit, TwoLayerEnsemble):
        expected = "one network, such as one of its `models`"
        raise ArgumentError("fit", expected, checks.describe(fit))
    if not isinstance(fit, TwoLayer):
        raise ArgumentError("fit", "what two_layer() gave", checks.describe(fit))


def _loss(fit: TwoLayer, loss: Any) -> Any:
    """Return the loss of the fit; a function, which no file keeps, must be given again."""
    own = fit.settings.loss
    if loss is None:
        if isinstance(own, ForgottenLoss):
            received = f"missing: no file keeps the function `{own.__name__}`"
            raise ArgumentError("loss", "given again", received)
        return own
    if callable(own) != callable(loss) or (isinstance(loss, str) and loss != own):
        expected = "a function, as in the fit" if callable(own) else f'"{own}", as in the fit'
        raise ArgumentError("loss", expected, checks.describe(loss))
    return loss


def _given(fit: TwoLayer, given: dict[str, Any]) -> dict[str, Any]:
    """Replace data that are not given by the fit's own."""
    own = {} if fit._data_reference is None else fit._data_reference.data()
    if given["y"] is not None or given["outcome"] is not None:
        own |= {"y": None, "outcome": None}
    taken = {name: own.get(name) if given[name] is None else given[name] for name in DATA}
    if fit._data_reference is not None:
        gone = [name for name in DATA if given[name] is None and name not in own]
        if gone:
            expected = "given again, since the data of the fit are no longer in memory"
            raise ArgumentError(gone[0], expected, "missing")
    if taken["weight_type"] is None:  # of a fit that was loaded: found in its checksums
        taken["weight_type"] = "frequency" if FREQUENCIES in fit.data else "importance"
    if taken["x"] is None:
        expected = "given again, since a fit that was loaded does not hold its data"
        raise ArgumentError("x", expected, "missing")
    return taken
