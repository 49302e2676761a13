"""Fits in processes that another program starts: torchrun, Slurm, Kubernetes, Ray, Spark."""

from collections.abc import Mapping
from typing import Any

from pytwolayer.fitting.fit_in_group import fit_in_group, joined_group
from pytwolayer.models.two_layer import TwoLayer

__all__ = ["train_worker"]


def train_worker(config: Mapping[str, Any]) -> TwoLayer | None:
    """Take part in a fit, as one of the processes that a launcher has started.

    Each of them calls this with the same arguments. They meet as the launcher's environment says
    (``RANK``, ``WORLD_SIZE``, ``MASTER_ADDR``, ``MASTER_PORT``), or use the process group of
    ``torch.distributed`` that is there already. Each computes the gradients of its shards with one
    thread. The fit is the same to the bit with any number of processes on any number of machines
    with CPUs of the same kind, and the same as ``two_layer()`` gives with as many ``shards``.

    With ``device="cuda"`` each process computes on a GPU of its own: that of its ``LOCAL_RANK``, or
    the only one that the launcher shows it. With "auto" all do so if each has one, else all compute
    on the CPU.

    Parameters
    ----------
    config : mapping
        Arguments of ``two_layer()`` by their names, without ``workers``; the number of processes
        has to divide ``shards``. Of Parquet files, given by path, each process reads its share. Of
        other data on each machine at least the process of the lowest rank reads all: a path that
        is there on all machines, or a table that each has.
        ``on_epoch`` and ``verbose`` are for the first process, which also writes checkpoints.

    Returns
    -------
    TwoLayer or None
        In the first process the fit, None in the others.

    Raises
    ------
    WorkerError
        If a process does not come within 300 seconds, is not heard of for 600, or fails; it names
        the rank and the machine. ``PYTWOLAYER_WORKER_START`` and ``PYTWOLAYER_WORKER_SILENCE``
        are environment variables that set other times. Or if versions, arguments or data differ,
        or with ``device="cuda"`` it has no GPU of its own.
    ArgumentError and others
        As ``two_layer()``.

    Examples
    --------
    In a file that ``torchrun --nproc-per-node 4`` starts::

        from pytwolayer.distributed import train_worker

        fit = train_worker({"x": "folder/", "outcome": "y", "shards": 8, "seed": 1})
        if fit is not None:
            fit.save("fit.safetensors")
    """
    with joined_group() as group:
        return fit_in_group(config, group)
