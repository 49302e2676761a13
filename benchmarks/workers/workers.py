"""One of the processes that train together, on command: a line of JSON in, one out of the first."""

import json
import os
import statistics
import sys
import time

import numpy as np

from pytwolayer.distributed import train_worker
from pytwolayer.runtime.torch_loading import torch

ROWS, INPUTS, UNITS = 131_072, 100, 256


def data() -> dict[str, np.ndarray]:
    """Return the same rows in each process."""
    numbers = np.random.default_rng(1)
    x = numbers.standard_normal((ROWS, INPUTS))
    return {"x": x, "y": x[:, 0] * x[:, 1] + np.sin(x[:, 2]) + 0.1 * numbers.standard_normal(ROWS)}


def step(table: dict[str, np.ndarray], batch: int, shards: int, epochs: int) -> float:
    """Return the seconds of a step, the median of the epochs but the first."""
    ends = []
    settings = {"hidden_units": UNITS, "batch_size": batch, "shards": shards, "seed": 1}
    fixed = {"weight_decay": 0.0, "encoding": "linear", "schedule": "constant"}
    train_worker(
        table
        | settings
        | fixed
        | {
            "epochs": epochs,
            "verbose": False,
            "on_epoch": lambda *_: ends.append(time.perf_counter()),
        }
    )
    return statistics.median(np.diff(ends)) / (ROWS // batch) if ends else 0.0


def gather(numbers: int, times: int) -> float:
    """Return the seconds in which each process gets the vectors of all."""
    from pytwolayer.runtime.process_group import TorchGroup

    group = TorchGroup()
    own = torch.ones(numbers, dtype=torch.float32)
    together = own.new_empty(group.size, numbers)
    taken = []
    for _ in range(times + 5):
        start = time.perf_counter()
        group.gather_vectors(own, together)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[5:])


def add(numbers: int, times: int) -> float:
    """Return the seconds in which a vector is added to another."""
    into, other = (
        torch.zeros(numbers, dtype=torch.float32),
        torch.ones(numbers, dtype=torch.float32),
    )
    start = time.perf_counter()
    for _ in range(times):
        into.add_(other)
    return (time.perf_counter() - start) / times


def main() -> None:
    """Do what the lines say, in a process group that all of them share."""
    torch.set_num_threads(1)
    if int(os.environ["WORLD_SIZE"]) > 1:  # once for all fits
        torch.distributed.init_process_group("gloo")
    table = data()
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked.pop("do")
        if name == "step":
            answer = step(table, **asked)
        else:
            answer = {"gather": gather, "add": add}[name](**asked)
        if os.environ["RANK"] == "0":
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
