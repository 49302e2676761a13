"""Print the seconds of one step: all of it, its matrix products, or gathering its batch."""

import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from pytwolayer import chapter_losses, two_layer
from pytwolayer.network.batches import DrawnBatch, EncodedRows

CPU = torch.device("cpu")
BATCHED = 100_000  # rows of which batches are drawn
_LEAST = 0.2  # seconds that are measured at a time


def ours(kind: str, rows: int, columns: int, hidden: int, outputs: int) -> None:
    """Time a step as the difference of a long and a short fit."""
    number = BATCHED if kind == "batch" else rows
    draws = np.random.default_rng(1)
    x = draws.normal(size=(number, columns))
    y = (
        draws.integers(0, outputs, number).astype(str)
        if outputs == 3
        else draws.normal(size=number)
    )
    options = {"hidden_units": hidden, "seed": 1, "verbose": False, "input_clip": None}
    options |= {"batch_size": rows if kind == "batch" else None, "learning_rate": 1e-4}
    options |= {"weight_decay": 1e-3, "encoding": "linear"}  # without a search for them

    def fit(epochs: int) -> float:
        start = time.perf_counter()
        if kind == "chapter":
            chapter_losses(epochs)
        else:
            two_layer(x, y, epochs=epochs, **options)
        return time.perf_counter() - start

    steps = -(-number // rows)
    fit(2)
    long = 8
    while fit(long) < _LEAST:
        long *= 2
    for _ in range(5):
        print("seconds", (fit(2 * long) - fit(long)) / (long * steps))


def products(kind: str, rows: int, columns: int, hidden: int, outputs: int) -> None:
    """Time the five products of a step, on memory laid out as it is in the step."""
    alike = kind == "chapter" or rows > 512
    x = torch.randn(rows, columns)
    z = torch.randn(rows, hidden) if alike else torch.randn(hidden, rows).t()
    w1 = torch.randn(hidden, columns) if kind == "chapter" else torch.randn(columns, hidden).t()
    w2, gradient2 = torch.randn(outputs, hidden), torch.empty(outputs, hidden)
    chapter = kind == "chapter"
    out = torch.randn(rows, outputs) if chapter else torch.randn(outputs, rows).t()
    gradient1, back = torch.empty_like(w1), torch.empty_like(z)
    first, second, left, right = w1.t(), w2.t(), out.t(), back.t()

    def step() -> None:
        torch.mm(x, first, out=z)
        torch.mm(z, second, out=out)
        torch.mm(left, z, out=gradient2)
        torch.mm(out, w2, out=back)
        torch.mm(right, x, out=gradient1)

    with torch.inference_mode():
        timed(step)


def gather(kind: str, rows: int, columns: int, hidden: int, outputs: int) -> None:
    """Time the drawing of a batch's rows."""
    source = EncodedRows(torch.randn(BATCHED, columns), torch.randn(BATCHED, outputs), None)
    batch = DrawnBatch(source.to(CPU), rows)
    order = torch.randperm(BATCHED).split(rows)[:-1]
    place = [0]

    def step() -> None:
        place[0] = (place[0] + 1) % len(order)
        batch.indices.copy_(order[place[0]])
        batch.gather()

    with torch.inference_mode():
        timed(step)


def timed(step: Callable[[], None]) -> None:
    """Print the seconds of one call, five times."""
    number = 8
    while True:
        start = time.perf_counter()
        for _ in range(number):
            step()
        if time.perf_counter() - start > _LEAST:
            break
        number *= 2
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(number):
            step()
        print("seconds", (time.perf_counter() - start) / number)


if __name__ == "__main__":
    sizes = [int(word) for word in sys.argv[2:6]]
    globals()[sys.argv[6]](sys.argv[1], *sizes)
    print("threads", torch.get_num_threads())
