"""The chapter's 500 steps by every route; start-up is not counted."""

import sys

from _routes import WORKERS, Row, alternate, rows_of, seconds

from pytwolayer.r_interop.r_process import rscript

OURS = "ours, Python"


def rows(rounds: int, threads: int) -> list[Row]:
    """Measure."""
    script, loop = str(WORKERS / "chapter_call.py"), str(WORKERS / "chapter_loop.R")
    native = str(WORKERS / "chapter_native.R")
    commands = {
        OURS: [sys.executable, script, "ours", "9"],
        "ours, R": [rscript(), str(WORKERS / "chapter_call.R"), "9"],
        "PyTorch, plain loop": [sys.executable, script, "loop", "5"],
        "keras on PyTorch": [sys.executable, script, "keras", "2"],
        "R steps PyTorch, pytwolayer loaded": [rscript(), loop, "1", "pytwolayer"],
        "R steps PyTorch, reticulate alone": [rscript(), loop, "1"],
        "torch for R": [rscript(), native, "torch"],
        "luz": [rscript(), native, "luz"],
    }
    measured = alternate(commands, rounds, threads)
    return rows_of("chapter", "500 steps", "s", seconds(measured), OURS)
