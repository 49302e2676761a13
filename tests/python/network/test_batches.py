"""The batches of an epoch, and dropout."""

import pytest

from pytwolayer.network.batches import Batches, Dropout, EncodedRows, SingleRows
from pytwolayer.runtime.torch_loading import torch


def rows(number, weighted=False):
    x = torch.arange(float(number))[:, None]
    return EncodedRows(x, 10 * x, 100 * x if weighted else None)


def batches(number, batch_size, seed=1, weighted=False):
    generator = torch.Generator().manual_seed(seed)
    return Batches(SingleRows(rows(number, weighted)), batch_size, [generator])


def gathered(epoch):
    """Give copies of the batches: their memory is used again."""
    for batch in epoch:
        batch.gather()
        weights = None if batch.weights is None else batch.weights.clone()
        yield batch.x.clone(), batch.y.clone(), weights


def order(epoch):
    return torch.cat([x[:, 0] for x, _, _ in gathered(epoch)]).tolist()


def test_a_1_follows_each_of_few_rows_whatever_is_drawn():
    for batch_size, columns in ((None, 1), (7, 1), (7, 3)):
        x = torch.randn(20, columns)
        drawn = Batches(SingleRows(EncodedRows(x, x[:, :1], None)), batch_size, [torch.Generator()])
        for epoch in range(2):
            for batch in drawn(epoch):
                batch.gather()
                assert torch.equal(batch.with_ones[:, :-1], batch.x)
                assert (batch.with_ones[:, -1] == 1).all()


SIZES = [(10, 3), (10, 5), (10, 9), (10, 1), (7, 2), (129, 64), (2, 1), (100, 33)]


@pytest.mark.parametrize(("number", "batch_size"), SIZES)
def test_every_row_comes_once_in_every_epoch(number, batch_size):
    deal = batches(number, batch_size)
    for epoch in range(3):
        assert sorted(order(deal(epoch))) == list(range(number))


@pytest.mark.parametrize(("number", "batch_size"), SIZES)
def test_batches_are_as_few_as_can_be_and_differ_by_one_row_at_most(number, batch_size):
    sizes = [len(batch.x) for batch in batches(number, batch_size)(0)]
    assert len(sizes) == -(-number // batch_size)
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


def test_rows_are_shuffled_anew_in_every_epoch():
    deal = batches(50, 7)
    orders = [order(deal(epoch)) for epoch in range(4)]
    assert all(orders[i] != orders[j] for i in range(4) for j in range(i))
    assert list(range(50)) not in orders


def test_the_order_is_drawn_from_the_generator_alone():
    state = torch.get_rng_state()
    first, again, other = (order(batches(50, 7, seed)(0)) for seed in (1, 1, 2))
    assert first == again != other
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("weighted", [False, True])
def test_outcomes_and_weights_stay_with_their_rows(weighted):
    for x, y, weights in gathered(batches(20, 3, weighted=weighted)(0)):
        assert torch.equal(y, 10 * x)
        assert torch.equal(weights, 100 * x) if weighted else weights is None


@pytest.mark.parametrize("batch_size", [None, 10, 11])
def test_all_rows_at_once_keep_their_order_and_draw_nothing(batch_size):
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()
    assert order(Batches(SingleRows(rows(10)), batch_size, [generator])(0)) == list(range(10))
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("outputs", [1, 4])
def test_outcomes_laid_out_by_output_stay_so_and_are_the_same(outputs):
    x = torch.arange(20.0)[:, None]
    y = x + torch.arange(outputs)
    by_output = EncodedRows(x, y, None).to(torch.device("cpu"))
    assert torch.equal(by_output.y, y)
    assert by_output.y.t().is_contiguous()
    draws = [torch.Generator().manual_seed(1) for _ in range(2)]
    plain = Batches(SingleRows(EncodedRows(x, y, None)), 3, draws[:1])
    quick = Batches(SingleRows(by_output), 3, draws[1:])
    for batch, other in zip(plain(0), quick(0), strict=True):
        batch.gather()
        other.gather()
        assert torch.equal(batch.y, other.y)
        assert other.y.t().is_contiguous()


def test_batches_of_one_size_use_the_same_memory():
    places = {batch.x.data_ptr() for batch in batches(100, 10)(0)}
    assert len(places) == 1


# Dropout


def mask(share, number=2000, hidden_units=50, seed=1):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.empty(number, hidden_units)
    Dropout(share, generator).drawing(mask)()
    return mask


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_dropout_leaves_out_its_share_and_keeps_the_mean(share):
    factors = mask(share)
    assert tuple(factors.shape) == (2000, 50)
    assert factors.dtype == torch.float32
    values = factors.unique().tolist()
    assert values == pytest.approx([0, 1 / (1 - share)])
    assert (factors == 0).float().mean().item() == pytest.approx(share, abs=0.01)
    assert factors.mean().item() == pytest.approx(1, abs=0.03)


def test_each_row_of_each_batch_drops_others():
    generator = torch.Generator().manual_seed(1)
    first, second = torch.empty(3, 50), torch.empty(3, 50)
    dropout = Dropout(0.5, generator)
    dropout.drawing(first)()
    dropout.drawing(second)()
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_what_is_dropped_is_drawn_from_the_generator_alone():
    state = torch.get_rng_state()
    assert torch.equal(mask(0.5), mask(0.5))
    assert not torch.equal(mask(0.5), mask(0.5, seed=2))
    assert torch.equal(torch.get_rng_state(), state)
