"""Print the milliseconds of a step with one thread and with two, in turns."""

import sys
import time

import numpy as np
import torch

from pytwolayer import two_layer
from pytwolayer.runtime import threads

_LEAST = 0.25  # seconds that are measured at a time


def main() -> None:
    """Time fits of all rows at once, whose steps are the rest of their time by far."""
    rows, columns, hidden, rounds = map(int, sys.argv[1:5])
    draws = np.random.default_rng(1)
    x = draws.normal(size=(rows, columns)).astype(np.float32)
    y = draws.normal(size=rows)
    options = {"hidden_units": hidden, "batch_size": None, "weight_decay": 0.0}
    options |= {"learning_rate": 1e-4, "input_clip": None, "seed": 1, "verbose": False}
    threads._SMALL = 0  # both numbers of threads are tried with every size

    def fit(number: int, epochs: int) -> float:
        torch.set_num_threads(number)
        start = time.perf_counter()
        two_layer(x, y, epochs=epochs, **options)
        return time.perf_counter() - start

    short, long = 4, 16
    fit(2, short)
    while fit(1, long) - fit(1, short) < _LEAST:
        long *= 2
    for _ in range(rounds):
        for name, number in (("one", 1), ("two", 2)):
            print(name, 1000 * (fit(number, long) - fit(number, short)) / (long - short))


if __name__ == "__main__":
    main()
