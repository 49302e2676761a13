"""``two_layer()``: fit the network to the user's data."""

import math
import secrets
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.device import select_device
from pytwolayer.errors import ArgumentError
from pytwolayer.gradient import ClosedFormGradient
from pytwolayer.network import (
    FlatParameters,
    cpu_generator,
    draw_initial_weights,
    flatten_parameters,
    own_parameters,
    two_layer_net,
)
from pytwolayer.optimizer import OPTIMIZERS
from pytwolayer.settings import Settings
from pytwolayer.table import Standardizer, Table, read_table
from pytwolayer.torch_loading import torch
from pytwolayer.train import Batch, train

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROWS_AT_ONCE = 65536  # in prediction, so that the hidden layer stays small


@dataclass(frozen=True, eq=False)
class TwoLayer:
    """A fitted network.

    Attributes
    ----------
    network : torch.nn.Sequential
        The trained network, on the CPU, for standardised input.
    inputs, outputs : Standardizer
        What turns predictors into the network's input, and its output into predictions.
    vector : bool
        Whether ``y`` came as a vector; predictions then do too.
    settings : Settings
        The settings of the fit, its seed among them.
    device : str
        Where it was trained.
    rows : int
        Number of rows it was trained on.
    history : pandas.DataFrame
        ``epoch`` (1, 2, ...) and ``loss``, measured on the standardised outcome before that
        epoch's update.
    """

    network: torch.nn.Sequential
    inputs: Standardizer
    outputs: Standardizer
    vector: bool
    settings: Settings
    device: str
    rows: int
    history: pd.DataFrame

    @property
    def architecture(self) -> str:
        """Inputs, hidden units and outputs, as ``"10-32-1"``."""
        sizes = len(self.inputs.center), self.settings.hidden_units, len(self.outputs.center)
        return "-".join(str(size) for size in sizes)

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def predict(self, x: Any) -> NDArray[np.float64]:
        """Predict the outcome of new rows, in the outcome's own units.

        Parameters
        ----------
        x : DataFrame, array or tensor
            Shape ``(rows, d_in)``. Columns are found by name where training data and new
            data have names; extra and reordered ones are fine.

        Returns
        -------
        numpy.ndarray
            One row per row of ``x``: shape ``(rows,)`` if ``y`` was a vector, else
            ``(rows, d_out)``.

        Raises
        ------
        ArgumentError
            If columns are missing, not numeric or not finite.
        """
        table = read_table("x", x, like=self.inputs)
        matrix = self.inputs.standardize("x", table.columns)
        with torch.no_grad():
            parts = [self.network(part) for part in torch.split(matrix, _ROWS_AT_ONCE)]
        predictions = self.outputs.restore(torch.cat(parts))
        return predictions[:, 0] if self.vector else predictions

    def plot(self, file: str | Path | None = None) -> "Axes":
        """Plot the loss against the epoch; see ``plot_history()``."""
        from pytwolayer.plot import plot_history

        return plot_history(self.history, file)

    def __repr__(self) -> str:
        settings, last = self.settings, self.history["loss"].iloc[-1]
        return (
            f"<TwoLayer {self.architecture} ({settings.activation}), "
            f"{self.n_parameters:,} parameters, fitted to {self.rows:,} rows: "
            f"{settings.optimizer}, learning rate {settings.learning_rate:g}, "
            f"{settings.epochs:,} epochs on {self.device}, seed {settings.seed}; "
            f"last loss {last:.4g} ({settings.loss}, {settings.reduction})>"
        )


