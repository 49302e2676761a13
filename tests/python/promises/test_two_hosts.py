"""Processes on two hosts, which the test makes of network namespaces."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from launched import launched_environment
from launched_samples import SETTINGS, config, digest, rows
from two_hosts import skip_unless_permitted, two_hosts

from pytwolayer import load, two_layer


@pytest.fixture
def hosts(tmp_path):
    skip_unless_permitted(tmp_path)
    with two_hosts(tmp_path) as both:
        yield both


def test_hosts_have_names_addresses_and_processes_of_their_own_and_leave_nothing(tmp_path):
    skip_unless_permitted(tmp_path)
    with two_hosts(tmp_path) as (first, second):
        assert first.run(["hostname"]).stdout == "first-host\n"
        asked = second.run(["getent", "hosts", "first-host"])
        assert asked.stdout.split() == [first.address, "first-host"]
        second.start(["sleep", "1000"])
        while list(second.running().values()) != ["sleep 1000"]:
            time.sleep(0.01)
        assert first.running() == {}
        (left,) = second.running()
    assert not Path(f"/proc/{left}").exists()
    assert not Path(f"/proc/{first.pid}").exists()


def fit_command(data, *options):
    settings = {**SETTINGS, "input_encoding": "linear"}
    del settings["encoding"], settings["verbose"]
    given = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    return ["-m", "pytwolayer", "fit", str(data), "--outcome", "y", *given, "--quiet", *options]


def start_command(hosts, data, *options, restarts=0, **environment):
    """Start the command on both hosts, as one does on machines."""
    agent = ["-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
    agent += ["--rdzv-backend", "c10d", "--rdzv-id", "run", "--rdzv-endpoint", "first-host:29500"]
    agent += ["--max-restarts", str(restarts), "--monitor-interval", "0.2"]
    command = fit_command(data, *options)
    variables = launched_environment(**environment)
    return [host.start([sys.executable, *agent, *command], **variables) for host in hosts]


def ends(started):
    """Give the lines of ours that each host printed, and the exit statuses."""
    said = [each.communicate(timeout=900)[1].splitlines() for each in started]
    ours = [[line for line in each if line.startswith("pytwolayer: ")] for each in said]
    return ours, [each.returncode for each in started]


def find_worker(host, checkpoints):
    """Wait for the first checkpoint; give the process that trains on this host."""
    while not list(checkpoints.glob("epoch-*")):
        time.sleep(0.02)
    fits = [pid for pid, line in host.running().items() if "pytwolayer fit" in line]
    return next(pid for pid in fits if "distributed.run" not in host.running()[pid])


def test_a_killed_process_of_another_host_changes_no_bit(hosts, tmp_path):
    rows().to_parquet(data := tmp_path / "rows.parquet")
    fit, run = tmp_path / "fit.safetensors", tmp_path / "run"
    options = ["--save", fit, "--checkpoint", run, "--checkpoint-every", "50", "--epochs", "600"]
    started = start_command(hosts, data, *map(str, options), restarts=2)
    os.kill(find_worker(hosts[1], run), signal.SIGKILL)
    said, statuses = ends(started)
    assert statuses == [0, 0]
    assert len(said[0]) == 1
    assert "Continuing after epoch" in said[0][0]
    assert said[1] == []
    assert digest(load(fit)) == digest(two_layer(**config(x=str(data), epochs=600)))
    assert [host.running() for host in hosts] == [{}, {}]


@pytest.mark.parametrize("fault", ["hangs", "is cut off"])
def test_a_process_that_hangs_or_is_cut_off_is_named_with_its_host(fault, hosts, tmp_path):
    rows().to_parquet(data := tmp_path / "rows.parquet")
    run, fit = tmp_path / "run", tmp_path / "fit.safetensors"
    options = ["--checkpoint", run, "--checkpoint-every", "50", "--epochs", "100000", "--save", fit]
    started = start_command(hosts, data, *map(str, options), PYTWOLAYER_WORKER_SILENCE="6")
    worker = find_worker(hosts[1], run)
    if fault == "hangs":
        os.kill(worker, signal.SIGSTOP)
    else:
        hosts[0].unplug()
    said, statuses = ends(started[:1])
    name = "Worker 1 on second-host"
    assert said == [[f"pytwolayer: {name} gave no sign of life, and was waited for 6 seconds."]]
    assert statuses == [1]
    assert 50 <= len(load(fit).history) < 100000
    while fault == "is cut off" and worker in hosts[1].running():  # which it notices by itself
        time.sleep(0.1)


def test_data_that_differ_from_host_to_host_are_one_error_that_names_the_host(hosts, tmp_path):
    for name, seed in (("first-host", 1), ("second-host", 2)):
        rows(seed=seed).to_parquet(tmp_path / f"{name}.parquet")
    started = [start_command([host], str(tmp_path / f"{host.name}.parquet"))[0] for host in hosts]
    said, _ = ends(started)
    what = "Worker 1 on second-host has different data from worker 0 on first-host."
    assert said == [[f"pytwolayer: {what}"], []]


def test_hosts_of_one_name_with_files_of_their_own_each_have_the_rows(hosts, tmp_path):
    # As two containers on one machine, or two machines that nobody has named.
    rows().to_csv(text := tmp_path / "rows.csv", index=False)
    (blocks := tmp_path / "rows").mkdir()
    for part in (1, 2):  # of which each host reads some: together they have several blocks
        rows(9_000, seed=part).to_parquet(blocks / f"{part}.parquet", row_group_size=2_000)
    fit, own = tmp_path / "fit.safetensors", tmp_path / "own"
    own.mkdir()
    for host in hosts:
        host.run(["hostname", "localhost"])
        host.run(["mount", "-t", "tmpfs", "tmpfs", str(own)])
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": hosts[0].address, "MASTER_PORT": "29500"}
    variables = launched_environment(**group, GLOO_SOCKET_IFNAME="eth0", TMPDIR=str(own))
    for data in (text, blocks):
        command = [sys.executable, *fit_command(data, "--save", str(fit))]
        started = [host.start(command, **variables, RANK=str(n)) for n, host in enumerate(hosts)]
        assert ends(started) == ([[], []], [0, 0])
        assert digest(load(fit)) == digest(two_layer(**config(x=str(data))))
    assert all(host.run(["ls", str(own)]).stdout == "" for host in hosts)
