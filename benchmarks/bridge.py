"""Between R and Python: a data frame to a tensor, predictions back, and whole fits.

Of small fits and of predictions of one row the milliseconds of a call are measured, end to end, and
how many more R takes than Python.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from _routes import WORKERS, Row, alternate, peaks, rows_of, seconds
from equal_work import write_data

from pytwolayer.r_interop.r_process import rscript

NUMPY = "one NumPy conversion"
PYTHON, R = "ours, Python", "ours, R"
R_ALONE = 'ours, R, engine = "r"'
LARGE = 1_000_000, 50
_LARGE = "1,000,000x50"
# case -> what is done, rows, columns, rows of a batch, epochs
CASES: dict[str, tuple[str, int, int, int, int]] = {
    f"{_LARGE}, predictions": ("predict", *LARGE, 2048, 1),
    f"{_LARGE}, fit of 1 epoch": ("fit", *LARGE, 2048, 1),
    "100,000x50, fit of 4 epochs": ("fit", 100_000, 50, 256, 4),
    "100,000x50, fit of 20 epochs": ("fit", 100_000, 50, 256, 20),
    "1,000x10, fit of 1,000 epochs": ("fit", 1000, 10, 64, 1000),
}
SMALL = 150, 4, 150, 5


def rows(rounds: int, threads: int) -> list[Row]:
    """Measure."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        found += _to_tensor(rounds, threads)
        found += _small(Path(folder), rounds, threads)
        for case, (task, *sizes) in CASES.items():
            write_data(Path(folder), *sizes[:2])
            words = [task, folder, *map(str, sizes)]
            commands = {PYTHON: _python(*words), R: _r(*words)}
            measured = alternate(commands, rounds, threads)
            found += rows_of("bridge", case, "s", seconds(measured), PYTHON)
            if sizes[0] >= LARGE[0]:
                case = f"{case}: peak of memory"
                found += rows_of("bridge", case, "MB", peaks(measured), PYTHON)
    return found


def _python(*words: str) -> list[str]:
    return [sys.executable, str(WORKERS / "bridge_fit.py"), *words]


def _r(*words: str) -> list[str]:
    return [rscript(), str(WORKERS / "bridge_fit.R"), *words]


def _small(folder: Path, rounds: int, threads: int) -> list[Row]:
    """Measure calls that take milliseconds."""
    write_data(folder, *SMALL[:2])
    sizes = [str(folder), *map(str, SMALL)]
    cases = {
        "150x4, fit of 5 epochs": {
            PYTHON: _python("small_fit", *sizes),
            R: _r("small_fit", *sizes),
        },
        "150x4, prediction of one row": {
            PYTHON: _python("one_row", *sizes),
            R: _r("one_row", *sizes),
            R_ALONE: _r("one_row_r", *sizes),
        },
    }
    found: list[Row] = []
    for case, commands in cases.items():
        measured = seconds(alternate(commands, rounds, threads))
        times = {name: [1000 * each for each in own] for name, own in measured.items()}
        found += rows_of("bridge", case, "ms", times, PYTHON)
        more = [ours - theirs for ours, theirs in zip(times[R], times[PYTHON], strict=True)]
        print(f"  bridge, {case}: {statistics.median(more):.2f} ms more in R", flush=True)
    return found


def _to_tensor(rounds: int, threads: int) -> list[Row]:
    """Compare data frame to float32 tensor with what a conversion takes, both in R's process.

    The conversion is NumPy's of as many doubles, in columns as R has them, to rows of float32:
    ``x.T.astype(np.float32, order="C")``.
    """
    script, sizes = str(WORKERS / "bridge_tensor.R"), [*map(str, LARGE)]
    ways = {NUMPY: "numpy", "as_tensor(data frame)": "frame", "as_tensor(matrix)": "matrix"}
    commands = {name: [rscript(), script, way, *sizes] for name, way in ways.items()}
    measured = alternate(commands, rounds, threads)
    case = f"{_LARGE} to a tensor"
    return [
        *rows_of("bridge", case, "s", seconds(measured), NUMPY),
        *rows_of("bridge", f"{case}: peak of memory", "MB", peaks(measured), NUMPY),
    ]
