"""Training steps as CUDA graphs: captured once for each batch's memory, then replayed.

A step of a small network is a dozen short kernels, and launching each from the host takes
longer than the kernel itself. A graph is launched at once.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from pytwolayer.network.batches import Batch
from pytwolayer.runtime.memory import capture_lock
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


@cache
def _stream_of_captures(device: torch.device) -> Any:
    """Return the stream on which the steps of all fits on a device are captured.

    PyTorch keeps a workspace for the matrix products of every stream until the process ends, of
    up to 32 MiB. With a stream for each fit these would add up.
    """
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


class CudaGraphRecorder:
    """Captures CUDA graphs, on a stream beside the current one, as PyTorch requires."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, _stream_of_captures(device)

    def warm_up(self, work: Callable[[], object]) -> None:
        """Do the work on the stream, ordered after earlier and before later work of the device."""
        current = torch.cuda.current_stream(self._device)
        with capture_lock:
            self._stream.wait_stream(current)
            try:
                with torch.cuda.stream(self._stream):
                    work()
            finally:
                # After an error too: its fit's memory is used anew while work on it may be queued.
                current.wait_stream(self._stream)

    def capture(self, work: Callable[[], object]) -> Callable[[], object]:
        """Capture the work; what other threads do meanwhile with the device does not end it."""
        with capture_lock, torch.cuda.device(self._device):
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
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
