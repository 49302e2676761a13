"""The activations: module, forward and backward pass of each.

Both passes call PyTorch's own kernels, the very ones that autograd calls, so that the closed
form has autograd's bits.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_aten = torch.ops.aten


@dataclass(frozen=True)
class Activation:
    """One activation.

    Attributes
    ----------
    module : callable
        Makes the ``torch.nn`` module.
    forward : callable
        ``forward(z, a)`` writes the activation of ``z`` into ``a``.
    backward : callable
        ``backward(d, z, a)`` turns ``d``, the loss's derivative at ``a``, into that at ``z``.
    keeps_input : bool
        Whether the backward pass needs ``z``; if not, ``a`` may share its memory.
    """

    module: Callable[[], torch.nn.Module]
    forward: Callable[[Tensor, Tensor], object]
    backward: Callable[[Tensor, Tensor, Tensor], object]
    keeps_input: bool = True


def _relu(z: Tensor, a: Tensor) -> Tensor:
    # In place it needs no number, the reading of which takes longer than the operation.
    return z.relu_() if a is z else torch.clamp_min(z, 0, out=a)


def _unchanged(d: Tensor, z: Tensor, a: Tensor) -> None:
    """Change nothing: the identity's derivative is 1."""


ACTIVATIONS = {
    "relu": Activation(
        torch.nn.ReLU,
        _relu,
        lambda d, z, a: _aten.threshold_backward.grad_input(d, a, 0, grad_input=d),
        keeps_input=False,
    ),
    "leaky_relu": Activation(
        torch.nn.LeakyReLU,
        lambda z, a: _aten.leaky_relu.out(z, 0.01, out=a),
        lambda d, z, a: _aten.leaky_relu_backward.grad_input(d, z, 0.01, False, grad_input=d),
    ),
    "elu": Activation(
        torch.nn.ELU,
        lambda z, a: _aten.elu.out(z, 1.0, out=a),
        lambda d, z, a: _aten.elu_backward.grad_input(d, 1.0, 1, 1, False, z, grad_input=d),
    ),
    "silu": Activation(
        torch.nn.SiLU,
        lambda z, a: _aten.silu.out(z, out=a),
        lambda d, z, a: _aten.silu_backward.grad_input(d, z, grad_input=d),
    ),
    "gelu": Activation(
        torch.nn.GELU,
        lambda z, a: _aten.gelu.out(z, out=a),
        lambda d, z, a: _aten.gelu_backward.grad_input(d, z, grad_input=d),
    ),
    "softplus": Activation(
        torch.nn.Softplus,
        lambda z, a: _aten.softplus.out(z, out=a),
        lambda d, z, a: _aten.softplus_backward.grad_input(d, z, 1.0, 20.0, grad_input=d),
    ),
    "tanh": Activation(
        torch.nn.Tanh,
        lambda z, a: torch.tanh(z, out=a),
        lambda d, z, a: _aten.tanh_backward.grad_input(d, a, grad_input=d),
        keeps_input=False,
    ),
    "sigmoid": Activation(
        torch.nn.Sigmoid,
        lambda z, a: torch.sigmoid(z, out=a),
        lambda d, z, a: _aten.sigmoid_backward.grad_input(d, a, grad_input=d),
        keeps_input=False,
    ),
    "identity": Activation(
        torch.nn.Identity, lambda z, a: a.copy_(z), _unchanged, keeps_input=False
    ),
}
