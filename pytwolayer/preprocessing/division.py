"""How several processes divide what has to be done once for all of the rows.

Each does a part, and all tell each other what they found, so that each has all of it.
"""

from collections.abc import Callable
from typing import Any

from pytwolayer.errors import ArgumentError
from pytwolayer.runtime.process_group import ProcessGroup, part_of


class Division:
    """Divides work among the processes of a group, each of which calls the same methods.

    Parameters
    ----------
    group : ProcessGroup

    Attributes
    ----------
    rank, size : int
        Of this process, and how many there are.
    """

    def __init__(self, group: ProcessGroup) -> None:
        self._group = group
        self.rank, self.size = group.rank, group.size

    def gather(self, value: Any) -> list[Any]:
        """Return what each process found, rank by rank; one may have worked for long."""
        self._group.wait_for_all()
        return self._group.gather(value)

    def part_of(self, number: int, rank: int | None = None) -> range:
        """Return which of so many things in a row are this process's, or another one's."""
        return part_of(number, self.rank if rank is None else rank, self.size)

    def gather_parts(self, work: Callable[[int], Any], number: int) -> list[Any]:
        """Return what ``work()`` gives for the numbers below this, each done by one process.

        Raises
        ------
        ArgumentError
            What a single process would have raised.
        """
        problem: ArgumentError | None = None
        own = []
        try:
            for each in self.part_of(number):
                own.append(work(each))
        except ArgumentError as first:
            problem = first
        found: list[Any] = []
        for part, failure in self.gather((own, problem)):
            if failure is not None:
                raise failure
            found += part
        return found
