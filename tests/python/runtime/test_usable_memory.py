import os
import subprocess
import sys

import pytest

from pytwolayer.runtime import usable_memory as module
from pytwolayer.runtime.usable_memory import usable_memory

MIB = 2**20


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Make up a machine with 1,000 MiB left, of which the files are written by the test."""
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    monkeypatch.setattr(module, "_PROC", proc)
    monkeypatch.setattr(module, "_CGROUPS", groups)

    def write(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    write("proc/meminfo", "MemTotal:       4096000 kB\nMemAvailable:   1024000 kB\n")
    return write


def version_2(write, folder, limit, used, files=0):
    write(f"cgroup{folder}/memory.max", f"{limit}\n")
    write(f"cgroup{folder}/memory.current", f"{used}\n")
    write(f"cgroup{folder}/memory.stat", f"anon 5\nactive_file {files}\ninactive_file 0\n")


def test_it_is_what_the_machine_has_left(system):
    assert usable_memory() == 1000 * MIB


def test_a_group_s_limit_counts_and_so_does_that_of_each_group_around_it(system):
    system("proc/self/cgroup", "0::/user/job/step\n")
    system("cgroup/cgroup.controllers", "memory\n")
    version_2(system, "/user/job/step", "max", 10 * MIB)
    assert usable_memory() == 1000 * MIB
    version_2(system, "/user/job", 300 * MIB, 50 * MIB)
    assert usable_memory() == 250 * MIB
    version_2(system, "/user", 200 * MIB, 20 * MIB)
    assert usable_memory() == 180 * MIB


def test_pages_of_files_count_as_free(system):
    system("proc/self/cgroup", "0::/job\n")
    system("cgroup/cgroup.controllers", "memory\n")
    version_2(system, "/job", 300 * MIB, 299 * MIB, files=200 * MIB)
    assert usable_memory() == 201 * MIB


def test_in_a_container_the_path_may_be_that_outside(system):
    system("proc/self/cgroup", "0::/../../docker/1234\n")
    system("cgroup/cgroup.controllers", "memory\n")
    version_2(system, "", 100 * MIB, 40 * MIB)
    assert usable_memory() == 60 * MIB


def test_version_1_of_groups_counts_too(system):
    system("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/job\n1:name=systemd:/\n0::/\n")
    system("cgroup/memory/memory.usage_in_bytes", "7\n")
    system("cgroup/memory/memory.limit_in_bytes", f"{2**63 - 4096}\n")
    system("cgroup/memory/job/memory.usage_in_bytes", f"{90 * MIB}\n")
    system("cgroup/memory/job/memory.limit_in_bytes", f"{100 * MIB}\n")
    stat = f"active_file 0\ntotal_active_file {5 * MIB}\ntotal_inactive_file {15 * MIB}\n"
    system("cgroup/memory/job/memory.stat", stat)
    assert usable_memory() == 30 * MIB


def test_more_than_is_allowed_leaves_nothing(system):
    system("proc/self/cgroup", "0::/job\n")
    system("cgroup/cgroup.controllers", "memory\n")
    version_2(system, "/job", 100 * MIB, 140 * MIB)
    assert usable_memory() == 0


def test_a_system_that_says_nothing_has_what_it_has_altogether(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PROC", tmp_path)
    monkeypatch.setattr(module, "_CGROUPS", tmp_path)
    if hasattr(os, "sysconf"):
        assert usable_memory() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    monkeypatch.setattr(module, "_of_machine", lambda: iter(()))
    assert usable_memory() is None


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux counts it")
@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_limits_of_the_process_count(limit):
    code = f"""
import resource
from pytwolayer.runtime.usable_memory import usable_memory
before = usable_memory()
resource.setrlimit(resource.{limit}, (2**30, -1))
assert 0 < usable_memory() < 2**30 and usable_memory() < before, (before, usable_memory())
held = bytearray(2**28)
assert usable_memory() < 2**30 - 2**28, usable_memory()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_limit_of_a_real_group_is_seen(memory_group):
    group = memory_group(200 * MIB)
    code = f"""
import os
from pathlib import Path
Path({str(group)!r}, "cgroup.procs").write_text(str(os.getpid()))
from pytwolayer.runtime.usable_memory import usable_memory
assert 100 * 2**20 < usable_memory() <= 200 * 2**20, usable_memory()
held = bytearray(80 * 2**20)
assert usable_memory() <= 120 * 2**20, usable_memory()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
