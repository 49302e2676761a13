"""train_worker() under torchrun gives the same bits on any number of processes, and one error."""

import json
import subprocess
import sys

import pytest
from launched import START, launch, launch_loaded, run_torchrun
from launched_samples import CASES, config, digest, rows

from pytwolayer import ArgumentError, two_layer
from pytwolayer.distributed import train_worker

FITS = """
for name in (CASES if os.environ["WORLD_SIZE"] == "2" else ("plain", "held out")):
    fit = train_worker(config(**CASES[name]))
    assert (fit is None) == (rank != 0)
    tell(name, fit and digest(fit))
"""


@pytest.fixture(scope="module")
def alone():
    return {name: digest(two_layer(**config(**more))) for name, more in CASES.items()}


def test_two_processes_change_no_bit(alone, tmp_path):
    assert launch(tmp_path, FITS, 2) == alone


def test_four_processes_change_no_bit(alone, tmp_path):
    told = launch_loaded(tmp_path, FITS, 4)
    assert told == {name: alone[name] for name in ("plain", "held out")}


def test_without_a_launcher_it_is_a_fit_in_this_process(alone):
    assert digest(train_worker(config())) == alone["plain"]


ERRORS = """
def failure(**more):
    try:
        train_worker(config(**more))
    except Exception as problem:
        return type(problem).__name__, str(problem)

tell("seed", failure(seed=rank + 1))
tell("loss", failure(loss=failing))
tell("loss of one", failure(loss=failing if rank == 1 else absolute))
tell("shards", failure(shards=3))
tell("workers", failure(workers=2))
tell("fit", digest(train_worker(config())) if rank == 0 else train_worker(config()))
"""


def test_each_fault_is_one_error_of_the_first_process_and_the_next_fit_goes_well(alone, tmp_path):
    told = launch(tmp_path, ERRORS, 2)
    assert told["fit"] == alone["plain"]
    kind, text = told["seed"]
    assert (kind, text.split(" on ")[0]) == ("WorkerError", "Worker 1")
    assert "was given 2 as `seed`, where worker 0 on" in text
    assert told["loss"] == ["ZeroDivisionError", "a function of the user's"]
    assert told["loss of one"] == told["loss"]
    expected = "`shards` must be a multiple of the number of processes, which is 2, not 3."
    assert told["shards"] == ["ArgumentError", expected]
    expected = "`workers` must be 1 where a launcher has started the processes, not 2."
    assert told["workers"] == ["ArgumentError", expected]


KILLED = """
def on_epoch(epoch, loss):
    if epoch == 4 and not os.path.exists("killed"):
        open("killed", "w").close()
        os.kill(os.getpid(), 9)

fit = train_worker(config(epochs=6, checkpoint="run", checkpoint_every=1, on_epoch=on_epoch))
tell("fit", fit and digest(fit))
"""


def test_a_killed_process_is_started_anew_and_the_run_ends_with_the_same_bits(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    told = launch(tmp_path, KILLED, 2, "--max-restarts", "2", "--monitor-interval", "0.1")
    assert told["fit"] == digest(two_layer(**config(epochs=6)))
    assert (tmp_path / "killed").exists()


REPEATED = """
with open(f"attempts-{rank}", "a") as file:
    file.write("x")
try:
    train_worker(config(loss=failing))
except WorkerError as problem:
    tell("again", str(problem))  # at the second attempt, which ends it without a fault
    sys.exit()
"""


def test_what_has_failed_for_a_reason_is_not_tried_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = launch(tmp_path, REPEATED, 2, "--max-restarts", "3", "--monitor-interval", "0.1")
    said = "do not try again what has failed: ZeroDivisionError: a function of the user's."
    assert told["again"].endswith(said)
    assert (tmp_path / "attempts-0").read_text() == "xx"


ENDED = """
import os, signal

def lost(output, outcome):
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return (output - outcome).abs()

train_worker(config(loss=lost))
"""


def test_a_first_process_that_the_launcher_ends_says_so_in_one_line(tmp_path):
    (script := tmp_path / "script.py").write_text(START + ENDED, encoding="utf-8")
    done = run_torchrun(2, "--monitor-interval", "0.1", str(script), str(tmp_path / "told"))
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("pytwolayer: ")]
    assert line.endswith(", as where another one has died, which its own report names.")
    assert "rank      : 1" in done.stderr  # in torchrun's own report


