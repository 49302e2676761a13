"""The user's settings of PyTorch and NumPy: none of them reaches a fit, and none is changed.

Each public way in computes with PyTorch's own settings, whatever the user has set: default
device and dtype, grad and inference mode, autocast, deterministic algorithms, precision of
matrix products, anomaly detection, numbers near zero, and NumPy's way with overflow. They are
the user's again in functions such as ``on_epoch``, and afterwards, however it ended.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

from pytwolayer.runtime.torch_loading import torch

_F = TypeVar("_F", bound=Callable[..., Any])
_DEVICES = ("cpu", "cuda", "mps")
_SMALLEST = sys.float_info.min
_NUMPY = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
# Precisions of a backend that are float32's own.
_EXACT = ("none", "ieee")


def with_default_torch_settings(function: _F) -> _F:
    """Have a function compute with PyTorch's own settings; see ``default_torch_settings()``."""

    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        if _here.own is not None:
            return function(*args, **kwargs)
        with default_torch_settings():
            return function(*args, **kwargs)

    return cast("_F", plain)


@contextmanager
def default_torch_settings() -> Iterator[None]:
    """Compute with PyTorch's own settings for the time being; the user's come back."""
    if _here.own is not None:
        yield
        return
    own = _here.own = _OfThread()
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
    """Have the user's settings back while a function of theirs runs, which may change them."""
    own = _here.own
    if own is None:
        yield
        return
    # Inside a training run, which is in inference mode.
    with torch.inference_mode(own.inference):
        own.leave()
        _here.own = None
        try:
            yield
        finally:
            _here.own = own
            own.enter()


class _Here(threading.local):
    """What this thread has set aside; None where the user's settings are in force."""

    own: "_OfThread | None" = None


_here = _Here()


class _OfThread:
    """The settings that belong to a thread, set aside."""

    def __init__(self) -> None:
        self.inference = torch.is_inference_mode_enabled()
        # It also ends inference mode's hold on grad mode, so it comes first.
        self._undo: list[Callable[[], object]] = []

    def enter(self) -> None:
        """Put PyTorch's own in force."""
        undo = self._undo
        try:
            _process_wide.enter()
            undo.append(_process_wide.leave)
            self._enter_inference()
            # The default device, and whatever else stands between a call and its function.
            functions = torch._C.DisableTorchFunction()
            functions.__enter__()
            undo.append(lambda: functions.__exit__(None, None, None))
            self._enter_grad_mode()
            for device in _DEVICES:
                self._enter_autocast(device)
            numpy = np.geterr()
            if numpy != _NUMPY:
                np.seterr(**_NUMPY)  # type: ignore[arg-type]
                undo.append(lambda: np.seterr(**numpy))
            if _SMALLEST / 2 == 0:
                torch.set_flush_denormal(False)
                undo.append(lambda: torch.set_flush_denormal(True))
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Put the user's in force again."""
        while self._undo:
            self._undo.pop()()

    def _enter_inference(self) -> None:
        if torch.is_inference_mode_enabled():
            inference = torch.inference_mode(False)
            inference.__enter__()
            self._undo.append(lambda: inference.__exit__(None, None, None))

    def _enter_grad_mode(self) -> None:
        if not torch.is_grad_enabled():
            torch._C._set_grad_enabled(True)
            self._undo.append(lambda: torch._C._set_grad_enabled(False))

    def _enter_autocast(self, device: str) -> None:
        if _autocasts(device):
            _set_autocast(device, False)
            self._undo.append(lambda: _set_autocast(device, True))


def _autocasts(device: str) -> bool:
    try:
        return bool(torch.is_autocast_enabled(device))
    except TypeError:  # PyTorch before 2.4
        return bool(_old_autocast(device, "is", "enabled")())
    except RuntimeError:  # it does not know the device
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


# How each that all threads share is read and set, and PyTorch's own value.
_SHARED: tuple[tuple[Callable[[], Any], Callable[[Any], object], Any], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype, torch.float32),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode, 0),
    (torch.is_anomaly_enabled, _set_anomaly_detection, False),
)


class _ProcessWide:
    """The settings that all threads share: set aside by the first, put back by the last."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._lock, self._process = threading.Lock(), os.getpid()
        self._users, self._undo = 0, list[Callable[[], object]]()

    def enter(self) -> None:
        """Put PyTorch's own in force, where they are not."""
        if os.getpid() != self._process:  # forked: who held the lock may not be here
            self._forget()
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
            self._undo.append(lambda: put(value))

    def _set_aside_precision(self) -> None:
        """Have products of float32 be of float32, whichever of PyTorch's two ways says so."""
        try:
            get, put = torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
            self._set_aside(get, put, "highest")
        except RuntimeError:  # the new way, which the old one cannot read
            backends: tuple[Any, ...] = (torch.backends.mkldnn, torch.backends.cuda)
            for backend in backends:
                self._set_aside_new_precision(backend.matmul)

    def _set_aside_new_precision(self, module: Any) -> None:
        value = module.fp32_precision
        if value not in _EXACT:
            module.fp32_precision = "ieee"
            self._undo.append(lambda: _put_back(module, value))

    def leave(self) -> None:
        """Put the user's in force again, when the last thread is done."""
        with self._lock:
            self._users -= 1
            while self._users == 0 and self._undo:
                self._undo.pop()()


def _put_back(module: Any, value: str) -> None:
    """Set a precision to what it was; one that follows a more general one does so again."""
    module.fp32_precision = "none"
    if module.fp32_precision != value:
        module.fp32_precision = value


_process_wide = _ProcessWide()
