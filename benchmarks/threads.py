"""Two threads against one, on idle processors and beside processes that keep these busy.

The number of threads decides last bits, so it may depend on a fit's sizes alone, and not on what
else the machine does: this shows from what size on two are worth it, and what they cost elsewhere.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from _routes import WORKERS, Row, rows_of, run

ONE, TWO = "1 thread", "2 threads"
# case -> rows of a batch, columns, hidden units; multiplications of the largest product
CASES = {
    "64x1000, 100 hidden: 6 million": (64, 1000, 100),
    "1,024x50, 256 hidden: 13 million": (1024, 50, 256),
    "2,048x100, 256 hidden: 52 million": (2048, 100, 256),
    "4,096x100, 256 hidden: 105 million": (4096, 100, 256),
    "8,192x100, 256 hidden: 210 million": (8192, 100, 256),
    "8,192x200, 256 hidden: 420 million": (8192, 200, 256),
    "8,192x500, 512 hidden: 2,100 million": (8192, 500, 512),
}


def rows(rounds: int, threads: int) -> list[Row]:
    """Measure; ``threads`` is not used: it is what is compared."""
    found: list[Row] = []
    for busy in range(3):
        beside = f"beside {busy} busy process{'es' * (busy != 1)}" if busy else "on an idle machine"
        for case, sizes in CASES.items():
            words = [str(number) for number in (*sizes, rounds)]
            with spinning(busy):
                printed = run([sys.executable, str(WORKERS / "threads.py"), *words], 2)
            if printed is not None:
                values = {ONE: printed["one"], TWO: printed["two"]}
                found += rows_of("threads", f"{case}, {beside}", "ms", values, ONE)
    return found


@contextmanager
def spinning(number: int) -> Iterator[None]:
    """Keep so many processors busy meanwhile."""
    spin = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(spin) for _ in range(number)]
    try:
        yield
    finally:
        for each in processes:
            each.kill()
            each.wait()