def two_layer(
    x: Any,
    y: Any,
    *,
    hidden_units: int = 32,
    activation: str = "relu",
    epochs: int = 500,
    optimizer: str = "adam",
    learning_rate: float = 0.01,
    loss: str = "mse",
    reduction: str = "mean",
    device: str | torch.device = "cpu",
    seed: int | None = None,
) -> TwoLayer:
    """Fit a two-layer network for regression.

    Predictors and outcome are standardised inside; predictions come back in the outcome's
    own units.

    Parameters
    ----------
    x : DataFrame, array or tensor
        Numeric predictors, shape ``(rows, d_in)``.
    y : vector, DataFrame, array or tensor
        Numeric outcome, shape ``(rows,)`` or ``(rows, d_out)``.
    hidden_units : int
        Width of the hidden layer.
    activation : str
        "relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "tanh", "sigmoid" or
        "identity".
    epochs : int
        Passes over the data, each one update on all rows.
    optimizer : str
        "sgd" (plain gradient descent) or "adam".
    learning_rate : float
        Step size.
    loss : str
        "mse" (squared error), "mae" (absolute error) or "huber", of the standardised outcome.
    reduction : str
        "mean" over all elements, "sum", or "elementwise_mean", the mean's old name.
    device : str or torch.device
        "cpu", "cuda", "cuda:1", "mps" or "auto" (the best there is).
    seed : int, optional
        Seed of the initial weights; drawn, and kept in ``settings``, if not given.

    Returns
    -------
    TwoLayer

    Raises
    ------
    ArgumentError, DeviceError
        If an argument is not what it must be.

    Examples
    --------
    >>> import numpy as np
    >>> from pytwolayer import two_layer
    >>> x = np.random.default_rng(1).normal(size=(50, 3))
    >>> fit = two_layer(x, x.sum(axis=1), epochs=200, seed=1)
    >>> fit.predict(x).shape
    (50,)
    """
    settings = Settings(
        hidden_units=hidden_units,
        activation=activation,
        epochs=epochs,
        optimizer=optimizer,
        learning_rate=learning_rate,
        loss=loss,
        reduction=reduction,
        seed=secrets.randbits(31) if seed is None else seed,
    )
    chosen = select_device(device)
    predictors, outcomes = _read_data(x, y)
    inputs, outputs = Standardizer.of("x", predictors), Standardizer.of("y", outcomes)
    batch = (
        inputs.standardize("x", predictors.columns).to(chosen),
        outputs.standardize("y", outcomes.columns).to(chosen),
        1.0,
    )
    network, parameters = _start(len(inputs.center), len(outputs.center), settings, chosen)
    losses = _train(parameters, batch, settings, chosen)
    _warn_of_divergence(losses)
    return TwoLayer(
        network=own_parameters(network),
        inputs=inputs,
        outputs=outputs,
        vector=outcomes.vector,
        settings=settings,
        device=str(chosen),
        rows=predictors.rows,
        history=pd.DataFrame({"epoch": range(1, len(losses) + 1), "loss": losses}),
    )


def _read_data(x: Any, y: Any) -> tuple[Table, Table]:
    predictors, outcomes = read_table("x", x), read_table("y", y, vector=True)
    if outcomes.rows != predictors.rows:
        expected = f"as long as `x` ({predictors.rows} rows)"
        raise ArgumentError("y", expected, f"{outcomes.rows} rows long")
    return predictors, outcomes


def _start(
    d_in: int, d_out: int, settings: Settings, device: torch.device
) -> tuple[torch.nn.Sequential, FlatParameters]:
    network = two_layer_net(d_in, settings.hidden_units, d_out, settings.activation)
    draw_initial_weights(network, cpu_generator(settings.seed))
    return network, flatten_parameters(network, device)


def _train(
    parameters: FlatParameters,
    batch: Batch,
    settings: Settings,
    device: torch.device,
) -> list[float]:
    gradient = ClosedFormGradient(
        parameters, settings.activation, settings.loss, settings.reduction
    )
    optimizer = OPTIMIZERS[settings.optimizer](parameters, settings.learning_rate)
    return train(gradient, optimizer, lambda epoch: (batch,), settings.epochs, device)


def _warn_of_divergence(losses: list[float]) -> None:
    if not math.isfinite(losses[-1]):
        epoch = next(number for number, loss in enumerate(losses, 1) if not math.isfinite(loss))
        warnings.warn(
            f"The loss is not finite from epoch {epoch} on: the fit predicts nothing of use. "
            "A smaller learning_rate may help.",
            RuntimeWarning,
            stacklevel=3,
        )
