"""The sum of the shards' vectors has the same bits whoever computes which."""

import pytest
import torch

from pytwolayer.network.sharded_sum import ShardedSum
from pytwolayer.runtime.process_group import Alone


class OneOf:
    """A process of several that are played one after the other: what was sent is remembered."""

    exchanges = 0

    def __init__(self, rank, size, sent):
        self.rank, self.size, self.sent = rank, size, sent

    def gather_vectors(self, own, all_of_them):
        self.sent[self.rank] = own.clone()
        for rank, vector in self.sent.items():
            all_of_them[rank].copy_(vector)


@pytest.mark.parametrize("shards", [1, 2, 6, 8, 12])
def test_any_number_of_processes_gives_the_bits_of_one(shards):
    vectors = torch.randn(shards, 5, generator=torch.Generator().manual_seed(1))

    def compute(shard, vector):
        vector.copy_(vectors[shard])

    like = vectors[0]
    alone = ShardedSum(shards, Alone(), like)(compute).clone()
    assert torch.allclose(alone, vectors.sum(0), atol=1e-5)
    for size in (each for each in range(2, shards + 1) if shards % each == 0):
        sent = {}
        for _ in range(2):  # in the second turn all are there
            totals = [
                ShardedSum(shards, OneOf(rank, size, sent), like)(compute).clone()
                for rank in range(size)
            ]
        assert all(torch.equal(total, alone) for total in totals)
