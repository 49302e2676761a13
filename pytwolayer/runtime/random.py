"""Streams of random numbers."""

from pytwolayer.runtime.torch_loading import torch


def cpu_generator(seed: int) -> torch.Generator:
    """Make a random stream of its own; nothing global is touched."""
    return torch.Generator(device="cpu").manual_seed(seed)
