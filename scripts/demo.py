"""The demonstration: the chapter by every route, then a real data frame in both languages."""

import sys
from pathlib import Path

import pandas as pd

from pytwolayer import chapter_losses, plot_history, two_layer
from pytwolayer.files.atomic_write import write_csv
from pytwolayer.r_interop.r_process import run_r, run_r_in_python
from pytwolayer.r_interop.verify import agree, report, take_routes
from pytwolayer.reports.html_table import write_html

FOLDER = Path("demo")


def main() -> int:
    """Run the demonstration; give the exit status."""
    FOLDER.mkdir(exist_ok=True)
    print("The chapter's losses in Python, in R and in R inside Python ...\n", flush=True)
    routes = take_routes()
    print(report(routes))
    write_outputs()
    same = mtcars_agrees()
    return 0 if agree(routes) and same else 1


def write_outputs() -> None:
    """Write the chapter's losses in the three forms."""
    losses = chapter_losses()
    print("\nThe losses are in")
    for text, name, write in (
        ("CSV", "chapter_losses.csv", write_csv),
        ("a plot", "chapter_losses.png", plot_history),
        ("a page to browse", "chapter_losses.html", write_html),
    ):
        write(losses, FOLDER / name)
        print(f"  {FOLDER / name!s:<28} {text}")


def mtcars_agrees() -> bool:
    """Fit R's mtcars in both languages and compare history and predictions."""
    print("\nmtcars: miles per gallon from the other ten columns. In R:\n", flush=True)
    data, from_r, inside = (FOLDER / name for name in ("mtcars.csv", "r.txt", "r_in_python.txt"))
    script = Path("scripts/mtcars.R")
    print(run_r(script, str(data), str(from_r)))
    cars = pd.read_csv(data, dtype=str).astype(float)
    fit = two_layer(cars, outcome="mpg", seed=1)
    print(f"In Python:\n\n{fit}\n")
    run_r_in_python(script, str(data), str(inside))
    ours = {"history": fit.history["loss"].tolist(), "predictions": fit.predict(cars).tolist()}
    return all([compare("R", from_r, ours), compare("R inside Python", inside, ours)])


def compare(route: str, file: Path, ours: dict[str, list[float]]) -> bool:
    """Print and tell whether a route's numbers are Python's, bit for bit."""
    equal = True
    for line in file.read_text().splitlines():
        name, *values = line.split("\t")
        theirs = [float.fromhex(value) for value in values]
        same = sum(a == b for a, b in zip(ours[name], theirs, strict=False))
        equal = equal and same == len(ours[name]) == len(theirs)
        print(f"  {route:<16} {name:<12} {same} of {len(ours[name])} equal to Python's bits")
    file.unlink()
    return equal


if __name__ == "__main__":
    sys.exit(main())
