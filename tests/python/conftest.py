"""What several test files share."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loaded_python import HANGS, ROOT, can_fork, run_loaded

from pytwolayer import TwoLayer, chapter_losses, two_layer
from pytwolayer.runtime.torch_loading import torch

# One thread, so that the suite is as quick on a busy machine; a test that wants more says so.
torch.set_num_threads(1)


@pytest.fixture
def fresh_python():
    """Run lines of Python in a process of its own; give the finished process."""

    def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=os.environ | inherited | environment,
            capture_output=True,
            text=True,
            timeout=HANGS,
            check=False,
        )

    return run


@pytest.fixture
def loaded_python(fresh_python):
    """Do so in one in which PyTorch and the package are loaded, with one thread, which is quick."""

    def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        if not can_fork:
            return fresh_python(code, *arguments, **environment)
        return run_loaded(code, *arguments, environments=[environment])[0]

    return run


@pytest.fixture(scope="session")
def chapter_500() -> pd.DataFrame:
    """The chapter's 500 losses; tests must not change them."""
    return chapter_losses()


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """Forty rows of three numeric predictors that differ in size."""
    draws = np.random.default_rng(7).normal(size=(40, 3))
    return pd.DataFrame(draws * [1, 100, 0.01] + [0, 50, 3], columns=["a", "b", "c"])


@pytest.fixture(scope="session")
def outcome(frame: pd.DataFrame) -> pd.Series:
    """An outcome that depends on them."""
    return (frame["a"] + frame["b"] / 50 + 100 * (frame["c"] - 3) ** 2).rename("target")


@pytest.fixture(scope="session")
def fit(frame: pd.DataFrame, outcome: pd.Series) -> TwoLayer:
    """A small fit; tests must not change it."""
    return two_layer(
        frame,
        outcome,
        hidden_units=8,
        epochs=30,
        batch_size=None,
        learning_rate=0.01,
        schedule="constant",
        weight_decay=0.0,
        seed=3,
    )


@pytest.fixture
def memory_group():
    """Make a control group of so many bytes, which a process enters by its ``cgroup.procs``."""
    made = []

    def make(limit: int) -> Path:
        top = Path("/sys/fs/cgroup")
        for parent, file in ((top / "memory", "memory.limit_in_bytes"), (top, "memory.max")):
            folder = parent / f"pytwolayer-{os.getpid()}-{len(made)}"
            try:
                folder.mkdir()
                made.append(folder)
                (folder / file).write_text(str(limit))
            except OSError:
                continue
            return folder
        pytest.skip("no control group with a limit can be made here")

    yield make
    for folder in made:
        folder.rmdir()
