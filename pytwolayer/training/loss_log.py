"""The losses of a run, gathered batch by batch and epoch by epoch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_CHUNK = 256  # epochs whose losses wait on the device before they are read together


def make_loss_log(
    loss: Tensor, scale: Any, before: Sequence[Any]
) -> "_HostLossLog | DeviceLossLog":
    """Make what gathers the losses.

    Parameters
    ----------
    loss : Tensor
        Where each batch's loss is written, shape ``()``; of several networks ``(models,)``.
    scale : float or array
        What they are multiplied with.
    before : sequence of float
        Those of epochs that were done before.
    """
    if loss.device.type == "cpu":
        return _HostLossLog(loss, scale, before)
    return DeviceLossLog(loss, scale, before)


def reader(loss: Tensor) -> Callable[[], Any]:
    """Make what reads a loss: a float, or of several networks an array."""
    return loss.item if loss.dim() == 0 else lambda: loss.cpu().numpy().astype(np.float64)


def read_epochs(losses: Tensor, scale: Any) -> list[Any]:
    """Read the losses of several epochs at once: floats, or of several networks arrays."""
    read = losses.cpu().numpy().astype(np.float64) * scale
    return read.tolist() if read.ndim == 1 else list(read)


class _HostLossLog:
    """On the CPU, where a loss is read as soon as it is written."""

    def __init__(self, loss: Tensor, scale: Any, before: Sequence[Any]) -> None:
        self._read = reader(loss)
        self._scale, self._losses = scale, list(before)
        self._sum: Any = 0.0

    def add(self) -> None:
        self._sum = self._sum + self._read()

    def end_epoch(self) -> None:
        self._losses.append(self._sum * self._scale)
        self._sum = 0.0

    def so_far(self) -> list[Any]:
        return self._losses


class DeviceLossLog:
    """On a device that works on while the host goes ahead: read in chunks, so no step waits."""

    def __init__(self, loss: Tensor, scale: Any, before: Sequence[Any]) -> None:
        self._loss, self._scale, self._losses = loss, scale, list(before)
        self._sum = torch.zeros_like(loss)
        self._ended = loss.new_zeros(_CHUNK, *loss.shape)
        self._slots = self._ended.unbind()
        self._used = 0

    def add(self) -> None:
        """Add the batch's loss to the epoch's."""
        self._sum.add_(self._loss)

    def end_epoch(self) -> None:
        """Note the epoch's loss."""
        if self._used == _CHUNK:
            self._fetch()
        self._slots[self._used].copy_(self._sum)
        self._used += 1
        self._sum.zero_()

    def so_far(self) -> list[Any]:
        """Give one for each epoch that has ended."""
        self._fetch()
        return self._losses

    def _fetch(self) -> None:
        if self._used:
            self._losses.extend(read_epochs(self._ended[: self._used], self._scale))
        self._used = 0
