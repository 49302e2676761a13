"""No setting of PyTorch's, NumPy's or pandas' that the user has made reaches what is computed."""

import copy
import pickle
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pytwolayer import (
    TwoLayerClassifier,
    TwoLayerRegressor,
    chapter_losses,
    continue_training,
    load,
    two_layer,
)
from pytwolayer.chapter import chapter_loop
from pytwolayer.models.load import from_bytes
from pytwolayer.models.model_file import to_bytes
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import flush_subnormals

torch.set_num_threads(1)


@contextmanager
def _set(get: Callable[[], Any], put: Callable[[Any], object], value: Any) -> Iterator[None]:
    before = get()
    put(value)
    try:
        yield
    finally:
        put(before)


def _dtype(kind: Any) -> Any:
    return _set(torch.get_default_dtype, torch.set_default_dtype, kind)


@contextmanager
def _default_device(name: str) -> Iterator[None]:
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def _deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@contextmanager
def _no_denormals() -> Iterator[None]:
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _precision(value: str) -> Any:
    get, put = torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
    return _set(get, put, value)


@contextmanager
def _new_precision() -> Iterator[None]:
    if not hasattr(torch.backends.mkldnn, "matmul"):
        pytest.skip("new in PyTorch 2.9")
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        yield
        assert torch.backends.mkldnn.matmul.fp32_precision == "bf16"
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = "none"


@contextmanager
def _warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@contextmanager
def _text_as_objects() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 3 has it for older code alone
        context = pd.option_context("future.infer_string", False)
        context.__enter__()
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.__exit__(None, None, None)


