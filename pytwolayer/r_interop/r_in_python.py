"""Run a script of R in an R inside this process: ``python -m pytwolayer.r_interop.r_in_python``.

It is a process of its own because R, once inside Python, cannot be shut down cleanly with
every version of reticulate.
"""

import os
import sys
import traceback
from pathlib import Path

# R's stack check is off inside Python unless a limit is set; deep recursion then kills.
_STACK = 6_000_000


def main(script: Path, arguments: list[str]) -> None:
    """Source ``script`` with ``arguments`` as its ``commandArgs(TRUE)``."""
    import rpy2.rinterface

    import pytwolayer  # noqa: F401 - first, so that the R package uses this very core

    rpy2.rinterface.initr(_c_stack_limit=_STACK)
    import rpy2.robjects

    give = rpy2.robjects.r("function(values) function(...) values")
    rpy2.robjects.globalenv["commandArgs"] = give(rpy2.robjects.StrVector(arguments))
    rpy2.robjects.r["source"](str(script))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
        status = 0
    except Exception:  # noqa: BLE001 - reported here, since the interpreter is not shut down
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # R's own shut-down can hang or crash
