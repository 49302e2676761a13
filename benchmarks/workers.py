"""Measure what several processes gain, and predict what more of them would.

    python benchmarks/workers.py                     # all parts, as tables for the page
    python benchmarks/workers.py --rounds 3
    python benchmarks/workers.py --latency 50e-6 --bandwidth 1.25e9   # of a network to predict for
    python benchmarks/workers.py --rate 1gbit        # also between two hosts with such a network

Fits of 131,072 rows of 100 inputs, with 256 hidden units: one process with one shard, one with two
and with eight, and two processes with two and with eight; each process has one thread. All live
through the whole measurement, and take turns; a step's time is that of an epoch over its number of
steps, and ratios are within a round: medians and ranges of these are printed.

The model: a step takes ``fixed + row * rows / N + (N - 1) * (latency + bytes / bandwidth + add)``,
as gloo passes vectors round a ring. Fixed and row are fitted to one process's steps over all
batches, latency and bandwidth to gathering vectors of 1,000 to 1,000,000 numbers; so what it says
about two processes' steps is a prediction, which is compared with what was measured.

``--rate`` makes two hosts of network namespaces, with a limit (``tc``) on what passes, and compares
what is measured there with what the model says from gathering there.

As root the processes get a priority of real time, so that other work disturbs them less.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _routes import WORKERS, environment

ROOT = Path(__file__).resolve().parents[1]
BATCHES = (512, 2048, 8192, 32768)
VECTORS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
WEIGHTS = 256 * 100 + 256 + 256 + 1
ROUTES = {
    "one": (1, 1),
    "one, 2 shards": (1, 2),
    "one, 8 shards": (1, 8),
    "two": (2, 2),
    "two, 8 shards": (2, 8),
}


class Processes:
    """Processes of one group, which do what they are asked."""

    def __init__(self, size: int, hosts: Sequence[Any] = ()) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        first = hosts[0].address if hosts else "127.0.0.1"
        group = {"WORLD_SIZE": str(size), "MASTER_ADDR": first, "MASTER_PORT": str(port)}
        variables = environment(1) | group | {"PYTHONPATH": str(ROOT)}
        urgent = ["chrt", "--rr", "10"] if os.geteuid() == 0 else []
        self._all = [
            subprocess.Popen(
                [*where(hosts, rank), *urgent, sys.executable, str(WORKERS / "workers.py")],
                env=variables | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for rank in range(size)
        ]

    def ask(self, **what: Any) -> float:
        """Have all do it, and return the answer of the first."""
        for process in self._all:
            assert process.stdin is not None
            process.stdin.write(json.dumps(what) + "\n")
            process.stdin.flush()
        first = self._all[0].stdout
        assert first is not None
        return float(json.loads(first.readline()))

    def end(self) -> None:
        """Let them end."""
        for process in self._all:
            process.communicate()


def where(hosts: Sequence[Any], rank: int) -> list[str]:
    """Return what a command begins with that runs on one of the hosts."""
    return hosts[rank].enter() if hosts else []


@dataclass(frozen=True)
class Model:
    """What a step costs, in seconds."""

    fixed: float
    row: float
    add: float
    latency: float
    number: float  # seconds for a number of 4 bytes

    def step(self, batch: int, processes: int, *, latency: float, number: float) -> float:
        """Predict a step on so many processes, on a network."""
        passed = (processes - 1) * (latency + WEIGHTS * number + self.add)
        return self.fixed + self.row * batch / processes + passed


def line_through(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Fit ``y = a + b x``, with neither below 0, to the least relative deviations."""
    design = np.column_stack([np.ones(len(x)), x]) / np.asarray(y)[:, None]
    for kept in ([0, 1], [1], [0]):
        found = np.zeros(2)
        found[kept] = np.linalg.lstsq(design[:, kept], np.ones(len(y)), rcond=None)[0]
        if (found >= 0).all():
            break
    return float(found[0]), float(found[1])


def measure_steps(one: Processes, two: Processes, rounds: int) -> dict[int, dict[str, list[float]]]:
    """Return the seconds of a step of each route, round by round, for each batch."""
    taken: dict[int, dict[str, list[float]]] = {
        batch: {name: [] for name in ROUTES} for batch in BATCHES
    }
    for _ in range(rounds):
        for batch in BATCHES:
            for name, (size, shards) in ROUTES.items():
                group = one if size == 1 else two
                taken[batch][name].append(
                    group.ask(do="step", batch=batch, shards=shards, epochs=4)
                )
    return taken


def measure_gathering(two: Processes, rounds: int) -> dict[int, list[float]]:
    """Return the seconds of gathering two vectors, round by round, for each length."""
    taken: dict[int, list[float]] = {numbers: [] for numbers in VECTORS}
    for _ in range(rounds):
        for numbers in VECTORS:
            times = 200 if numbers <= 100_000 else 20
            taken[numbers].append(two.ask(do="gather", numbers=numbers, times=times))
    return taken


