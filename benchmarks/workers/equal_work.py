"""Print the seconds of some fits of equal work, the loss, and the peak of memory."""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

LEARNING_RATE = 1e-3


def ours(x: Any, y: Any, hidden: int, batch: int, epochs: int) -> Any:
    """Fit by ``two_layer()``."""
    from pytwolayer import two_layer

    fit = two_layer(
        x,
        y,
        hidden_units=hidden,
        batch_size=batch,
        epochs=epochs,
        learning_rate=LEARNING_RATE,
        weight_decay=0,
        schedule="constant",
        input_clip=None,
        verbose=False,
        seed=1,
    )
    return fit.predict


def sklearn(x: Any, y: Any, hidden: int, batch: int, epochs: int) -> Any:
    """Fit by scikit-learn."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(
        hidden_layer_sizes=(hidden,),
        batch_size=batch,
        max_iter=epochs,
        learning_rate_init=LEARNING_RATE,
        alpha=0,
        tol=0,
        n_iter_no_change=10**9,
        random_state=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y).predict


def network(columns: int, hidden: int) -> torch.nn.Sequential:
    """Make the network."""
    torch.manual_seed(1)
    layers = torch.nn.Linear(columns, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 1)
    return torch.nn.Sequential(*layers)


def by_torch(net: torch.nn.Module) -> Any:
    """Predict with a module."""

    def predict(x: Any) -> Any:
        with torch.no_grad():
            return net(torch.from_numpy(x))[:, 0].numpy()

    return predict


def loader(x: Any, y: Any, hidden: int, batch: int, epochs: int) -> Any:
    """Fit by a loop over a DataLoader."""
    data = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y)[:, None])
    batches = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True)
    net = network(x.shape[1], hidden)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for _ in range(epochs):
        for rows, outcome in batches:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(net(rows), outcome).backward()
            optimizer.step()
    return by_torch(net)


def slices(x: Any, y: Any, hidden: int, batch: int, epochs: int) -> Any:
    """Fit by a loop that takes slices of a permuted tensor, with the fused Adam."""
    rows, outcome = torch.from_numpy(x), torch.from_numpy(y)[:, None]
    net = network(x.shape[1], hidden)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, fused=True)
    for _ in range(epochs):
        order = torch.randperm(len(rows))
        for part in order.split(batch):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(net(rows[part]), outcome[part]).backward()
            optimizer.step()
    return by_torch(net)


def skorch(x: Any, y: Any, hidden: int, batch: int, epochs: int) -> Any:
    """Fit by skorch."""
    try:
        from skorch import NeuralNetRegressor
    except ImportError:
        print("not installed")
        sys.exit()
    model = NeuralNetRegressor(
        network(x.shape[1], hidden),
        optimizer=torch.optim.Adam,
        lr=LEARNING_RATE,
        batch_size=batch,
        max_epochs=epochs,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    )
    model.fit(x, y[:, None])
    return lambda rows: model.predict(rows)[:, 0]


def ask_for_memory(values: int) -> None:
    """Write to memory and give it back.

    A virtual machine may take seconds for a gigabyte that nothing was written to for some time: its
    host has to find the memory. The route that comes to such memory by chance would pay for it.
    """
    np.ones(values, np.float32)


def status(name: str) -> float:
    """Read a size of this process in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def clear_peak() -> float:
    """Count the peak of memory from now on; return what this process has, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def main() -> None:
    """Fit some times; the first, which also loads what is needed, is not counted."""
    way = globals()[sys.argv[1]]
    folder = Path(sys.argv[2])
    rows, columns, hidden, batch, epochs, calls = map(int, sys.argv[3:9])
    x = np.fromfile(folder / "x").reshape(columns, rows).T.astype(np.float32, order="C")
    y = np.fromfile(folder / "y").astype(np.float32)
    torch.set_num_threads(torch.get_num_threads())
    way(x[:300], y[:300], hidden, batch, 1)
    ask_for_memory(2 * rows * columns)
    before = clear_peak()
    for call in range(calls):
        start = time.perf_counter()
        predict = way(x, y, hidden, batch, epochs)
        print("seconds", time.perf_counter() - start)
        if call == 0:
            print("MB", status("VmHWM") - before)
    some = slice(20_000)
    print("loss", float(np.mean((predict(x[some]) - y[some]) ** 2)))
    print("threads", torch.get_num_threads())


if __name__ == "__main__":
    main()
