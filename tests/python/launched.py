"""Running a script under torchrun, as a user would."""

import json
import os
import subprocess
import sys

from conftest import HANGS, ROOT

# What each script begins with: `tell()` is for what the test is to see of the first process.
START = """
import json, os, sys
import numpy as np
from pytwolayer import WorkerError
from pytwolayer.distributed import train_worker
from launched_samples import *

rank = int(os.environ["RANK"])
def tell(name, value):
    if rank == 0:
        with open(sys.argv[1], "a") as file:
            file.write(json.dumps([name, value]) + "\\n")
"""


def launched_environment(**more):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "python")])
    return os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | more


def run_torchrun(size, *words, **environment):
    """Run torchrun with so many processes to its end."""
    agent = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    return subprocess.run(
        [*agent, str(size), *words],
        env=launched_environment(**environment),
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )


def launch(folder, code, size, *options, **environment):
    """Run the code in so many processes; give what it told, by name."""
    script, told = folder / "script.py", folder / f"told-{size}"
    script.write_text(START + code, encoding="utf-8")
    done = run_torchrun(size, *options, str(script), str(told), **environment)
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, told.read_text(encoding="utf-8").splitlines()))