def measure_network(rate: str, batches: Sequence[int], rounds: int) -> tuple[Any, Any]:
    """Measure both between two hosts whose network passes so much, such as "1gbit", each way."""
    sys.path.insert(0, str(ROOT / "tests" / "python"))
    from two_hosts import two_hosts

    limit = f"tc qdisc add dev eth0 root tbf rate {rate} burst 64kb latency 100ms"
    with tempfile.TemporaryDirectory() as folder, two_hosts(Path(folder)) as hosts:
        for host in hosts:
            if (done := host.run(limit.split())).returncode:
                raise RuntimeError(done.stderr)
        two = Processes(2, hosts)
        gathered = measure_gathering(two, rounds)
        taken: dict[int, list[float]] = {batch: [] for batch in batches}
        for _ in range(rounds):
            for batch in batches:
                taken[batch].append(two.ask(do="step", batch=batch, shards=2, epochs=4))
        two.end()
    return gathered, taken


def range_of(values: Sequence[float], scale: float, digits: int) -> str:
    """Write the median and the range."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle * scale:.{digits}f} ({low * scale:.{digits}f} to {high * scale:.{digits}f})"


def print_steps(taken: dict[int, dict[str, list[float]]], model: Model) -> None:
    """Print milliseconds, ratios within rounds, and the model's ratio."""
    print("| global batch | usual fit, ms | shards | one process, ms | two, ms | ", end="")
    print("two / one | two / usual | model |\n|---|---|---|---|---|---|---|---|")
    for batch, routes in taken.items():
        said = [model.step(batch, n, latency=model.latency, number=model.number) for n in (1, 2)]
        usual = routes["one"]
        for shards in (2, 8):
            two = routes["two" if shards == 2 else "two, 8 shards"]
            one = routes[f"one, {shards} shards"]
            middle = [f"{statistics.median(each) * 1e3:.2f}" for each in (one, two)]
            ratios = [
                range_of([a / b for a, b in zip(two, under, strict=True)], 1, 2)
                for under in (one, usual)
            ]
            own = f"{statistics.median(usual) * 1e3:.2f}"
            cells = [f"{batch:,}", own, str(shards), *middle, *ratios]
            print(f"| {' | '.join(cells)} | {said[1] / said[0]:.2f} |")


def print_prediction(model: Model, latency: float, bandwidth: float) -> None:
    """Print how many times as quick N processes are as one."""
    sizes = (2, 4, 8, 16, 32, 64)
    network = f"latency {latency * 1e6:.0f} us, bandwidth {bandwidth / 1e9:.3g} GB/s"
    print(f"\n{network}: times as quick as one")
    print(f"| global batch | {' | '.join(f'{n} processes' for n in sizes)} |")
    print(f"|---|{'---|' * len(sizes)}")
    for batch in (*BATCHES, 131_072):
        alone = model.step(batch, 1, latency=0, number=0)
        gains = [alone / model.step(batch, n, latency=latency, number=4 / bandwidth) for n in sizes]
        print(f"| {batch:,} | {' | '.join(f'{gain:.1f}' for gain in gains)} |")


def print_gathering(gathered: dict[int, list[float]], latency: float, number: float) -> None:
    """Print milliseconds, and those of the line through them."""
    print("| numbers of a vector | gathering two of them, ms | model |\n|---|---|---|")
    for numbers, seconds in gathered.items():
        said = (latency + number * numbers) * 1e3
        print(f"| {numbers:,} | {range_of(seconds, 1e3, 2)} | {said:.2f} |")


def compare_network(
    model: Model, gathered: dict[int, list[float]], taken: dict[int, list[float]]
) -> None:
    """Print what was measured on a network, and what the model says from gathering there."""
    latency, number = fit_gathering(gathered)
    print_gathering(gathered, latency, number)
    print("\n| global batch | two processes, ms | model |\n|---|---|---|")
    for batch, seconds in taken.items():
        said = model.step(batch, 2, latency=latency, number=number) * 1e3
        print(f"| {batch:,} | {range_of(seconds, 1e3, 2)} | {said:.2f} |")


def fit_gathering(gathered: dict[int, list[float]]) -> tuple[float, float]:
    """Return seconds for a vector, and for each number of it."""
    return line_through(VECTORS, [statistics.median(gathered[each]) for each in VECTORS])


def main() -> None:
    """Measure, fit the model, predict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--latency", type=float, default=50e-6, help="of a network, in seconds")
    parser.add_argument("--bandwidth", type=float, default=1.25e9, help="in bytes a second")
    parser.add_argument(
        "--rate", metavar="RATE", help="also between two hosts with such a network: 1gbit"
    )
    options = parser.parse_args()
    one, two = Processes(1), Processes(2)
    gathered = measure_gathering(two, options.rounds)
    taken = measure_steps(one, two, options.rounds)
    middle = [statistics.median(taken[batch]["one"]) for batch in BATCHES]
    latency, number = fit_gathering(gathered)
    add = one.ask(do="add", numbers=WEIGHTS, times=1000)
    model = Model(*line_through(BATCHES, middle), add, latency, number)
    for group in (one, two):
        group.end()
    print_gathering(gathered, latency, number)
    print()
    print_steps(taken, model)
    print(f"\nfixed {model.fixed * 1e3:.3f} ms, row {model.row * 1e6:.3f} us,", end=" ")
    print(f"add {model.add * 1e6:.1f} us, latency {model.latency * 1e6:.0f} us,", end=" ")
    print(f"bandwidth {4 / model.number / 1e9:.2f} GB/s")
    print_prediction(model, options.latency, options.bandwidth)
    if options.rate:
        print(f"\nbetween two hosts with {options.rate} each way")
        compare_network(model, *measure_network(options.rate, BATCHES, options.rounds))


if __name__ == "__main__":
    main()
