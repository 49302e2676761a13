"""Steps that a GPU repeats by itself: captured once as a graph, and replayed from then on.

A step of a small network is a dozen short kernels, and telling the GPU of each takes longer
than the kernel. A graph is told at once.
"""

from collections.abc import Callable
from typing import Protocol

from pytwolayer.network.batches import Batch
from pytwolayer.runtime.torch_loading import torch

Step = Callable[[Batch], object]
# Steps done in the ordinary way before one is captured: libraries set themselves up in them.
WARM_UP = 3


class Recorder(Protocol):
    """What makes a graph of operations."""

    def warm_up(self, work: Callable[[], object]) -> None:
        """Do the work in the ordinary way, where it is going to be captured."""

    def capture(self, work: Callable[[], object]) -> Callable[[], object]:
        """Note what the work does, without doing it; give what does it again and again."""


class Replayed:
    """Does steps that are the same operations on the same memory every time.

    Parameters
    ----------
    step : callable
        ``step(batch)`` does one; nothing in it may depend on the host.
    recorder : Recorder
    """

    def __init__(self, step: Step, recorder: Recorder) -> None:
        self._step, self._recorder = step, recorder
        self._done: dict[Batch, int] = {}
        self._graphs: dict[Batch, Callable[[], object]] = {}

    def __call__(self, batch: Batch) -> None:
        """Do the step with a batch, whose memory is the same as the last time."""
        replay = self._graphs.get(batch)
        if replay is not None:
            replay()
            return
        done = self._done[batch] = self._done.get(batch, 0) + 1
        if done <= WARM_UP:
            self._recorder.warm_up(lambda: self._step(batch))
            return
        self._graphs[batch] = self._recorder.capture(lambda: self._step(batch))
        self._graphs[batch]()


class CudaGraphs:
    """Captures CUDA graphs, on a stream of its own."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def warm_up(self, work: Callable[[], object]) -> None:
        """Do the work on the stream, after what was to be done and before what comes."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            work()
        current.wait_stream(self._stream)

    def capture(self, work: Callable[[], object]) -> Callable[[], object]:
        """Capture the work."""
        with torch.cuda.device(self._device):
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self._stream):
                work()
        return graph.replay


def replayed(step: Step, device: torch.device, *, on_fixed_memory: bool) -> Step:
    """Have the steps replayed, where the device can and they are the same every time."""
    if device.type == "cuda" and on_fixed_memory:
        return Replayed(step, CudaGraphs(device))
    return step
