"""Random number generators."""

from pytwolayer.runtime.torch_loading import torch


def cpu_generator(seed: int) -> torch.Generator:
    """Make a generator on the CPU; PyTorch's global generator is not used."""
    return torch.Generator(device="cpu").manual_seed(seed)