COMMAND = """
import os, sys, time
import pytwolayer.cli.fit
from pytwolayer.cli.main import main

def read(*given, read=pytwolayer.cli.fit._read):
    time.sleep(0 if os.environ["RANK"] == "1" else 6)
    return read(*given)

pytwolayer.cli.fit._read = read
sys.exit(main(sys.argv[1:]))
"""


def test_what_the_command_fails_for_is_said_once_also_where_another_process_finds_it_first(
    tmp_path,
):
    rows().to_csv(data := tmp_path / "rows.csv", index=False)
    (script := tmp_path / "script.py").write_text(COMMAND, encoding="utf-8")
    options = ["fit", str(data), "--outcome", "wrong", "--shards", "2"]
    done = run_torchrun(2, str(script), *options)
    assert done.returncode == 1
    assert done.stdout == ""
    ours = [line for line in done.stderr.splitlines() if "pytwolayer: " in line]
    there = '(its columns are "a", "b", "c", "kind", "y")'
    expected = f'`outcome` must be names of columns of `data`, not "wrong" {there}.'
    assert ours == [f"pytwolayer: {expected}"]
    tracebacks = done.stderr.split("Traceback (most recent call last)")
    assert len(tracebacks) == 2  # torchrun's own
    assert "/pytwolayer/" not in tracebacks[1]


def test_the_command_prints_and_predicts_for_all_rows_also_where_processes_divide_them(tmp_path):
    pytest.importorskip("pyarrow")
    (folder := tmp_path / "rows").mkdir()
    for part in (1, 2):
        rows(5_000, seed=part).to_parquet(folder / f"{part}.parquet", row_group_size=2_500)

    def command(name):
        options = {"outcome": "y", "epochs": 1, "batch-size": 5_000, "shards": 2, "seed": 1}
        options |= {"weight-decay": 0, "predictions": tmp_path / name}
        words = [f"--{option}={value}" for option, value in options.items()]
        return ["-m", "pytwolayer", "fit", str(folder), *words]

    alone = subprocess.run(
        [sys.executable, *command("one.csv")], capture_output=True, text=True, check=True
    )
    done = run_torchrun(2, *command("two.csv"), PYTWOLAYER_WORKER_SILENCE="60")
    assert (done.returncode, done.stdout) == (0, alone.stdout), done.stderr
    assert "10,000 rows" in done.stdout
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


THERE = """
import time
import torch.distributed as distributed

def hanging(output, outcome):
    time.sleep(rank * 10**6)

def failure(**more):
    try:
        train_worker(config(**more))
    except Exception as problem:
        return type(problem).__name__, str(problem)

distributed.init_process_group("gloo")
for turn in range(2):
    fit = train_worker(config())
    tell(f"fit {turn}", fit and digest(fit))
tell("loss of one", failure(loss=failing if rank == 1 else absolute))
tell("left", distributed.get_world_size())
os.environ["PYTWOLAYER_WORKER_SILENCE"] = "3"
tell("hangs", failure(loss=hanging if rank == 1 else absolute))
os._exit(1)  # so that torchrun ends the other one
"""


def test_in_a_process_group_that_is_there_it_names_who_is_behind_and_leaves_it(alone, tmp_path):
    script, told = tmp_path / "script.py", tmp_path / "told"
    script.write_text(START + THERE, encoding="utf-8")
    done = run_torchrun(2, str(script), str(told))
    assert told.exists(), done.stderr
    found = dict(map(json.loads, told.read_text(encoding="utf-8").splitlines()))
    assert found["fit 0"] == found["fit 1"] == alone["plain"]
    assert found["loss of one"] == ["ZeroDivisionError", "a function of the user's"]
    assert found["left"] == 2
    kind, text = found["hangs"]
    assert (kind, text.split(" on ")[0]) == ("WorkerError", "Worker 1"), text
    assert "did not go on for 3 seconds." in text


def test_seconds_have_to_be_numbers(monkeypatch):
    monkeypatch.setenv("PYTWOLAYER_WORKER_START", "soon")
    with pytest.raises(ArgumentError, match="PYTWOLAYER_WORKER_START"):
        train_worker(config())
