"""PyTorch's and NumPy's global settings: a fit does not depend on them, and does not change them.

Every public function computes with the default settings, whatever the user has set: default device
and dtype, grad and inference mode, autocast, deterministic algorithms, precision of matrix
products, anomaly detection, flushing of subnormal numbers, and NumPy's handling of overflow. The
user's settings are in force again in functions of theirs such as ``on_epoch``, and afterwards.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, TypeVar, cast

import numpy as np

from pytwolayer.runtime.torch_loading import torch

_F = TypeVar("_F", bound=Callable[..., Any])
_DEVICES = ("cpu", "cuda", "mps")
_SMALLEST = sys.float_info.min
_NUMPY = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
# Settings of a backend with which products of float32 are computed in float32.
_EXACT = ("none", "ieee")


def with_default_torch_settings(function: _F) -> _F:
    """Decorate a function to compute with default settings; see ``default_torch_settings()``."""

    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        if _here.own is not None:
            return function(*args, **kwargs)
        with default_torch_settings():
            return function(*args, **kwargs)

    return cast("_F", plain)


@contextmanager
def default_torch_settings() -> Iterator[None]:
    """Compute with the default settings within the context."""
    if _here.own is not None:
        yield
        return
    own = _here.own = _ThreadSettings()
    try:
        own.enter()
        try:
            yield
        finally:
            own.leave()
    finally:
        _here.own = None


@contextmanager
def user_torch_settings() -> Iterator[None]:
    """Restore the user's settings while a function of theirs runs, which may change them."""
    own = _here.own
    if own is None:
        yield
        return
    # Inside a training run, which is in inference mode and may flush subnormal numbers.
    flushes = _flushes_subnormals()
    with torch.inference_mode(own.inference):
        if flushes:
            torch.set_flush_denormal(False)
        own.leave()
        _here.own = None
        try:
            yield
        finally:
            _here.own = own
            own.enter()
            if flushes:
                torch.set_flush_denormal(True)


@contextmanager
def flush_subnormals() -> Iterator[None]:
    """Take subnormal numbers for 0 in this thread, where the processor can.

    Gradients of hidden units that are never active get there in long runs with weight decay, and
    processors take some hundred times as long for them as for other numbers.
    """
    if _flushes_subnormals():
        yield
        return
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _flushes_subnormals() -> bool:
    return _SMALLEST / 2 == 0


class _Here(threading.local):
    """The settings that this thread has set aside; None while the user's are in force."""

    own: "_ThreadSettings | None" = None


_here = _Here()


class _ThreadSettings:
    """The user's settings that belong to a thread, while PyTorch's own are in force."""

    def __init__(self) -> None:
        self.inference = torch.is_inference_mode_enabled()
        # A list, since an ExitStack takes 15 microseconds longer, in every epoch with on_epoch.
        self._undo: list[Callable[[], object]] = []

    def enter(self) -> None:
        """Put PyTorch's own settings in force; where that fails, the user's come back."""
        undo = self._undo
        try:
            _process_wide.enter()
            undo.append(_process_wide.leave)
            # First, since leaving inference mode also changes grad mode.
            if torch.is_inference_mode_enabled():
                undo.append(_entered(torch.inference_mode(False)))
            # Disables the default device and all else that is called in the place of a function.
            undo.append(_entered(torch._C.DisableTorchFunction()))
            if not torch.is_grad_enabled():
                torch._C._set_grad_enabled(True)
                undo.append(partial(torch._C._set_grad_enabled, False))
            if torch._C._get_graph_executor_optimize():
                torch._C._set_graph_executor_optimize(False)
                undo.append(partial(torch._C._set_graph_executor_optimize, True))
            for device in filter(_autocasts, _DEVICES):
                _set_autocast(device, False)
                undo.append(partial(_set_autocast, device, True))
            numpy = np.geterr()
            if numpy != _NUMPY:
                np.seterr(**_NUMPY)  # type: ignore[arg-type]
                undo.append(lambda: np.seterr(**numpy))
            if _flushes_subnormals():
                torch.set_flush_denormal(False)
                undo.append(partial(torch.set_flush_denormal, True))
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Put the user's settings in force again, in reverse order."""
        while self._undo:
            self._undo.pop()()


def _entered(context: Any) -> Callable[[], object]:
    """Enter a context; return what leaves it."""
    context.__enter__()
    return partial(context.__exit__, None, None, None)


def _autocasts(device: str) -> bool:
    try:
        return bool(torch.is_autocast_enabled(device))
    except TypeError:  # PyTorch before 2.4
        return bool(_old_autocast(device, "is", "enabled")())
    except RuntimeError:  # this PyTorch has no such device
        return False


def _set_autocast(device: str, on: bool) -> None:
    try:
        torch.set_autocast_enabled(device, on)
    except TypeError:
        _old_autocast(device, "set", "enabled")(on)


def _old_autocast(device: str, verb: str, what: str) -> Callable[..., Any]:
    names = {"cpu": f"{verb}_autocast_cpu_{what}", "cuda": f"{verb}_autocast_{what}"}
    return cast("Callable[..., Any]", getattr(torch, names.get(device, ""), lambda *_: False))


def _set_anomaly_detection(on: bool) -> None:
    torch.set_anomaly_enabled(on, torch.is_anomaly_check_nan_enabled())


# The settings that all threads share: how each is read and set, and its default.
_SHARED: tuple[tuple[Callable[[], Any], Callable[[Any], object], Any], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype, torch.float32),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode, 0),
    (torch.is_anomaly_enabled, _set_anomaly_detection, False),
)


class _ProcessWide:
    """The settings that all threads share: set aside by the first, put back by the last."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._lock, self._process = threading.Lock(), os.getpid()
        self._users, self._undo = 0, list[Callable[[], object]]()

    def enter(self) -> None:
        """Put the defaults in force, unless another thread has done so."""
        if os.getpid() != self._process:  # a forked child, where the lock's holder may not exist
            self._reset()
        with self._lock:
            if self._users == 0:
                for setting in _SHARED:
                    self._set_aside(*setting)
                self._set_aside_precision()
            self._users += 1

    def _set_aside(self, get: Callable[[], Any], put: Callable[[Any], object], plain: Any) -> None:
        value = get()
        if value != plain:
            put(plain)
            self._undo.append(partial(put, value))

    def _set_aside_precision(self) -> None:
        """Have products of float32 computed in float32; PyTorch has two settings for that."""
        try:
            get, put = torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
            self._set_aside(get, put, "highest")
        except RuntimeError:  # set by the newer way, which the older one cannot read
            backends: tuple[Any, ...] = (torch.backends.mkldnn, torch.backends.cuda)
            for backend in backends:
                self._set_aside_new_precision(backend.matmul)

    def _set_aside_new_precision(self, module: Any) -> None:
        value = module.fp32_precision
        if value not in _EXACT:
            module.fp32_precision = "ieee"
            self._undo.append(partial(_restore_precision, module, value))

    def leave(self) -> None:
        """Put the user's settings in force again, when the last thread leaves."""
        with self._lock:
            self._users -= 1
            while self._users == 0 and self._undo:
                self._undo.pop()()


def _restore_precision(module: Any, value: str) -> None:
    """Restore a precision; one that was inherited from a more general setting is so again."""
    module.fp32_precision = "none"
    if module.fp32_precision != value:
        module.fp32_precision = value


_process_wide = _ProcessWide()
