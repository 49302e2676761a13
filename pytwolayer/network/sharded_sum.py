"""The sum of the shards' vectors, in an order that does not depend on who computes them.

The shards are the leaves of a binary tree, and the vectors of a node are added to those of its
sibling. A process adds up the nodes that are its own, and sends these: where the numbers of shards
and of processes are powers of two that is one vector. The nodes above are added in each process.
"""

from collections.abc import Callable

from pytwolayer.runtime.process_group import ProcessGroup, part_of
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
Span = tuple[int, int]  # first and last shard of a node, the last excluded


class ShardedSum:
    """Adds up vectors, one of each shard.

    Parameters
    ----------
    shards : int
    group : ProcessGroup
        Its size divides ``shards``; each process has as many shards, in the order of ranks.
    like : Tensor
        A vector of the same type, length and device.

    Attributes
    ----------
    own : range
        The shards of this process.
    """

    def __init__(self, shards: int, group: ProcessGroup, like: Tensor) -> None:
        self._group, self._root = group, (0, shards)
        parts = [part_of(shards, rank, group.size) for rank in range(group.size)]
        sent = [_nodes_within(self._root, (part.start, part.stop)) for part in parts]
        self.own, self._nodes = parts[group.rank], sent[group.rank]
        width = max(map(len, sent))
        self._sent = like.new_zeros(width, len(like))
        self._received = self._sent[None]
        if group.size > 1:
            self._received = like.new_zeros(group.size, width, len(like))
        self._places = {
            node: self._received[rank, place]
            for rank, nodes in enumerate(sent)
            for place, node in enumerate(nodes)
        }
        depth = len(self.own).bit_length()
        self._scratch = like.new_empty(depth, len(like)).unbind()

    def __call__(self, compute: Callable[[int, Tensor], object]) -> Tensor:
        """Return the sum; ``compute(shard, vector)`` writes the vector of a shard."""
        for node, vector in zip(self._nodes, self._sent.unbind(), strict=False):
            self._add_up(node, vector, compute, 0)
        if self._group.size > 1:
            self._group.gather_vectors(self._sent, self._received)
        return self._total(self._root)

    def _add_up(
        self, node: Span, into: Tensor, compute: Callable[[int, Tensor], object], depth: int
    ) -> None:
        first, last = node
        if last - first == 1:
            compute(first, into)
            return
        left, right = _children(node)
        other = self._scratch[depth]
        self._add_up(left, into, compute, depth + 1)
        self._add_up(right, other, compute, depth + 1)
        into.add_(other)

    def _total(self, node: Span) -> Tensor:
        if node in self._places:
            return self._places[node]
        left, right = _children(node)
        return self._total(left).add_(self._total(right))


def _children(node: Span) -> tuple[Span, Span]:
    """Halve a node: the left one has the largest power of two that leaves something."""
    first, last = node
    middle = first + (1 << (last - first - 1).bit_length() - 1)
    return (first, middle), (middle, last)


def _nodes_within(node: Span, block: Span) -> list[Span]:
    """Return the largest nodes that are within a block."""
    first, last = max(node[0], block[0]), min(node[1], block[1])
    if first >= last:
        return []
    if (first, last) == node:
        return [node]
    return [each for child in _children(node) for each in _nodes_within(child, block)]
