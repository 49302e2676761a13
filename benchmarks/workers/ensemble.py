"""Print the seconds of fits of several networks, together or one after the other."""

import sys
import time

import numpy as np
import torch

from pytwolayer import two_layer


def main() -> None:
    """Fit three times after one small fit that is not counted."""
    way, models, rows, columns, hidden, batch, epochs = sys.argv[1], *map(int, sys.argv[2:8])
    x = np.random.default_rng(1).normal(size=(rows, columns))
    y = np.tanh(x.sum(axis=1))

    def fit(models: int, epochs: int) -> None:
        options = {"hidden_units": hidden, "batch_size": batch or None, "verbose": False}
        options |= {"weight_decay": 1e-3, "encoding": "linear"}  # without a search for them
        if way == "together":
            two_layer(x, y, n_models=models, epochs=epochs, seed=1, **options)
        else:
            for seed in range(models):
                two_layer(x, y, epochs=epochs, seed=seed, **options)

    fit(2, 2)
    for _ in range(3):
        start = time.perf_counter()
        fit(models, epochs)
        print("seconds", time.perf_counter() - start)
    print("threads", torch.get_num_threads())


if __name__ == "__main__":
    main()
