"""Print the seconds that ours takes for 200 steps of L-BFGS, or for those to a loss, and its loss.

The sigmoid is nnet's activation. How many steps it takes to the loss is found by a fit that is not
counted.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

from pytwolayer import two_layer


def main() -> None:
    """Fit some times, after one that is not counted."""
    folder = Path(sys.argv[1])
    rows, columns, hidden = map(int, sys.argv[2:5])
    target = float(sys.argv[5]) if len(sys.argv) > 5 else 0.0
    x = np.ascontiguousarray(np.fromfile(folder / "x").reshape(columns, rows).T)
    y = np.fromfile(folder / "y")
    options = {
        "hidden_units": hidden,
        "activation": "sigmoid",
        "optimizer": "lbfgs",
        "weight_decay": 0,
        "input_clip": None,
        "verbose": False,
        "seed": 1,
    }
    first = two_layer(x, y, epochs=200, on_epoch=lambda epoch, loss: loss > target, **options)
    for _ in range(3):
        start = time.perf_counter()
        fit = two_layer(x, y, epochs=len(first.history), **options)
        print("seconds", time.perf_counter() - start)
    print("loss", fit.history["loss"].iloc[-1])
    print("threads", torch.get_num_threads())


if __name__ == "__main__":
    main()
