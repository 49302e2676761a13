"""All measurements of speed and memory, in one table: ``docs/speed.csv``, and its page.

    python benchmarks/speed.py [--only GROUP[,GROUP]] [--threads N] [--rounds N] [--note TEXT]

Groups that are measured anew take the place of those in the table; the others stay.
"""

import argparse
import importlib.util
import platform
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from _speed_page import PAGE, TABLE, write_page
from _speed_plots import write_plots

# Modules, in the order of the table.
GROUPS = (
    "chapter",
    "equal_work",
    "many_levels",
    "step",
    "ensemble",
    "threads",
    "bridge",
    "starting",
)
_ROUNDS = 7  # of every comparison
# What a group's rows are called in the table, where it is not the module's name.
KINDS = {
    "equal_work": ["equal work", "equal loss", "memory"],
    "many_levels": ["many levels"],
    "step": ["step", "scaling"],
}


def main() -> None:
    """Measure, and write table, plots and page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(GROUPS), help="groups, with commas between")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--note", help="what else the machine did meanwhile, for the tables")
    given = parser.parse_args()
    names = given.only.split(",")
    known = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame()
    for name in names:
        if importlib.util.find_spec(name) is None:
            parser.error(f"there is no group {name}: there are {', '.join(GROUPS)}")
        print(f"== {name}, {given.threads} threads", flush=True)
        found = importlib.import_module(name).rows(given.rounds, given.threads)
        where = {"threads": given.threads, "machine": machine(given.note)}
        known = replaced(known, pd.DataFrame(found).assign(**where), name)
        known.to_csv(TABLE, index=False, float_format="%.6g")
    write_plots(pd.read_csv(TABLE))
    write_page(pd.read_csv(TABLE))
    print(f"written: {TABLE}, {PAGE}")


def replaced(known: pd.DataFrame, found: pd.DataFrame, name: str) -> pd.DataFrame:
    """Replace the rows of the same group and number of threads."""
    if not len(known):
        return found
    kinds = KINDS.get(name, [name])
    threads = set(found["threads"])
    old = known["group"].isin(kinds) & known["threads"].isin(threads)
    table = pd.concat([known[~old], found], ignore_index=True)
    order = [kind for each in GROUPS for kind in KINDS.get(each, [each])]
    return table.sort_values(
        ["group", "threads"],
        key=lambda c: c.map(order.index) if c.name == "group" else c,
        kind="stable",
    ).reset_index(drop=True)


def machine(note: str | None = None) -> str:
    """Describe the machine and the versions that were measured."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), "?")
    processors = sum(line.startswith("processor") for line in lines)
    names = ("torch", "numpy", "scikit-learn")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    found = f"{model}, {processors} processors, Python {platform.python_version()}, {versions}"
    return f"{found}, {note}" if note else found


if __name__ == "__main__":
    main()
