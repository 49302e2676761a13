"""Measuring routes in turns, round after round, each in a process of its own.

A machine whose speed drifts slows all alike; a ratio is taken within a round, and the median
and the range of the rounds' ratios are measured.
"""

import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytwolayer.r_interop.r_process import r_environment

WORKERS = Path(__file__).resolve().parent / "workers"
Row = dict[str, Any]
Printed = dict[str, list[float]]
NOT_INSTALLED = "not installed"


def run(command: Sequence[str], threads: int) -> Printed | None:
    """Run a worker; give the numbers that it printed by name, None if its peer is missing."""
    done = subprocess.run(
        command, env=environment(threads), capture_output=True, text=True, check=False
    )
    if NOT_INSTALLED in done.stdout:
        return None
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stderr[-3000:]}")
    printed: Printed = {}
    for line in done.stdout.splitlines():
        name, _, number = line.partition(" ")
        if name in ("seconds", "epoch", "loss", "MB", "threads", "one", "two"):
            printed.setdefault(name, []).append(float(number))
    return printed


def environment(threads: int) -> dict[str, str]:
    """Give the environment of a worker, in which Python finds the peers."""
    given = r_environment(
        OMP_NUM_THREADS=str(threads),
        OPENBLAS_NUM_THREADS=str(threads),
        MKL_NUM_THREADS=str(threads),
        KERAS_BACKEND="torch",
    )
    path = [str(WORKERS.parent), os.environ.get("PYTHONPATH", "")]
    given["PYTHONPATH"] = os.pathsep.join(part for part in path if part)
    return given


def alternate(
    commands: Mapping[str, Sequence[str]], rounds: int, threads: int
) -> dict[str, list[Printed]]:
    """Run all routes in turns; give what each printed in each round, without missing peers."""
    measured: dict[str, list[Printed]] = {}
    missing: set[str] = set()
    for _ in range(rounds):
        for name, command in commands.items():
            if name in missing:
                continue
            printed = run(command, threads)
            if printed is None:
                print(f"  {name}: not installed")
                missing.add(name)
            else:
                refuse_other_threads(name, printed, threads)
                measured.setdefault(name, []).append(printed)
    return measured


def refuse_other_threads(name: str, printed: Printed, threads: int) -> None:
    """Raise if a route computed with another number of threads."""
    used = set(printed.get("threads", [threads]))
    if used != {threads}:
        raise RuntimeError(f"{name} used {used} threads where {threads} were asked for")


def rows_of(
    group: str, case: str, unit: str, values: Mapping[str, Sequence[float]], baseline: str
) -> list[Row]:
    """Make the table's rows of one value of each route and round."""
    rows = []
    for route, own in values.items():
        ratios = [a / b for a, b in zip(own, values[baseline], strict=True)]
        rows.append(
            {
                "group": group,
                "case": case,
                "route": route,
                "unit": unit,
                "median": statistics.median(own),
                "low": min(own),
                "high": max(own),
                "ratio": statistics.median(ratios),
                "ratio_low": min(ratios),
                "ratio_high": max(ratios),
                "baseline": baseline,
            }
        )
        measured = f"{rows[-1]['median']:.4g} {unit}, {rows[-1]['ratio']:.2f} times {baseline}"
        print(f"  {group}, {case}, {route}: {measured}", flush=True)
    return rows


def seconds(measured: Mapping[str, Sequence[Printed]]) -> dict[str, list[float]]:
    """Take the median of the seconds that a worker printed in each round."""
    return {
        name: [statistics.median(printed["seconds"]) for printed in each]
        for name, each in measured.items()
    }


def peaks(measured: Mapping[str, Sequence[Printed]]) -> dict[str, list[float]]:
    """Take the peak of memory that a worker printed in each round."""
    return {name: [printed["MB"][0] for printed in each] for name, each in measured.items()}