class _Doubles(torch.overrides.TorchFunctionMode):
    """What a user may have in force: makes doubles of all that is made."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        return made.double() if isinstance(made, torch.Tensor) else made


SETTINGS: dict[str, Callable[[], Any]] = {
    "default device meta": lambda: _default_device("meta"),
    "default device cpu": lambda: _default_device("cpu"),
    "within a device": lambda: torch.device("meta"),
    "double": lambda: _dtype(torch.float64),
    "bfloat16": lambda: _dtype(torch.bfloat16),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "deterministic": _deterministic,
    "anomaly": lambda: torch.autograd.set_detect_anomaly(True),
    "no denormals": _no_denormals,
    "medium precision": lambda: _precision("medium"),
    "new precision": _new_precision,
    "function mode": _Doubles,
    "numpy raises": lambda: np.errstate(all="raise"),
    "warnings are errors": _warnings_are_errors,
    "text as objects": _text_as_objects,
    "text is Python's": lambda: pd.option_context("mode.string_storage", "python"),
}

X = pd.DataFrame(
    {
        "a": np.random.default_rng(1).normal(size=40),
        "b": np.random.default_rng(2).normal(size=40) * 1e-3 + 5,
        "c": np.tile(["x", "y", "zz", "x"], 10),
    }
)
N = X[["a", "b"]]
Y = (X["a"] * 2 + (X["c"] == "x")).rename("target")
K = pd.Series(np.where(Y > 0, "yes", "no"), name="target")
W = np.linspace(1, 3, 40)
PLAIN: dict[str, Any] = {"epochs": 4, "hidden_units": 5, "seed": 3, "verbose": False}


def _own_loss(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    scale = torch.ones(1) * 1.1  # as the settings have it
    return (output - y).abs() ** 1.5 * scale


def _all_of(fit: Any, x: Any = X) -> list[Any]:
    return [fit.history.to_numpy(), fit.predict(x), fit.predict_raw(x), fit.score(x, _truth(fit))]


def _truth(fit: Any) -> Any:
    return Y if fit.classes is None else K


def _estimated(kind: Any, y: Any, **settings: Any) -> list[Any]:
    model = kind(epochs=3, hidden_units=4, random_state=1, **settings).fit(N, y, sample_weight=W)
    found = [model.predict(N), model.score(N, y), model.history_.to_numpy()]
    if kind is TwoLayerClassifier:
        found += [model.predict_proba(N), model.predict_log_proba(N), model.decision_function(N)]
    return found


def _in_part() -> list[Any]:
    model = TwoLayerRegressor(hidden_units=4, random_state=1)
    for _ in range(3):
        model.partial_fit(N, Y)
    return [model.predict(N), model.history_.to_numpy()]


def _copies() -> list[Any]:
    fit = two_layer(X, Y, **PLAIN)
    return [each.predict(X) for each in (copy.deepcopy(fit), pickle.loads(pickle.dumps(fit)))]


def _kept(folder: Any) -> list[Any]:
    settings = PLAIN | {"checkpoint": folder, "checkpoint_every": 1, "on_epoch": lambda e, _: e < 2}
    first = two_layer(X, Y, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [*_all_of(first), *_all_of(two_layer(X, Y, **settings))]


def _written(folder: Any) -> list[Any]:
    two_layer(X, K, **PLAIN).save(folder / "one.safetensors")
    two_layer(X, Y, n_models=2, **PLAIN).save(folder / "two.safetensors")
    one, two = load(folder / "one.safetensors"), load(folder / "two.safetensors")
    return [one.predict_proba(X), two.predict(X), two.predict_spread(X)]


WAYS_IN: dict[str, Callable[[Any], list[Any]]] = {
    "regression": lambda _: _all_of(two_layer(X, Y, sample_weight=W, **PLAIN)),
    "classification": lambda _: _all_of(two_layer(X, K, class_weights="balanced", **PLAIN)),
    "batches, dropout, held out": lambda _: _all_of(
        two_layer(X, Y, batch_size=8, dropout=0.2, validation=0.25, patience=3, **PLAIN)
    ),
    "clipped sgd": lambda _: _all_of(
        two_layer(X, Y, optimizer="sgd", momentum=0.9, gradient_clip=0.1, loss="huber", **PLAIN)
    ),
    "lbfgs": lambda _: _all_of(two_layer(X, Y, optimizer="lbfgs", activation="gelu", **PLAIN)),
    "rmsprop, poisson": lambda _: _all_of(
        two_layer(X, Y - Y.min(), optimizer="rmsprop", loss="poisson", **PLAIN)
    ),
    "own loss": lambda _: _all_of(two_layer(X, Y, loss=_own_loss, **PLAIN)),
    "ensemble": lambda _: _all_of(two_layer(X, Y, n_models=3, **PLAIN)),
    "bootstrap in batches": lambda _: _all_of(
        two_layer(X, K, n_models=3, bootstrap=True, batch_size=8, dropout=0.1, **PLAIN)
    ),
    "going on": lambda _: _all_of(
        continue_training(two_layer(X, Y, **PLAIN), X, Y, epochs=2, verbose=False)
    ),
    "bytes": lambda _: _all_of(from_bytes(to_bytes(two_layer(X, Y, **PLAIN)))),
    "files": _written,
    "checkpoints": _kept,
    "copies": lambda _: _copies(),
    "regressor": lambda _: _estimated(TwoLayerRegressor, Y),
    "classifier": lambda _: _estimated(TwoLayerClassifier, K, validation=0.25),
    "partial_fit": lambda _: _in_part(),
    "chapter": lambda _: [chapter_losses(3, n=8, d_in=10, hidden_units=5, d_out=2).to_numpy()],
    "chapter's loop": lambda _: [chapter_loop(2).to_numpy()],
}


def _state() -> list[Any]:
    return [
        torch.get_default_dtype(),
        torch.empty(0).device,
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.is_anomaly_enabled(),
        torch._C._get_graph_executor_optimize(),
        torch.get_num_threads(),
        np.geterr(),
        warnings.filters[:],
        5e-324 * float("1") == 0,
    ]


def _streams() -> list[Any]:
    state = np.random.get_state()
    return [torch.get_rng_state().tolist(), state[1].tolist(), state[2]]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each way in gives where nothing was set."""
    return {name: do(tmp_path_factory.mktemp("plain")) for name, do in WAYS_IN.items()}


