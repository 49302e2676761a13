"""Processes on two hosts, which the test makes of network namespaces."""

import time
from pathlib import Path

from two_hosts import skip_unless_permitted, two_hosts


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
