"""Several networks together, against one and against as many one after the other."""

import sys

from _routes import WORKERS, Row, alternate, rows_of, seconds

ONE = "1 model"
# case -> rows, columns, hidden units, batch (0: all rows), epochs
CASES = {
    "150x4, all rows at once": (150, 4, 10, 0, 1000),
    "32x10, all rows at once": (32, 10, 32, 0, 500),
    "1,000x10, batches of 32": (1000, 10, 64, 32, 20),
}


def rows(rounds: int, threads: int) -> list[Row]:
    """Measure."""
    found: list[Row] = []
    for case, sizes in CASES.items():
        words = [str(size) for size in sizes]
        script = [sys.executable, str(WORKERS / "ensemble.py")]
        commands = {
            ONE: [*script, "together", "1", *words],
            "10 models together": [*script, "together", "10", *words],
            "50 models together": [*script, "together", "50", *words],
            "10 models one by one": [*script, "alone", "10", *words],
        }
        found += rows_of("ensemble", case, "s", seconds(alternate(commands, rounds, threads)), ONE)
    return found
