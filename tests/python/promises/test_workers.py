"""Any number of workers gives the bits of one, whatever is trained."""

import itertools
import pickle
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from launched import launched_environment
from loaded_python import as_launched, can_fork, run_loaded
from worker_losses import Dies

import pytwolayer.fitting.train_in_workers
import pytwolayer.fitting.two_layer
from pytwolayer import two_layer
from pytwolayer.launching.job_file import Job
from pytwolayer.launching.run import run_workers

DRAW = np.random.default_rng(11)
X = pd.DataFrame(DRAW.normal(size=(157, 3)), columns=list("abc"))
MIXED = X.assign(text=DRAW.choice(list("uvw"), 157))
LEVELS = X.assign(text=[f"level {number}" for number in DRAW.integers(0, 300, 157)])
Y = X["a"].to_numpy() - np.abs(X["b"].to_numpy())
COUNTS = np.round(np.exp(Y / 2 + 1))
CLASSES = np.where(Y > 0.3, "high", np.where(Y < -1, "low", "middle"))
KINDS = {
    "usual": {},
    "validation": {"validation": 0.2, "patience": 2},
    "dropout": {"dropout": 0.3},
    "classes": {"x": MIXED, "y": CLASSES, "validation": 0.2},
    "weights": {"sample_weight": np.arange(157) % 5 + 0.5},
    "sum": {"reduction": "sum", "learning_rate": 1e-4},
    "lbfgs": {"optimizer": "lbfgs", "batch_size": None},
    "all rows at once": {"batch_size": None},
    "clipped": {"optimizer": "sgd", "momentum": 0.9, "gradient_clip": 0.1},
    "plateau": {"optimizer": "adamw", "schedule": "plateau"},
    "normal": {"loss": "normal"},
    "quantile": {"loss": "quantile"},
    "counts": {"y": COUNTS, "loss": "negative_binomial"},
    "many levels": {"x": LEVELS},
    "pieces": {"encoding": "piecewise", "pieces": 4},
    "own loss": {"loss": Dies(9, 10**9, None)},
    "two outcomes": {"y": np.column_stack([Y, Y**2])},
    "small batches": {"batch_size": 5},
}
NUMBERS = (2, 4, 8)
# Started as a fit starts them; two are so in other tests, and the others are forked, quickly.
STARTED = 4


def arguments(kind):
    usual = {"x": X, "y": Y, "epochs": 3, "batch_size": 32, "hidden_units": 6, "seed": 1}
    return {**usual, "weight_decay": 0.1, "shards": 8, "verbose": False, **KINDS[kind]}


class CapturedError(Exception):
    """A task that was about to be given to workers."""


class Listener:
    stops = False

    def __init__(self):
        self.kept = []

    def epoch(self, epoch, loss):
        pass

    def keep(self, value):
        self.kept.append(value)


# What each forked worker does; the first leaves what it would have sent.
FORKED = """
import pickle, sys
from pathlib import Path
from types import SimpleNamespace
from many_tasks import work
from pytwolayer.runtime.interrupt import Interrupt

kept = []
channel = SimpleNamespace(restarts=0, interrupt=Interrupt(), keep=kept.append)
work(pickle.loads(Path(sys.argv[1]).read_bytes()), channel)
if kept:
    Path(sys.argv[2]).write_bytes(pickle.dumps(kept))
"""


def train(tasks, workers, folder):
    """Run the tasks in so many workers; give what each leaves."""
    if workers == STARTED or not can_fork:
        listener = Listener()
        run_workers(Job("many_tasks", tasks, workers), folder, listener)
        return listener.kept
    (given := folder / "tasks").write_bytes(pickle.dumps(tasks))
    left = folder / "left"
    environments = [launched_environment(**each) for each in as_launched(workers)]
    for done in run_loaded(FORKED, str(given), str(left), environments=environments):
        assert done.returncode == 0, done.stderr
    return pickle.loads(left.read_bytes())


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What workers, by their number, leave of each kind of fit."""
    folder, number = tmp_path_factory.mktemp("tasks"), itertools.count()

    @contextmanager
    def stays(workers):
        path = folder / str(next(number))
        path.mkdir()
        yield path

    def capture(job, scratch, listener):
        raise CapturedError(job.content)

    found = {}
    with pytest.MonkeyPatch.context() as patch, pytest.MonkeyPatch.context() as other:
        patch.setattr(pytwolayer.fitting.two_layer, "scratch_for", stays)
        other.setattr(pytwolayer.fitting.train_in_workers, "run_workers", capture)
        for workers in NUMBERS:
            tasks = []
            for kind in KINDS:
                with pytest.raises(CapturedError) as caught:
                    two_layer(**arguments(kind), workers=workers)
                tasks.append(caught.value.args[0])
            with stays(workers) as place:
                kept = train(tasks, workers, place)
            found[workers] = dict(zip(KINDS, kept, strict=True))
    return found


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.PytwolayerWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_workers_gives_the_bits_of_one(kind, results):
    alone = two_layer(**arguments(kind))
    several = [results[workers][kind] for workers in NUMBERS]
    for each in several:
        assert each.run.losses == alone.history["loss"].tolist()
        if "valid_loss" in alone.history:
            assert each.run.valid_losses == alone.history["valid_loss"].tolist()
        assert each.run.best_epoch == alone.best_epoch
        assert each.values.tolist() == several[0].values.tolist()
    own = np.sort(np.concatenate([p.detach().numpy().ravel() for p in alone.network.parameters()]))
    theirs = np.sort(several[0].values.numpy())
    assert np.isin(own, theirs).all()  # which lie in another order there
