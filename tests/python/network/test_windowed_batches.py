"""Batches that are drawn from one window of rows after the other."""

import pytest

from pytwolayer.network.batches import EncodedRows, SingleRows
from pytwolayer.network.windowed_batches import Window, WindowedBatches, read_in_turn
from pytwolayer.runtime.torch_loading import torch


class NotedPages:
    """Notes what is asked for."""

    def __init__(self):
        self.told = []

    def fetch(self, first, last):
        self.told.append((first, last))

    def release(self):
        self.told.append("release")


def batches(number, batch_size, window, generator=None, pages=None):
    x = torch.arange(float(number))[:, None]
    generator = generator or torch.Generator().manual_seed(1)
    rows = SingleRows(EncodedRows(x, 10 * x, 100 * x))
    return WindowedBatches(rows, batch_size, [generator], Window(*window), pages)


def drawn(epoch):
    found = []
    for batch in epoch:
        batch.gather()
        assert (batch.y == 10 * batch.x).all()
        assert (batch.weights == 100 * batch.x).all()
        found.append(batch.x[:, 0].tolist())
    return found


def order(epoch):
    return [row for batch in drawn(epoch) for row in batch]


CASES = [
    (100, 7, (10, 3)),
    (100, 7, (10, 100)),
    (101, 50, (10, 1)),
    (101, 99, (1, 4)),
    (64, 3, (100, 2)),
    (97, 40, (7, 2)),
    (30, 29, (4, 1)),
]


@pytest.mark.parametrize(("number", "batch_size", "window"), CASES)
def test_every_row_comes_once_in_every_epoch(number, batch_size, window):
    deal = batches(number, batch_size, window)
    for epoch in range(3):
        assert sorted(order(deal(epoch))) == list(range(number))


@pytest.mark.parametrize(("number", "batch_size", "window"), CASES)
def test_batches_have_the_usual_sizes(number, batch_size, window):
    sizes = [len(batch) for batch in drawn(batches(number, batch_size, window)(0))]
    assert len(sizes) == -(-number // batch_size)
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


def test_rows_of_a_window_are_those_of_its_blocks_in_random_order():
    found = order(batches(120, 11, (10, 3))(0))
    for start in range(0, 120, 30):
        window = [int(row) for row in found[start : start + 30]]
        assert len({row // 10 for row in window}) == 3
        assert window != sorted(window)


def test_windows_are_as_large_as_each_other():
    number = 10 * 16  # in windows of at most 5 blocks these are 4 of 4 blocks, not 5, 5, 5 and 1
    found = order(batches(number, 11, (10, 5))(0))
    for start in range(0, number, 40):
        assert len({row // 10 for row in found[start : start + 40]}) == 4


def test_blocks_and_rows_are_drawn_anew_in_every_epoch():
    deal = batches(100, 9, (10, 3))
    first, second = order(deal(0)), order(deal(1))
    assert first != second
    assert [row // 10 for row in first[:30:10]] != [row // 10 for row in second[:30:10]]


def test_the_generator_s_state_decides_what_an_epoch_draws():
    generator = torch.Generator().manual_seed(5)
    deal = batches(100, 9, (10, 3), generator)
    order(deal(0))
    state = generator.get_state()
    second = order(deal(1))
    again = torch.Generator()
    again.set_state(state)
    assert order(batches(100, 9, (10, 3), again)(1)) == second


def test_a_window_is_asked_for_while_the_one_before_is_used_and_then_let_go():
    pages = NotedPages()
    epoch = batches(95, 10, (10, 4), pages=pages)(0)
    seen = [int(next(iter(epoch)).indices[0])]
    asked = [each for each in pages.told if each != "release"]
    assert len(asked) == 4 + 3  # the first window and the next
    assert all(last - first == (5 if last == 95 else 10) for first, last in asked)
    assert any(first <= seen[0] < last for first, last in asked[:4])
    for _ in epoch:
        pass
    asked = [each for each in pages.told if each != "release"]
    assert sorted(asked) == [(first, min(first + 10, 95)) for first in range(0, 95, 10)]
    assert pages.told.count("release") == 3


def test_spans_are_asked_for_one_ahead_and_let_go():
    pages, seen = NotedPages(), []
    for span in read_in_turn([(0, 4), (4, 8), (8, 9)], pages):
        seen.append((span, list(pages.told)))
        pages.told.clear()
    told = [[(0, 4), (4, 8)], ["release", (8, 9)], ["release"]]
    assert seen == list(zip([(0, 4), (4, 8), (8, 9)], told, strict=True))
    assert pages.told == ["release"]
    assert list(read_in_turn([(0, 4)], None)) == [(0, 4)]


def test_no_order_of_all_rows_is_held():
    longest, permuted = [0], torch.randperm

    def noted(number, **options):
        longest.append(number)
        return permuted(number, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "randperm", noted)
        order(batches(1000, 9, (10, 5))(0))
    assert max(longest) == 100  # of the blocks


@pytest.mark.parametrize("row_bytes", [4, 16, 400, 100_000, 10_000_000])
@pytest.mark.parametrize("memory", [0, 2**27, 2**30, 2**34, 2**40])
def test_a_window_takes_a_small_part_of_the_memory(row_bytes, memory):
    window = Window.suited(row_bytes, memory)
    assert window.rows * row_bytes <= max(2**24, memory / 8, row_bytes)
    assert window.block_rows * row_bytes <= max(2**18, row_bytes)
    assert window.rows >= 1


@pytest.mark.parametrize("memory", [0, 2**27, 2**30, 2**34, 2**40])
def test_a_window_has_many_blocks(memory):
    for row_bytes in (4, 16, 400, 10_000):
        # Not as many of narrow rows, whose order takes memory too.
        assert Window.suited(row_bytes, memory).blocks > 512 * row_bytes / (row_bytes + 33) - 1


def test_a_little_more_or_less_memory_changes_nothing():
    assert len({Window.suited(200, memory) for memory in range(2**30, 2**31, 2**26)}) == 1
