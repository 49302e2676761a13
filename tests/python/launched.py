"""Running a script in several processes, under torchrun as a user would, or with less effort."""

import json
import os
import subprocess
import sys

from loaded_python import HANGS, ROOT, as_launched, can_fork, run_loaded

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
    script, told = _script(folder, code, size)
    done = run_torchrun(size, *options, str(script), str(told), **environment)
    assert done.returncode == 0, done.stderr
    return _told(told)


def launch_loaded(folder, code, size):
    """Do so without torchrun, in processes in which PyTorch is loaded.

    They have what launchers have in the environment, and meet at the first of them.
    """
    if not can_fork:
        return launch(folder, code, size)
    script, told = _script(folder, code, size)
    environments = [launched_environment(**each) for each in as_launched(size)]
    code = script.read_text(encoding="utf-8")
    for done in run_loaded(code, str(told), environments=environments, name=str(script)):
        assert done.returncode == 0, done.stderr
    return _told(told)


def _script(folder, code, size):
    script, told = folder / "script.py", folder / f"told-{size}"
    script.write_text(START + code, encoding="utf-8")
    return script, told


def _told(told):
    return dict(map(json.loads, told.read_text(encoding="utf-8").splitlines()))
