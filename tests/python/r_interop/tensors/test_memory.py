"""How much memory is in use."""

import math

import torch

from pytwolayer.r_interop.tensors import memory


def test_memory_of_the_process_grows_with_a_tensor():
    before, devices = memory.memory_in_use()
    x = torch.ones(2**24)
    after, _ = memory.memory_in_use()
    assert after - before > x.numel() * 2
    assert devices >= 0


def test_the_peak_stands_in_where_there_is_no_proc(monkeypatch):
    monkeypatch.setattr(memory, "Path", lambda name: __import__("pathlib").Path("/no/such/file"))
    assert memory.memory_in_use()[0] > 0
    assert math.isnan(memory._working_set())
