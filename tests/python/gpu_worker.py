"""A worker whose GPU is a stand-in."""

import sys

from gpus_stand_in import Done, use_gpus

from pytwolayer.errors import PytwolayerWarning, warn_user
from pytwolayer.fitting.worker_main import train
from pytwolayer.launching.worker import run_worker
from pytwolayer.runtime.torch_loading import torch


def work(task, channel):
    train(task, channel)
    warn_user(f"{Done.recorded} exchanges", PytwolayerWarning)


if __name__ == "__main__":
    torch.set_num_threads(1)
    use_gpus(2)
    sys.exit(run_worker(sys.argv[1], work))
