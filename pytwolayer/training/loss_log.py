"""The losses of a run: added up over the batches of an epoch, one number per epoch."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_CHUNK = 256  # epochs whose losses stay on the device until they are read together


def make_loss_log(loss: Tensor, scale: Any, before: Sequence[Any]) -> "HostLossLog | DeviceLossLog":
    """Make the log that suits the device of ``loss``.

    Parameters
    ----------
    loss : Tensor
        Into which each batch's loss is written, shape ``()``; with several networks
        ``(networks,)``.
    scale : float or array
        Factor of an epoch's sum.
    before : sequence
        Losses of the epochs already done.
    """
    return (HostLossLog if loss.device.type == "cpu" else DeviceLossLog)(loss, scale, before)


def reader(loss: Tensor) -> Callable[[], Any]:
    """Make a function that reads a loss: a float, or with several networks an array."""
    if loss.dim() == 0:
        return loss.item
    if loss.device.type == "cpu":
        return partial(loss.numpy().astype, np.float64)
    return lambda: loss.cpu().numpy().astype(np.float64)


def read_epochs(losses: Tensor, scale: Any) -> list[Any]:
    """Read the losses of several epochs at once: floats, or with several networks arrays."""
    read = losses.cpu().numpy().astype(np.float64) * scale
    return read.tolist() if read.ndim == 1 else list(read)


class HostLossLog:
    """On the CPU, where reading a loss does not wait for anything: sums in double precision."""

    in_step = False  # whether adding a loss is one of the step's operations

    def __init__(self, loss: Tensor, scale: Any, before: Sequence[Any]) -> None:
        self._read = reader(loss)
        self._scale, self._losses = scale, list(before)
        self._sum: Any = 0.0

    def add(self) -> None:
        """Add the batch's loss to the epoch's."""
        self._sum = self._sum + self._read()

    def end_epoch(self) -> None:
        """Append the epoch's loss."""
        self._losses.append(self._sum * self._scale)
        self._sum = 0.0

    def read(self) -> list[Any]:
        """Return one loss per finished epoch."""
        return self._losses


class DeviceLossLog:
    """On a GPU: losses stay there and are read in chunks, since each reading waits for the GPU."""

    in_step = True

    def __init__(self, loss: Tensor, scale: Any, before: Sequence[Any]) -> None:
        self._loss, self._scale, self._losses = loss, scale, list(before)
        self._sum = torch.zeros_like(loss)
        self._ended = loss.new_zeros(_CHUNK, *loss.shape)
        self._slots = self._ended.unbind()
        self._used = 0

    def add(self) -> None:
        """Add the batch's loss to the epoch's; a device operation, part of the captured step."""
        self._sum.add_(self._loss)

    def end_epoch(self) -> None:
        """Store the epoch's loss on the device."""
        if self._used == _CHUNK:
            self._fetch()
        self._slots[self._used].copy_(self._sum)
        self._used += 1
        self._sum.zero_()

    def read(self) -> list[Any]:
        """Return one loss per finished epoch; waits for the device."""
        self._fetch()
        return self._losses

    def _fetch(self) -> None:
        if self._used:
            self._losses.extend(read_epochs(self._ended[: self._used], self._scale))
        self._used = 0
