"""Training steps as CUDA graphs: captured once for each batch's memory, then replayed.

A step of a small network is a dozen short kernels, and launching each from the host takes
longer than the kernel itself. A graph is launched at once.
"""

from collections.abc import Callable
from typing import Protocol

from pytwolayer.network.batches import Batch
from pytwolayer.runtime.torch_loading import torch

Step = Callable[[Batch], None]
# Steps done without a graph first: libraries allocate their workspaces in them, which must not
# happen during a capture.
WARM_UP = 3


class Recorder(Protocol):
    """What makes a graph of operations."""

    def warm_up(self, work: Callable[[], object]) -> None:
        """Do the work without a graph, on the stream on which it will be captured."""

    def capture(self, work: Callable[[], object]) -> Callable[[], object]:
        """Record the work's operations without doing them; return a function that does them."""


class GraphedStep:
    """A step that is captured for each batch and then replayed.

    Parameters
    ----------
    step : callable
        ``step(batch)``; nothing in it may depend on the host. Numbers that change, such as the
        learning rate, must be read from the device's memory, since a graph keeps the values
        that Python numbers had at the capture.
    recorder : Recorder
    """

    def __init__(self, step: Step, recorder: Recorder) -> None:
        self._step, self._recorder = step, recorder
        self._done: dict[Batch, int] = {}
        self._graphs: dict[Batch, Callable[[], object]] = {}

    def __call__(self, batch: Batch) -> None:
        """Do the step with a batch, whose memory must be the same at every call."""
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


class CudaGraphRecorder:
    """Captures CUDA graphs, on a stream of its own, as PyTorch requires."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def warm_up(self, work: Callable[[], object]) -> None:
        """Do the work on the stream, ordered after earlier and before later work of the device."""
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


def make_graphed_step(step: Step, device: torch.device, *, on_fixed_memory: bool) -> Step:
    """Make a step that is replayed, where the device can do that; else return it as it is.

    A graph repeats the very operations that were captured: ``on_fixed_memory`` promises
    that the step does the same ones on the same memory every time.
    """
    if device.type == "cuda" and on_fixed_memory:
        return GraphedStep(step, CudaGraphRecorder(device))
    return step