def _same(found: Any, wanted: Any) -> None:
    if isinstance(wanted, np.ndarray) and wanted.dtype == object:
        assert found.tolist() == wanted.tolist()
    else:
        assert np.asarray(found).dtype == np.asarray(wanted).dtype
        assert np.asarray(found).tobytes() == np.asarray(wanted).tobytes()


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("way_in", WAYS_IN)
def test_no_setting_changes_a_bit_and_none_is_changed(
    setting: str, way_in: str, untouched: dict[str, list[Any]], tmp_path: Any
) -> None:
    with ExitStack() as stack:
        stack.enter_context(SETTINGS[setting]())
        before, streams = _state(), _streams()
        found = WAYS_IN[way_in](tmp_path)
        assert _state() == before
        assert _streams() == streams
    for one, wanted in zip(found, untouched[way_in], strict=True):
        _same(one, wanted)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_fit_made_under_a_setting_can_be_used_without(setting: str) -> None:
    with SETTINGS[setting]():
        fit = two_layer(X, Y, **PLAIN)
    weight = fit.network[0].weight
    assert not weight.is_inference()
    assert weight.dtype == torch.float32
    longer = continue_training(fit, X, Y, epochs=1, verbose=False)
    _same(fit.predict(X), two_layer(X, Y, **PLAIN).predict(X))
    assert len(longer.history) == 5


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_come_back_after_an_error_and_an_interrupt(setting: str, problem: Any) -> None:
    def fails(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        raise problem

    with SETTINGS[setting]():
        before = _state()
        with pytest.raises(problem):
            two_layer(X, Y, loss=fails, **PLAIN)
        assert _state() == before


@pytest.mark.parametrize("setting", SETTINGS)
def test_on_epoch_sees_the_users_settings(setting: str) -> None:
    seen = []
    with SETTINGS[setting]():
        before = _state()
        two_layer(X, Y, on_epoch=lambda *_: seen.append(_state()), **PLAIN)
        assert seen == [before] * 4


def test_what_on_epoch_sets_stays_and_changes_nothing_of_the_fit() -> None:
    plain = two_layer(X, Y, **PLAIN)
    with _dtype(torch.float32):
        found = two_layer(X, Y, on_epoch=lambda *_: torch.set_default_dtype(torch.float64), **PLAIN)
        assert torch.get_default_dtype() == torch.float64
    _same(found.predict(X), plain.predict(X))


def test_a_loss_function_computes_in_single_precision_with_gradients() -> None:
    seen = []

    def loss(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        seen.append((torch.ones(1).dtype, torch.ones(1).device.type, torch.is_grad_enabled()))
        return (output - y) ** 2

    with _dtype(torch.float64), _default_device("meta"), torch.no_grad():
        two_layer(X, Y, loss=loss, **PLAIN)
    assert set(seen) == {(torch.float32, "cpu", True)}


def _flushes() -> bool:
    return 5e-324 * float("1") == 0


@pytest.mark.parametrize("users", [True, False])
def test_subnormal_numbers_are_0_in_training_and_nowhere_else(users: bool) -> None:
    torch.set_flush_denormal(users)
    try:
        if not torch.set_flush_denormal(users):
            pytest.skip("this processor cannot")
        with flush_subnormals():
            assert _flushes()
        assert _flushes() == users
        with pytest.raises(OSError, match="gone"), flush_subnormals():
            raise OSError("gone")
        assert _flushes() == users
    finally:
        torch.set_flush_denormal(False)


def test_weights_that_decay_away_do_not_become_subnormal() -> None:
    """Hidden units that are never active have subnormal weights for ever, which take long."""
    x = pd.DataFrame({"a": np.linspace(1, 2, 20)})
    options = {"hidden_units": 20, "seed": 1, "verbose": False, "batch_size": None}
    options |= {"optimizer": "sgd", "learning_rate": 0.2, "weight_decay": 1.0}
    options |= {"schedule": "constant", "epochs": 500}
    weights = two_layer(x, x["a"], **options).network[0].weight.flatten().abs()
    assert (weights < 1e-37).any()
    assert not ((weights > 0) & (weights < torch.finfo(torch.float32).tiny)).any()
