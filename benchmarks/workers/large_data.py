"""Does one of the works of ``large_data.py``; prints names and values, in lines.

Works: ``prepare ROWS COLUMNS ROUNDS``, ``epochs ROWS COLUMNS ROUNDS EPOCHS BATCH``, and, which say
"ready" and wait for a line, ``fit ROWS COLUMNS EPOCHS BATCH`` and ``folder FOLDER EPOCHS BATCH
HOW``, where the last is path, cache or pandas.
"""

import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
torch.set_num_threads(1)
warnings.simplefilter("ignore")

from _large_memory import status  # noqa: E402
from _large_tables import OUTCOME, arrays, part  # noqa: E402

from pytwolayer import two_layer  # noqa: E402
from pytwolayer.training import trainer  # noqa: E402

BLOCK, HIDDEN, RATE, CLIP = 8192, 64, 0.003, 5.0


class Prepared(Exception):  # noqa: N818
    """Raised where the first step would begin."""


def fit(x: Any, y: Any = None, **more: Any) -> Any:
    """Fit with what both versions and both languages know."""
    return two_layer(x, y, hidden_units=HIDDEN, verbose=False, seed=1, **more)


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def preparation(x: Any, y: Any) -> None:
    """Fit up to the first step."""

    def stop(*_: Any, **__: Any) -> None:
        raise Prepared

    before, trainer.fit_loop = trainer.fit_loop, stop
    try:
        fit(x, y, epochs=1, batch_size=256)
    except Prepared:
        return
    finally:
        trainer.fit_loop = before
    raise RuntimeError("the first step was not found")


def two_passes(x: np.ndarray) -> np.ndarray:
    """Standardise, clip and round to float32, in blocks: the least that has to be done."""
    rows, columns = x.shape
    number, mean, squares = 0, np.zeros(columns), np.zeros(columns)
    own = np.empty((BLOCK, columns))
    for start in range(0, rows, BLOCK):
        block = x[start : start + BLOCK]
        part = own[: len(block)]
        center = block.mean(axis=0)
        np.subtract(block, center, out=part)
        step, total = center - mean, number + len(block)
        squares += np.einsum("ij,ij->j", part, part) + step**2 * (number * len(block) / total)
        mean, number = mean + step * (len(block) / total), total
    scale = 1 / np.sqrt(squares / (number - 1))
    encoded = np.empty(x.shape, dtype=np.float32)
    for start in range(0, rows, BLOCK):
        block = x[start : start + BLOCK]
        part = own[: len(block)]
        np.subtract(block, mean, out=part)
        np.multiply(part, scale, out=part)
        np.clip(part, -CLIP, CLIP, out=part)
        encoded[start : start + BLOCK] = part
    return encoded


def plain_loop(x: torch.Tensor, y: torch.Tensor, epochs: int, batch: int, *, how: str) -> None:
    """Train with autograd and Adam, on rows that are shuffled in each epoch.

    "gathered": each batch is gathered by its rows' numbers. "sliced": the table is put in the
    epoch's order at once, and batches are slices of it. "in order": slices without any shuffling.
    """
    torch.manual_seed(1)
    network = torch.nn.Sequential(
        torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 1)
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    loss_of, total = torch.nn.MSELoss(), 0.0
    for _ in range(epochs):
        order = torch.randperm(len(x))
        own_x, own_y = (x[order], y[order]) if how == "sliced" else (x, y)
        for start in range(0, len(x), batch):
            part: Any = slice(start, start + batch)
            part = order[part] if how == "gathered" else part
            optimizer.zero_grad()
            loss = loss_of(network(own_x[part]), own_y[part])
            loss.backward()
            optimizer.step()
            total += loss.detach()
    float(total)


def prepare(rows: int, columns: int, rounds: int) -> None:
    """Time preparation and the plain passes in turns."""
    x, y = arrays(rows, columns)
    preparation(x[:20_000], y[:20_000])
    for _ in range(rounds):
        print("passes", seconds(lambda: two_passes(x)), flush=True)
        print("prepare", seconds(lambda: preparation(x, y)), flush=True)


def epochs(rows: int, columns: int, rounds: int, epochs: int, batch: int) -> None:
    """Time a whole fit and the plain loops in turns; these are given encoded rows."""
    x, y = arrays(rows, columns)
    fit(x[:20_000], y[:20_000], epochs=1, batch_size=batch)
    for _ in range(rounds):
        matrix = torch.from_numpy(two_passes(x))
        target = torch.from_numpy(((y - y.mean()) / y.std()).astype(np.float32))[:, None]
        for how in ("gathered", "sliced", "in order"):
            loop = partial(plain_loop, matrix, target, epochs, batch, how=how)
            print(how.replace(" ", "_"), seconds(loop), flush=True)
        del loop, matrix, target
        print("fit", seconds(lambda: fit(x, y, epochs=epochs, batch_size=batch)), flush=True)


def measured(work: Callable[[], Any]) -> None:
    """Wait to be told to begin; print seconds, the peak above what was there, and the loss."""
    print("ready", flush=True)
    sys.stdin.readline()
    Path("/proc/self/clear_refs").write_text("5")
    before = status("self", "VmRSS")
    start = time.perf_counter()
    found = work()
    print("seconds", time.perf_counter() - start)
    print("MB", status("self", "VmHWM") - before)
    print("loss", found.history["loss"].iloc[-1])


def one_fit(rows: int, columns: int, epochs: int, batch: int) -> None:
    """Measure a fit of an array."""
    x, y = arrays(rows, columns)
    fit(x[:20_000], y[:20_000], epochs=1, batch_size=batch)
    measured(lambda: fit(x, y, epochs=epochs, batch_size=batch))


def one_folder(folder: str, epochs: int, batch: int, how: str) -> None:
    """Measure a fit of a folder."""
    import pandas as pd

    fit(part(1000, 0), outcome=OUTCOME, epochs=1, batch_size=batch)
    options: dict[str, Any] = {"outcome": OUTCOME, "epochs": epochs, "batch_size": batch}
    if how == "pandas":
        measured(lambda: fit(pd.read_parquet(folder), **options))
    elif how == "cache":
        with tempfile.TemporaryDirectory(dir=Path(folder).parent) as cache:
            measured(lambda: fit(folder, cache=cache, **options))
    else:
        measured(lambda: fit(folder, **options))


if __name__ == "__main__":
    name, *words = sys.argv[1:]
    if name == "folder":
        one_folder(words[0], int(words[1]), int(words[2]), words[3])
    else:
        {"prepare": prepare, "epochs": epochs, "fit": one_fit}[name](*map(int, words))
