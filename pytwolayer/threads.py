"""How many threads compute: one where a step is so small that more would only wait."""

from collections.abc import Iterator
from contextlib import contextmanager

from pytwolayer.torch_loading import torch

# Multiplications in a step's largest matrix product. Measured: below it a second thread gains
# nothing on quiet processors, and on busy ones costs ten times the time and more.
_SMALL = 4_000_000


@contextmanager
def threads_for(multiplications: int) -> Iterator[None]:
    """Compute with one thread if the work is small; as many as before afterwards.

    So the digits of a small fit do not depend on the number of threads.
    """
    before = torch.get_num_threads()
    if multiplications >= _SMALL or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
