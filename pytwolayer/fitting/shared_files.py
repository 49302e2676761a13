"""Which processes of a group read each other's temporary files, so that one encodes the rows.

The machine's name does not say it: two machines can have the same one, and two containers on one
machine have other files.
"""

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pytwolayer.errors import TemporaryFolderError
from pytwolayer.files.row_file import temporary_folder
from pytwolayer.launching.job_file import scratch_folder
from pytwolayer.runtime.process_group import ProcessGroup

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class _Place:
    """Where a process is.

    Attributes
    ----------
    machine : tuple of str
        Its name, and what tells it from others of the name, where the system says it. Where
        machines share a file system, each has its rows all the same.
    folder : str or None
        A folder of this process's alone; None where none can be made.
    """

    machine: tuple[str, str]
    folder: str | None

    @property
    def is_seen(self) -> bool:
        """Whether this process is on that machine, and can read in that folder."""
        if self.folder is None or self.machine != _machine():
            return False
        return os.access(self.folder, os.R_OK | os.X_OK)


def find_leaders(group: ProcessGroup) -> list[int]:
    """Return for each rank the lowest one whose temporary files it can read."""
    with _own_folder() as folder:
        places = group.gather(_Place(_machine(), folder))
        seen = {rank for rank, place in enumerate(places) if place.is_seen}
        return leaders(group.gather(seen))


def leaders(seen: Sequence[set[int]]) -> list[int]:
    """Choose for each rank one among those that it sees; one that is chosen chooses itself."""
    chosen: list[int] = []
    for rank, its in enumerate(seen):
        chosen.append(next((each for each in chosen if each in its), rank))
    return chosen


@contextmanager
def _own_folder() -> Iterator[str | None]:
    with ExitStack() as stack:
        folder = None
        with suppress(TemporaryFolderError):  # one that leads says it when it comes to the rows
            folder = str(stack.enter_context(scratch_folder(temporary_folder())))
        yield folder


def _machine() -> tuple[str, str]:
    boot = ""
    with suppress(OSError):
        boot = _BOOT.read_text(encoding="ascii").strip()
    return platform.node(), boot
