"""Two hosts on this machine: network namespaces with an address, a name and processes of their own.

They last as long as the process that made them, however that ends: the first process of each
waits for the end of a pipe, and when it ends the kernel ends the others and removes the network.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ADDRESSES = {"first-host": "10.97.3.1", "second-host": "10.97.3.2"}
# A limit for what hangs, in seconds.
HANGS = 900
# The first process of a host: it tells its id, and afterwards reaps what its host leaves.
_INIT = """
set -e
read own rest < /proc/self/stat
hostname "$1"
mount --bind "$2/hosts" /etc/hosts
# There is nobody to ask for other names, and no answer is waited for.
mount --bind "$2/resolv.conf" /etc/resolv.conf || true
mount -t proc proc /proc
ip link set lo up
echo "$own"
trap '' CHLD
exec cat > /dev/null
"""


@dataclass
class Host:
    """One of the two: its name, its address and the id of its first process, seen from outside."""

    name: str
    address: str
    pid: int
    init: subprocess.Popen[str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def enter(self) -> list[str]:
        """Return what a command begins with that runs on this host."""
        return _enter(self.pid, *_ALL)

    def start(self, command: list[str], **environment: str) -> subprocess.Popen[str]:
        """Start a command on this host; what it prints comes through its pipes."""
        process = subprocess.Popen(
            [*self.enter(), *command],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command on this host to its end."""
        process = self.start(command, **environment)
        out, err = process.communicate(timeout=HANGS)
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def running(self) -> dict[int, str]:
        """Give the command lines of this host's processes, by the ids that they have outside."""
        found = {}
        space = Path(f"/proc/{self.pid}/ns/pid").readlink()
        for entry in Path("/proc").iterdir():
            # A process can end while it is looked at.
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (entry / "ns/pid").readlink() == space:
                    words = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                    found[int(entry.name)] = b" ".join(words).decode(errors="replace")
        found.pop(self.pid, None)
        return {pid: line for pid, line in found.items() if line}

    def unplug(self) -> None:
        """Take the cable out: the hosts no longer reach each other."""
        _ip(self.pid, "link", "set", "eth0", "down")

    def end(self) -> None:
        """End all processes of this host at once, as if its power went."""
        if self.init.poll() is None:
            # `unshare` outlives the first process, which outlives all the others.
            os.kill(self.pid, signal.SIGKILL)
        self.init.communicate()
        for process in self.started:
            process.wait(timeout=HANGS)
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


_ALL = ("--net", "--uts", "--mount", "--pid")


def _user_space() -> list[str]:
    return [] if os.geteuid() == 0 else ["--user"]


def _enter(pid: int, *spaces: str) -> list[str]:
    user = [*_user_space(), "--preserve-credentials"] if _user_space() else []
    return ["nsenter", "--target", str(pid), *user, *spaces]


def _ip(pid: int, *words: str) -> None:
    command = [*_enter(pid, "--net"), "ip", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS, check=False)
    if done.returncode != 0:
        raise OSError(f"`ip {' '.join(words)}` failed: {done.stderr.strip()}")


def _boot(name: str, folder: Path, beside: Host | None) -> Host:
    own = [*_user_space(), "--map-root-user"] if _user_space() and beside is None else []
    command = ["unshare", *own, *_ALL, "--fork", "--kill-child", "sh", "-c", _INIT, "sh", name]
    if beside is not None and _user_space():
        # Only who has rights over both networks can connect them.
        command = [*_enter(beside.pid), *command]
    init = subprocess.Popen(
        [*command, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert init.stdout is not None
    line = init.stdout.readline().strip()
    if not line:
        raise OSError(f"a host cannot be made: {init.communicate()[1].strip()}")
    return Host(name, ADDRESSES[name], int(line), init)


def _connect(first: Host, second: Host) -> None:
    _ip(
        first.pid,
        "link",
        "add",
        "eth0",
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "netns",
        str(second.pid),
    )
    for host in (first, second):
        _ip(host.pid, "addr", "add", f"{host.address}/24", "dev", "eth0")
        _ip(host.pid, "link", "set", "eth0", "up")


@contextlib.contextmanager
def two_hosts(folder: Path) -> Iterator[tuple[Host, Host]]:
    """Make two hosts that see the same files and know each other by name; `folder` is scratch."""
    lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in ADDRESSES.items())]
    (folder / "hosts").write_text("\n".join([*lines, ""]))
    (folder / "resolv.conf").write_text("")
    hosts: list[Host] = []
    try:
        for name in ADDRESSES:
            hosts.append(_boot(name, folder, hosts[0] if hosts else None))
        _connect(hosts[0], hosts[1])
        yield hosts[0], hosts[1]
    finally:
        for host in reversed(hosts):
            host.end()


def why_not_permitted(folder: Path) -> str | None:
    """Say why two hosts cannot be made here, or give None."""
    missing = [name for name in ("unshare", "nsenter", "ip", "mount") if shutil.which(name) is None]
    if missing:
        return f"there is no {' and no '.join(missing)} on this machine"
    try:
        with two_hosts(folder):
            return None
    except OSError as error:
        return str(error)


def skip_unless_permitted(folder: Path) -> None:
    """Skip the test where this machine permits no network namespaces."""
    reason = why_not_permitted(folder)
    if reason is not None:
        pytest.skip(f"two hosts cannot be made here: {reason}")
