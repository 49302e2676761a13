"""Print the seconds of some fits, or of predictions of all rows or one; and their peak memory."""

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from pytwolayer import two_layer

task, folder, *numbers = sys.argv[1:]
rows, width, batch, epochs = map(int, numbers)
doubles = np.fromfile(Path(folder) / "x").reshape(width, rows)
x = pd.DataFrame({f"x{n + 1}": column for n, column in enumerate(doubles)}, copy=False)
y = np.fromfile(Path(folder) / "y")


def fit(x: Any, y: Any, epochs: int) -> Any:
    """Fit as R does beside."""
    return two_layer(x, y, batch_size=batch, epochs=epochs, verbose=False, seed=1)


def status(name: str) -> float:
    """Read a size of this process in megabytes from the system."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name)) / 1024


fitted = fit(x[:150], y[:150], 1)


TASKS: dict[str, Callable[[], Any]] = {
    "fit": lambda: fit(x, y, epochs),
    "small_fit": lambda: fit(x, y, epochs),
    "predict": lambda: fitted.predict(x),
    "one_row": lambda: fitted.predict(one),
}
one = x[:1]
work = TASKS[task]
times = {"small_fit": 30, "one_row": 300}.get(task, 1)  # calls that are measured together


work()  # which asks for the memory that later ones have
gc.collect()
Path("/proc/self/clear_refs").write_text("5")
before = status("VmRSS")
for call in range(5):
    start = time.perf_counter()
    for _ in range(times):
        work()
    print("seconds", (time.perf_counter() - start) / times)
    if call == 0:
        print("MB", status("VmHWM") - before)
print("threads", torch.get_num_threads())
