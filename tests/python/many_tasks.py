"""A worker that trains several fits, one after the other, in one group of processes."""

import sys

from pytwolayer.fitting.worker_main import train_in
from pytwolayer.launching.worker import run_worker
from pytwolayer.runtime.process_group import join_group
from pytwolayer.runtime.torch_loading import torch


def work(tasks, channel):
    with join_group(600) as group:
        for task in tasks:
            train_in(group, task, channel)


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(run_worker(sys.argv[1], work))
