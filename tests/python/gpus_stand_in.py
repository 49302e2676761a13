"""Stand-ins for the GPUs of several processes: the CPU, with gloo in the place of NCCL.

So that the vectors are queued, the rows moved and the devices selected as on GPUs, while the
numbers are those of the CPU. To be imported after the package's modules, in each process.
"""

import sys

from pytwolayer.fitting import fit_in_group, worker_main
from pytwolayer.runtime import gpu_vectors, own_gpus
from pytwolayer.runtime.torch_loading import torch

CPU = torch.device("cpu")


class Done:
    """An event of a device that is never behind; counts the exchanges."""

    recorded = 0

    def record(self):
        Done.recorded += 1

    def query(self):
        return True


def use_gpus(number, *, seen_alone=False):
    """Have this machine have so many GPUs; or each process see one of its own alone."""

    def select_among(device, rank, members):
        chosen = own_gpus.select_among(device, rank, members)
        return set_kind(chosen)

    def set_kind(chosen):
        for name, module in list(sys.modules.items()):
            if name.startswith("pytwolayer") and hasattr(module, "is_gpu"):
                module.is_gpu = lambda device: chosen.type == "cuda"
        return CPU

    seen = 1 if seen_alone else number
    names = [f"cuda:{index}" for index in range(seen)]
    own_gpus.available_devices = lambda: [*names, "cpu"]
    own_gpus.reason_missing = lambda kind: "no CUDA GPU is visible"
    place = int(own_gpus.os.environ["LOCAL_RANK"])
    own_gpus._identity = lambda host, index: f"GPU {place if seen_alone else index}"
    fit_in_group.select_among = select_among
    worker_main.own_gpu_of_worker = lambda: set_kind(own_gpus.own_gpu_of_worker())
    gpu_vectors.BACKEND, gpu_vectors.new_event = "gloo", lambda device: Done()
