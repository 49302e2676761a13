"""Equal work: same network, Adam, batches and epochs, by ours and by its peers; and nnet.

From the user's call with the data in memory to the fitted model. Every route is checked to
have come to about the same loss. R's nnet, which has no Adam, is measured to an equal loss by BFGS:
ours has L-BFGS.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from _routes import WORKERS, Row, alternate, peaks, rows_of, seconds

from pytwolayer.r_interop.r_process import rscript

OURS = "ours, Python"
# case -> rows, columns, hidden units, batch, epochs, calls of a worker
CASES: dict[str, tuple[int, ...]] = {
    "150x4": (150, 4, 10, 32, 200, 5),
    "1,000x10": (1000, 10, 64, 32, 30, 5),
    "10,000x20": (10_000, 20, 64, 128, 15, 3),
    "100,000x50": (100_000, 50, 64, 256, 4, 2),
    "1,000,000x100": (1_000_000, 100, 64, 1024, 3, 1),
}
PEERS = {
    OURS: "ours",
    "scikit-learn": "sklearn",
    "PyTorch, DataLoader": "loader",
    "PyTorch, slices": "slices",
    "skorch": "skorch",
}
NNET = {"150x4": 10, "1,000x10": 10, "10,000x20": 10}  # case -> hidden units
_SAME_LOSS = 0.35  # of the largest and the smallest loss of a case: seeds and orders differ


def rows(rounds: int, threads: int, cases: dict[str, tuple[int, ...]] = CASES) -> list[Row]:
    """Measure."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for case, sizes in cases.items():
            write_data(Path(folder), *sizes[:2])
            found += _case(Path(folder), case, sizes, rounds, threads)
            if case in NNET:
                found += _nnet(Path(folder), case, sizes, rounds, threads)
    return found


def write_data(folder: Path, rows: int, columns: int) -> None:
    """Write the data as doubles, column after column, for both languages."""
    draws = np.random.default_rng(rows)
    x = draws.standard_normal((columns, rows), dtype=np.float32).astype(np.float64)
    y = np.tanh(draws.normal(size=columns) @ x / np.sqrt(columns))
    y = y + 0.3 * draws.normal(size=rows)
    x.tofile(folder / "x")
    ((y - y.mean()) / y.std()).tofile(folder / "y")


def _case(folder: Path, case: str, sizes: tuple[int, ...], rounds: int, threads: int) -> list[Row]:
    words = [str(folder), *map(str, sizes)]
    script = str(WORKERS / "equal_work.py")
    commands = {name: [sys.executable, script, way, *words] for name, way in PEERS.items()}
    commands["ours, R"] = [rscript(), str(WORKERS / "equal_work.R"), *words]
    measured = alternate(commands, rounds, threads)
    losses = {name: statistics.median(each[0]["loss"]) for name, each in measured.items()}
    if max(losses.values()) > (1 + _SAME_LOSS) * min(losses.values()):
        raise RuntimeError(f"the work is not equal in {case}: losses {losses}")
    found = rows_of("equal work", case, "s", seconds(measured), OURS)
    if sizes[0] >= 100_000:
        found += rows_of("memory", case, "MB", peaks(measured), OURS)
    return found


def _nnet(folder: Path, case: str, sizes: tuple[int, ...], rounds: int, threads: int) -> list[Row]:
    """Measure both to a loss that both come to: 1 % above the higher of their last ones."""
    words = [str(folder), str(sizes[0]), str(sizes[1]), str(NNET[case])]
    commands = {
        OURS: [sys.executable, str(WORKERS / "equal_loss.py"), *words],
        "nnet": [rscript(), str(WORKERS / "equal_loss_nnet.R"), *words],
    }
    ends = alternate(commands, 1, threads)
    if "nnet" not in ends:
        return []
    target = 1.01 * max(each[0]["loss"][0] for each in ends.values())
    aimed = {name: [*command, repr(target)] for name, command in commands.items()}
    measured = alternate(aimed, rounds, threads)
    if any(printed["loss"][0] > 1.001 * target for each in measured.values() for printed in each):
        raise RuntimeError(f"a route did not come to the loss of {target} in {case}")
    return rows_of("equal loss", case, "s", seconds(measured), OURS)
