"""The chapter's network and its losses.

The letters ``n``, ``d_in``, ``hidden_units`` and ``d_out`` are the chapter's N, D_in, H and
D_out. Data and initial weights come from one seeded stream, drawn on the CPU in the
chapter's order, so every device starts from the same numbers.
"""

from importlib.resources import files

import pandas as pd

from pytwolayer import checks
from pytwolayer.network.architecture import (
    draw_initial_weights,
    flatten_parameters,
    two_layer_net,
)
from pytwolayer.network.batches import Batch, EncodedRows
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Single
from pytwolayer.network.losses import LOSSES, REDUCTIONS
from pytwolayer.optim.first_order import GradientDescent
from pytwolayer.runtime.device import select_device
from pytwolayer.runtime.memory import guard_memory, releases_gpu_memory
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.threads import reset_after_fork
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.loop import fit_loop

Problem = tuple[torch.Tensor, torch.Tensor, torch.nn.Sequential]


@with_default_torch_settings
def chapter_problem(
    n: int = 64, d_in: int = 1000, hidden_units: int = 100, d_out: int = 10, seed: int = 0
) -> Problem:
    """Draw the chapter's data and its network.

    Parameters
    ----------
    n, d_in, hidden_units, d_out : int
        Batch size, inputs, hidden units, outputs.
    seed : int
        Seed of the one random stream.

    Returns
    -------
    x, y : torch.Tensor
        Standard normal, shapes ``(n, d_in)`` and ``(n, d_out)``, on the CPU.
    net : torch.nn.Sequential
        With its initial weights, on the CPU.
    """
    reset_after_fork()
    generator = cpu_generator(checks.seed("seed", seed))
    n, d_in = checks.size("n", n), checks.size("d_in", d_in)
    hidden_units = checks.size("hidden_units", hidden_units)
    d_out = checks.size("d_out", d_out)
    x = torch.randn(n, d_in, generator=generator, dtype=torch.float32, device="cpu")
    y = torch.randn(n, d_out, generator=generator, dtype=torch.float32, device="cpu")
    net = two_layer_net(d_in, hidden_units, d_out)
    draw_initial_weights(net, generator)
    return x, y, net


@with_default_torch_settings
@releases_gpu_memory
def chapter_losses(
    steps: int = 500,
    learning_rate: float = 1e-4,
    *,
    n: int = 64,
    d_in: int = 1000,
    hidden_units: int = 100,
    d_out: int = 10,
    loss: str = "mse",
    reduction: str = "sum",
    device: str | torch.device = "cpu",
    seed: int = 0,
) -> pd.DataFrame:
    """Train the chapter's network and return the loss of every step.

    Parameters
    ----------
    steps : int
        Number of updates.
    learning_rate : float
        Step size of plain gradient descent.
    n, d_in, hidden_units, d_out : int
        Batch size, inputs, hidden units, outputs.
    loss : str
        "mse" (squared error, the chapter's), "mae" or "huber".
    reduction : str
        "sum" as in the chapter, "mean", or the chapter's old name of the latter,
        "elementwise_mean": over all ``n * d_out`` elements.
    device : str or torch.device
        "cpu", "cuda", "cuda:1", "mps" or "auto".
    seed : int
        Seed of data and initial weights.

    Returns
    -------
    pandas.DataFrame
        ``iter`` (1, 2, ...) and ``loss`` (before that step's update).

    Raises
    ------
    ArgumentError, DeviceError
        If an argument is not what it must be.
    DeviceMemoryError
        If the device's memory does not suffice.

    Examples
    --------
    >>> from pytwolayer import chapter_losses
    >>> chapter_losses(steps=3).round(2)
       iter    loss
    0     1  628.28
    1     2  584.96
    2     3  546.73
    """
    steps = checks.size("steps", steps)
    learning_rate = checks.positive("learning_rate", learning_rate)
    checks.one_of("loss", loss, [name for name, one in LOSSES.items() if one.outputs == 1])
    checks.one_of("reduction", reduction, REDUCTIONS)
    chosen = select_device(device)
    work = f"n = {n}, d_in = {d_in}, hidden_units = {hidden_units}"
    with guard_memory(chosen, work, "Make these smaller"):
        x, y, net = chapter_problem(n, d_in, hidden_units, d_out, seed)
        parameters = flatten_parameters(net, chosen)
        layout = Single(parameters, as_autograd=True)
        batch = Batch(EncodedRows(x.to(chosen), y.to(chosen), None))
        losses = fit_loop(
            ClosedFormGradient(layout, "relu", loss, reduction, [len(x)]),
            GradientDescent(parameters, learning_rate, keeps_rate=True),
            lambda epoch: (batch,),
            steps,
        )
    return _table(losses)


@with_default_torch_settings
def chapter_loop(steps: int = 500, learning_rate: float = 1e-4, seed: int = 0) -> pd.DataFrame:
    """Train the chapter's network as the chapter does, with autograd, on the CPU.

    The reference for the bits and the speed of ``chapter_losses()``.
    """
    x, y, net = chapter_problem(seed=seed)
    loss_function = torch.nn.MSELoss(reduction="sum")
    losses = []
    for _ in range(steps):
        loss = loss_function(net(x), y)
        losses.append(loss.item())
        net.zero_grad()
        loss.backward()
        with torch.no_grad():
            for param in net.parameters():
                if param.grad is not None:
                    param.data = param.data - param.grad * learning_rate
    return _table(losses)


def printed_losses() -> pd.DataFrame:
    """Read the chapter's printed table: ``iter`` and ``loss`` at 3 significant digits."""
    with (files("pytwolayer") / "data" / "chapter_losses.csv").open() as table:
        return pd.read_csv(table, converters={"loss": float})


def _table(losses: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"iter": range(1, len(losses) + 1), "loss": losses})
