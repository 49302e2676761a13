"""The network: its layers, its initial weights, and how its parameters lie in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.runtime.torch_loading import torch

# Floats; 64 bytes, as PyTorch aligns what it allocates. BLAS treats unaligned vectors otherwise,
# which would change a product's last bits.
_ALIGNMENT = 16


def two_layer_net(
    d_in: int, hidden_units: int, d_out: int, activation: str = "relu"
) -> torch.nn.Sequential:
    """Make the network; its weights are not yet drawn.

    Parameters
    ----------
    d_in, hidden_units, d_out : int
        Number of inputs, units of the hidden layer, outputs.
    activation : str
        A key of ``ACTIVATIONS``.

    Returns
    -------
    torch.nn.Sequential
        ``Linear(d_in, hidden_units)``, the activation, ``Linear(hidden_units, d_out)``.
    """
    net = outline(d_in, hidden_units, d_out, activation)
    for layer in net:  # PyTorch's `to_empty()` would import its compiler, which takes long
        for name, parameter in list(layer.named_parameters()):
            values = torch.empty(parameter.shape, dtype=parameter.dtype, device="cpu")
            setattr(layer, name, torch.nn.Parameter(values))
    return net


def outline(d_in: int, hidden_units: int, d_out: int, activation: str) -> torch.nn.Sequential:
    """Make the network without memory for its weights.

    On the meta device the layers draw nothing from the global random state either. The dtype is
    given because the user's default may be another.
    """
    return torch.nn.Sequential(
        torch.nn.Linear(d_in, hidden_units, device="meta", dtype=torch.float32),
        ACTIVATIONS[activation].module(),
        torch.nn.Linear(hidden_units, d_out, device="meta", dtype=torch.float32),
    )


def start_second_half(net: torch.nn.Sequential, values: Sequence[float]) -> None:
    """Make the second half of the outputs the same for all rows, see ``Loss.shares_rows``."""
    with torch.no_grad():
        last = net[-1]
        assert isinstance(last, torch.nn.Linear)
        half = len(last.bias) // 2
        last.weight[half:] = 0
        last.bias[half:] = torch.tensor(values)


def draw_initial_weights(net: torch.nn.Sequential, generator: torch.Generator) -> None:
    """Draw PyTorch's default initial weights of ``Linear``, in its order, from ``generator``.

    Weights and biases of a layer with ``n`` inputs are uniform on +-1/sqrt(n).
    """
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, torch.nn.Linear):
                torch.nn.init.kaiming_uniform_(layer.weight, a=5**0.5, generator=generator)
                bound = 1 / layer.in_features**0.5
                torch.nn.init.uniform_(layer.bias, -bound, bound, generator=generator)


@dataclass(frozen=True)
class FlatParameters:
    """All parameters in one vector and their gradients in another.

    The network's own parameters are views into ``values``, so that one operation on the vector
    updates them all. ``split`` returns the views into another vector of the same layout: first
    layer's weights and biases, second layer's weights and biases.
    """

    values: torch.nn.Parameter
    gradients: torch.Tensor
    views: tuple[torch.Tensor, ...]
    gradient_views: tuple[torch.Tensor, ...]
    split: Callable[[torch.Tensor], tuple[torch.Tensor, ...]]

    def mark_weights(self) -> torch.Tensor:
        """Return a new vector that is 1 where ``values`` holds a weight, and 0 for a bias."""
        marks = torch.zeros_like(self.gradients)
        first_weights, _, second_weights, _ = self.split(marks)
        for weights in (first_weights, second_weights):
            weights.fill_(1)
        return marks


def flatten_parameters(
    net: torch.nn.Sequential,
    device: torch.device,
    *,
    by_input: bool = False,
    order: torch.Tensor | None = None,
) -> FlatParameters:
    """Move the network's parameters into one vector on ``device``.

    With ``by_input`` a layer's weights lie input after input in memory, as the rows' values do:
    with few inputs their products then run over long vectors of units instead of short ones of
    inputs, in down to a quarter of the time. The biases follow, as weights of one more input. A
    ``Linear``'s own weights lie unit after unit; the chapter's bits depend on that.

    ``order`` are the numbers of the network's inputs in the order in which rows have them, if that
    is another; ``own_parameters()`` puts them back.
    """
    parameters = list(net.parameters())
    if order is not None:
        parameters[0].data = parameters[0].data[:, order]
    starts, size = places_of([each.numel() for each in parameters], joined=by_input)
    values = torch.zeros(size, device=device, dtype=torch.float32)
    gradients = torch.zeros_like(values)

    def views(vector: torch.Tensor) -> tuple[torch.Tensor, ...]:
        pairs = zip(starts, parameters, strict=True)
        parts = [(vector[start : start + each.numel()], each.shape) for start, each in pairs]
        return tuple(
            part.view(*shape[::-1]).t() if by_input and len(shape) == 2 else part.view(shape)
            for part, shape in parts
        )

    for parameter, view in zip(parameters, views(values), strict=True):
        view.copy_(parameter.data)
        parameter.data = view
    flat = torch.nn.Parameter(values, requires_grad=False)
    flat.grad = gradients
    return FlatParameters(flat, gradients, views(values), views(gradients), views)


def places_of(sizes: Sequence[int], *, joined: bool) -> tuple[list[int], int]:
    """Return where each parameter begins in the vector, and its length.

    With ``joined`` a layer's biases follow its weights at once.
    """
    starts, size = [], 0
    for number, own in enumerate(sizes):
        starts.append(size)
        size += own
        if not joined or number % 2:
            size = -(-size // _ALIGNMENT) * _ALIGNMENT
    return starts, size


def stack_parameters(parts: Sequence[FlatParameters], *, same_rows: bool) -> FlatParameters:
    """Copy the parameters of networks of one form into one vector.

    The views have shapes ``(networks, hidden_units, d_in)``, ``(networks, hidden_units)``,
    ``(networks, d_out, hidden_units)`` and ``(networks, d_out)``. The first layer's weights lie
    input after input, as in ``flatten_parameters()``: each network's by themselves, or, with
    ``same_rows``, those of all networks together, so that they are one matrix and one product
    with the rows suffices.
    """
    w1, *others = [
        torch.stack(views) for views in zip(*(part.views for part in parts), strict=True)
    ]
    networks, hidden_units, d_in = w1.shape
    in_memory = w1.permute(2, 0, 1) if same_rows else w1.mT
    values = torch.cat([in_memory.reshape(-1), *(each.reshape(-1) for each in others)])
    sizes = [w1.numel(), *(each.numel() for each in others)]

    def split(vector: torch.Tensor) -> tuple[torch.Tensor, ...]:
        first, *pieces = torch.split(vector, sizes)
        if same_rows:
            weights = first.view(d_in, networks, hidden_units).permute(1, 2, 0)
        else:
            weights = first.view(networks, d_in, hidden_units).mT
        return weights, *(p.view(each.shape) for p, each in zip(pieces, others, strict=True))

    gradients = torch.zeros_like(values)
    flat = torch.nn.Parameter(values, requires_grad=False)
    flat.grad = gradients
    return FlatParameters(flat, gradients, split(values), split(gradients), split)


def repeat_parameters(part: FlatParameters, groups: int, members: int) -> FlatParameters:
    """Copy one network's parameters into those of several groups of networks.

    The first layers of a group's networks lie side by side, so that one product with the
    group's rows suffices. The views have shapes ``(groups, members * hidden_units, d_in)``, in
    memory input after input, ``(networks, hidden_units)``, ``(networks, d_out, hidden_units)``
    and ``(networks, d_out)``.
    """
    w1, *others = part.views
    units, d_in = members * len(w1), w1.shape[1]
    networks = groups * members
    sizes = [groups * units * d_in, *(networks * each.numel() for each in others)]

    def split(vector: torch.Tensor) -> tuple[torch.Tensor, ...]:
        first, *pieces = torch.split(vector, sizes)
        pairs = zip(pieces, others, strict=True)
        return first.view(groups, d_in, units).mT, *(p.view(networks, *o.shape) for p, o in pairs)

    values = w1.new_empty(sum(sizes))
    gradients = torch.zeros_like(values)
    first, *rest = split(values)
    first.copy_(w1.repeat(members, 1))
    for view, own in zip(rest, others, strict=True):
        view.copy_(own)
    flat = torch.nn.Parameter(values, requires_grad=False)
    flat.grad = gradients
    return FlatParameters(flat, gradients, split(values), split(gradients), split)


def own_parameters(
    net: torch.nn.Sequential, order: torch.Tensor | None = None
) -> torch.nn.Sequential:
    """Copy each parameter into memory of its own on the CPU, and drop the gradients.

    ``order`` is that of ``flatten_parameters()``.
    """
    for parameter in net.parameters():
        parameter.data = parameter.data.cpu().clone(memory_format=torch.contiguous_format)
        parameter.grad = None
    if order is not None:
        weights = next(net.parameters())
        weights.data = weights.data[:, torch.argsort(order)].contiguous()
    return net.requires_grad_(False)
