"""A text column of many levels and a few numbers: an epoch, the whole fit, and its memory.

scikit-learn gets the levels as a sparse matrix of zeros and ones, PyTorch as an embedding; all
update every weight in each step.
"""

import statistics
import sys

from _routes import WORKERS, Row, alternate, peaks, rows_of, seconds

OURS = "ours, Python"
# case -> rows, levels, hidden units, batch, epochs, calls of a worker
CASES = {
    "45,000 rows, 2,000 levels": (45_000, 2_000, 64, 256, 4, 2),
    "45,000 rows, 20,000 levels": (45_000, 20_000, 64, 256, 2, 1),
    "180,000 rows, 20,000 levels": (180_000, 20_000, 64, 256, 2, 1),
}
PEERS = {OURS: "ours", "scikit-learn, sparse": "sklearn", "PyTorch, embedding": "embedding"}
_SAME_LOSS = 0.35  # of the largest and the smallest loss of a case: seeds and orders differ


def rows(rounds: int, threads: int, cases: dict[str, tuple[int, ...]] = CASES) -> list[Row]:
    """Measure."""
    found: list[Row] = []
    for case, sizes in cases.items():
        script, words = str(WORKERS / "many_levels.py"), [str(size) for size in sizes]
        commands = {name: [sys.executable, script, way, *words] for name, way in PEERS.items()}
        measured = alternate(commands, rounds, threads)
        losses = {name: each[0]["loss"][0] for name, each in measured.items()}
        if max(losses.values()) > (1 + _SAME_LOSS) * min(losses.values()):
            raise RuntimeError(f"the work is not equal in {case}: losses {losses}")
        epochs = {
            name: [statistics.median(printed["epoch"]) for printed in each]
            for name, each in measured.items()
        }
        whole = f"{case}, {1 + sizes[4]} epochs from the call"
        found += rows_of("many levels", f"{case}, an epoch", "s", epochs, OURS)
        found += rows_of("many levels", whole, "s", seconds(measured), OURS)
        found += rows_of("many levels", f"{case}: peak of memory", "MB", peaks(measured), OURS)
    return found
