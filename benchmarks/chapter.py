"""The chapter's 500 steps by every route, side by side in one run.

Every route is a process of its own. The routes take turns, round after round, so that a
machine whose speed drifts slows them alike; a ratio is taken within a round, and the median
and the range of the rounds' ratios are printed. Start-up is not counted.

Run by ``make bench``; ``--threads 1 --rounds 7`` and the like change how.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from pytwolayer.r_process import r_environment, rscript

WORKERS = Path(__file__).parent / "workers"
PYTHON, R = "Python, chapter_losses()", "R, chapter_losses()"
LOOP = "Python, the chapter's loop"
STEPPED, STEPPED_OWN = "R steps PyTorch, reticulate alone", "R steps PyTorch, pytwolayer loaded"


def routes(calls: int) -> dict[str, list[str]]:
    """Give the command of each route."""
    script = str(WORKERS / "chapter_call.py")
    loop = str(WORKERS / "chapter_loop.R")
    return {
        PYTHON: [sys.executable, script, "ours", str(calls)],
        R: [rscript(), str(WORKERS / "chapter_call.R"), str(calls)],
        LOOP: [sys.executable, script, "loop", str(calls)],
        STEPPED_OWN: [rscript(), loop, "1", "pytwolayer"],
        STEPPED: [rscript(), loop, "1"],
    }


def median_seconds(command: list[str], threads: int) -> float:
    """Run a route once and give the median of the times that it prints."""
    environment = r_environment(OMP_NUM_THREADS=str(threads))
    printed = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout
    lines = [line.split() for line in printed.splitlines() if line.startswith("seconds")]
    return statistics.median(float(seconds) for _, seconds in lines)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=9, help="runs of ours in a round")
    arguments = parser.parse_args()
    commands = routes(arguments.calls)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(arguments.rounds):
        for name, command in commands.items():
            seconds[name].append(median_seconds(command, arguments.threads))
    print(f"\nThe chapter's 500 steps, {arguments.threads} threads, {arguments.rounds} rounds\n")
    print("| route | seconds, median (range) | times Python's, median (range) |")
    print("|---|---|---|")
    for name, values in seconds.items():
        ratios = [a / b for a, b in zip(values, seconds[PYTHON], strict=True)]
        print(f"| {name} | {spread(values, 3)} | {spread(ratios, 2)} |")
    saved = [a / b for a, b in zip(seconds[STEPPED], seconds[R], strict=True)]
    print(f"\nR steps PyTorch / R, chapter_losses(): {spread(saved, 1)}")


def spread(values: list[float], digits: int) -> str:
    """Write a median with its range."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


if __name__ == "__main__":
    main()
