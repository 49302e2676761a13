"""Threads that stand for the processes of a group, where only what they tell each other counts."""

import threading

from pytwolayer.preprocessing.division import Division


class ThreadGroup:
    """One of so many; see ``ProcessGroup``."""

    def __init__(self, rank, size, barrier, values):
        self.rank, self.size = rank, size
        self._barrier, self._values = barrier, values

    def wait_for_all(self):
        pass

    def gather(self, value):
        self._values[self.rank] = value
        self._barrier.wait()
        found = list(self._values)
        self._barrier.wait()
        return found


def together(size, work):
    """Return what ``work(division)`` gives in each of so many threads; raise what one raises."""
    barrier, values = threading.Barrier(size, timeout=60), [None] * size
    results, errors = [None] * size, {}

    def run(rank):
        try:
            results[rank] = work(Division(ThreadGroup(rank, size, barrier, values)))
        except Exception as problem:  # noqa: BLE001 - raised below
            errors[rank] = problem
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if errors:
        raise next(e for e in errors.values() if not isinstance(e, threading.BrokenBarrierError))
    return results
