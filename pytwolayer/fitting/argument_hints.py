"""Hints in errors about unknown arguments, also for the names that other packages use."""

import inspect
from collections.abc import Callable, Collection
from difflib import get_close_matches
from functools import wraps
from typing import Any, TypeVar, cast

_F = TypeVar("_F", bound=Callable[..., Any])
_C = TypeVar("_C", bound=type)

# Each argument here, and its names elsewhere. R's table in R/check-arguments.R has the same.
_PEERS = {
    "sample_weight": "case_weights weights weight wts",
    "class_weights": "class_weight class.weights",
    "hidden_units": "size hidden hidden_layer_sizes hidden_neurons neurons units nodes",
    "weight_decay": "decay penalty alpha l2_reg l2 lambda",
    "learning_rate": "lr learn_rate learning_rate_init learningrate eta rate",
    "epochs": "maxit max_iter n_epochs num_epochs max_epochs iterations stepmax nrounds",
    "activation": "act.fct activation_function act",
    "optimizer": "algorithm solver optim optimiser",
    "batch_size": "batchsize",
    "patience": "stop_iter n_iter_no_change early_stopping",
    "validation": "validation_split validation_fraction validation_data valid_data",
    "schedule": "lr_scheduler rate_schedule",
    "verbose": "trace",
    "seed": "random_state",
    "loss": "err.fct lossfct criterion loss_function",
    "gradient_clip": "clip_grad",
    "na_action": "na.action",
    "on_epoch": "callbacks",
    "dropout": "drop_rate dropout_rate",
}
PEER_NAMES = {peer: own for own, peers in _PEERS.items() for peer in peers.split()}


def hints_at_names(function: _F) -> _F:
    """Make a function's error about an unknown argument suggest a known one."""
    names = list(inspect.signature(function).parameters)

    @wraps(function)
    def hinting(*args: Any, **kwargs: Any) -> Any:
        for name in kwargs:
            if name not in names:
                is_method = names[0] == "self"
                called = type(args[0]).__name__ if is_method else function.__name__
                raise TypeError(_unknown(called, name, names))
        return function(*args, **kwargs)

    return cast("_F", hinting)


def hints_at_parameters(estimator: _C) -> _C:
    """Do the same for the constructor of an estimator."""
    constructor: Any = estimator
    constructor.__init__ = hints_at_names(constructor.__init__)
    return estimator


def _unknown(called: str, name: str, names: Collection[str]) -> str:
    own = PEER_NAMES.get(name, name)
    if own == "seed" and "random_state" in names:
        own = "random_state"
    meant = [own] if own in names else get_close_matches(name, names, 1)
    hint = f" (did you mean `{meant[0]}`?)" if meant else ""
    return f"{called}() got an unexpected keyword argument {name!r}{hint}"
