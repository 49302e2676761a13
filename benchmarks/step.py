"""A step against its own matrix products, and how its cost grows; the products are the floor."""

import sys

from _routes import WORKERS, Row, alternate, rows_of, seconds

PRODUCTS = "matrix products alone"
# case -> rows of a step, columns, hidden units, outputs
CASES = {
    "chapter, 64x1000, 100 hidden": ("chapter", 64, 1000, 100, 10),
    "150x4, 10 hidden, numbers": ("full", 150, 4, 10, 1),
    "150x4, 10 hidden, 3 classes": ("full", 150, 4, 10, 3),
    "100,000x50, batch 256, 64 hidden": ("batch", 256, 50, 64, 1),
}
_ROWS = (32, 128, 512, 2048, 8192, 32768)
_COLUMNS = (2, 8, 32, 128, 512, 2048)
_UNITS = (4, 16, 64, 256, 1024)
SCALING = {
    "rows": [("full", rows, 20, 64, 1) for rows in _ROWS],
    "columns": [("full", 256, columns, 64, 1) for columns in _COLUMNS],
    "hidden units": [("full", 256, 20, units, 1) for units in _UNITS],
}


def rows(rounds: int, threads: int) -> list[Row]:
    """Measure."""
    found: list[Row] = []
    for case, sizes in CASES.items():
        found += _measured("step", case, sizes, rounds, threads)
    for what, series in SCALING.items():
        place = {"rows": 1, "columns": 2, "hidden units": 3}[what]
        for sizes in series:
            found += _measured("scaling", f"{what} {sizes[place]}", sizes, 1, threads)
    return found


def _measured(
    group: str, case: str, sizes: tuple[str, int, int, int, int], rounds: int, threads: int
) -> list[Row]:
    words = [str(size) for size in sizes]
    command = [sys.executable, str(WORKERS / "step.py"), *words]
    routes = {"ours": [*command, "ours"], PRODUCTS: [*command, "products"]}
    if sizes[0] == "batch":
        routes["gathering a batch"] = [*command, "gather"]
    measured = alternate(routes, rounds, threads)
    values = {name: [1e6 * own for own in each] for name, each in seconds(measured).items()}
    return rows_of(group, case, "us", values, PRODUCTS)
