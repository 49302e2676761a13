"""Print the seconds of fits with a text column of many levels, the loss, and the peak of memory."""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from equal_work import LEARNING_RATE, clear_peak, status

NUMBERS = ["a", "b", "c"]
Predict = Callable[[pd.DataFrame], Any]


def made(rows: int, levels: int) -> tuple[pd.DataFrame, Any]:
    """Draw a table in which each level occurs, and its outcome."""
    draws = np.random.default_rng(levels)
    code = np.concatenate([np.arange(levels), draws.integers(0, levels, rows - levels)])
    draws.shuffle(code)
    names = np.array([f"level {number:06d}" for number in range(levels)], dtype=object)
    numbers = draws.standard_normal((rows, len(NUMBERS)))
    data = pd.DataFrame(numbers, columns=NUMBERS).assign(text=names[code])
    y = draws.standard_normal(levels)[code] + np.tanh(numbers.sum(axis=1))
    y = y + 0.3 * draws.standard_normal(rows)
    return data, (y - y.mean()) / y.std()


def ours(data: pd.DataFrame, y: Any, hidden: int, batch: int, epochs: int) -> Predict:
    """Fit by ``two_layer()``."""
    from pytwolayer import two_layer

    fit = two_layer(
        data,
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


def sklearn(data: pd.DataFrame, y: Any, hidden: int, batch: int, epochs: int) -> Predict:
    """Fit by scikit-learn, with a sparse matrix of zeros and ones."""
    import warnings

    from sklearn.compose import make_column_transformer
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoder = make_column_transformer(
        (StandardScaler(), NUMBERS),
        (OneHotEncoder(sparse_output=True, dtype=np.float32), ["text"]),
        sparse_threshold=1,
    )
    network = MLPRegressor(
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
        return make_pipeline(encoder, network).fit(data, y).predict


class Embedded(torch.nn.Module):
    """The network with the first layer's weights of levels as a table of embeddings."""

    def __init__(self, levels: int, hidden: int) -> None:
        super().__init__()
        self.levels = torch.nn.Embedding(levels, hidden)
        self.numbers = torch.nn.Linear(len(NUMBERS), hidden)
        bound = (levels + len(NUMBERS)) ** -0.5
        for weights in (self.levels.weight, *self.numbers.parameters()):
            torch.nn.init.uniform_(weights, -bound, bound)
        self.output = torch.nn.Linear(hidden, 1)

    def forward(self, numbers: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Compute the outcome."""
        hidden = torch.relu(self.numbers(numbers) + self.levels(codes))
        return self.output(hidden)[:, 0]


def embedding(data: pd.DataFrame, y: Any, hidden: int, batch: int, epochs: int) -> Predict:
    """Fit by a loop over slices of a permuted tensor, with an embedding and the fused Adam."""
    torch.manual_seed(1)
    codes, levels = pd.factorize(data["text"])
    x = data[NUMBERS].to_numpy(np.float32)
    numbers = torch.from_numpy((x - x.mean(axis=0)) / x.std(axis=0))
    level, outcome = torch.from_numpy(codes), torch.from_numpy(y.astype(np.float32))
    net = Embedded(len(levels), hidden)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, fused=True)
    for _ in range(epochs):
        for part in torch.randperm(len(codes)).split(batch):
            optimizer.zero_grad()
            found = net(numbers[part], level[part])
            torch.nn.functional.mse_loss(found, outcome[part]).backward()
            optimizer.step()

    def predict(some: pd.DataFrame) -> Any:
        with torch.no_grad():
            return net(numbers[: len(some)], level[: len(some)]).numpy()

    return predict


def main() -> None:
    """Fit with few and with more epochs in turns; a small fit before them is not counted."""
    way = globals()[sys.argv[1]]
    rows, levels, hidden, batch, epochs, calls = map(int, sys.argv[2:8])
    data, y = made(rows, levels)
    way(*made(300, 10), hidden, batch, 1)
    before = clear_peak()
    for call in range(calls):
        start = time.perf_counter()
        way(data, y, hidden, batch, 1)
        one = time.perf_counter()
        predict = way(data, y, hidden, batch, 1 + epochs)
        end = time.perf_counter()
        print("seconds", end - one)
        print("epoch", ((end - one) - (one - start)) / epochs)
        if call == 0:
            print("MB", status("VmHWM") - before)
    some = slice(20_000)
    print("loss", float(np.mean((predict(data[some]) - y[some]) ** 2)))
    print("threads", torch.get_num_threads())


if __name__ == "__main__":
    main()
