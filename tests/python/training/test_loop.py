"""The training loop."""

import pytest

from pytwolayer.network.batches import Batch, EncodedRows
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.loop import fit_loop
from pytwolayer.training.loss_log import DeviceLossLog


class Counting:
    """Stands for gradient and optimiser; notes what is called in which order."""

    scale = 1.0
    on_fixed_memory = False

    def __init__(self):
        self.calls, self.loss = [], torch.empty(())

    def draw_dropout(self, batch):
        pass

    def compute(self, batch):
        self.calls.append("gradient")
        self.loss.fill_(batch.x.item())

    def operations(self, of, *loss_and_scale):
        if not loss_and_scale:
            return [lambda: self.compute(of)]
        return [*of, lambda: self.calls.append("step")]

    def fit_loop(self, batches, epochs, supervisor=None):
        return fit_loop(self, self, batches, epochs, supervisor)


class Watching:
    """Stands for the supervisor; stops after some epochs."""

    def __init__(self, stop_after=10**9, interval=1):
        self.interrupt, self.calls, self.seen = Interrupt(), [], []
        self.stop_after, self.interval = stop_after, interval

    @property
    def ends_now(self):
        return self.interrupt.pressed

    def begin_epoch(self, epoch):
        self.calls.append(("begin", epoch))

    def end_epoch(self, epoch, read_losses):
        self.calls.append(("end", epoch))
        if (epoch + 1) % self.interval == 0:
            self.seen.append(list(read_losses()))
        return epoch + 1 < self.stop_after


def one_number(value):
    return Batch(EncodedRows(torch.tensor([[value]]), torch.tensor([[0.0]]), None))


@pytest.mark.parametrize("epochs", [1, 2, 255, 256, 257, 600])
def test_one_loss_per_epoch_in_order(epochs):
    losses = Counting().fit_loop(lambda epoch: [one_number(float(epoch))], epochs)
    assert losses == [float(epoch) for epoch in range(epochs)]


def test_each_gradient_is_followed_by_one_step():
    counting = Counting()
    counting.fit_loop(lambda epoch: [one_number(1.0), one_number(2.0)], 3)
    assert counting.calls == ["gradient", "step"] * 6


def test_batches_are_asked_for_once_per_epoch_counted_from_zero():
    asked = []

    def batches(epoch):
        asked.append(epoch)
        yield one_number(1.0)

    Counting().fit_loop(batches, 4)
    assert asked == [0, 1, 2, 3]


def test_several_batches_give_one_loss_per_epoch_their_sum_scaled():
    counting = Counting()
    counting.scale = 0.5
    assert counting.fit_loop(lambda epoch: [one_number(1.0), one_number(3.0)], 2) == [2.0, 2.0]


def test_each_batch_is_gathered_before_its_step():
    counting = Counting()

    class Gathered(Batch):
        def gather(self):
            counting.calls.append("gather")

    batch = Gathered(EncodedRows(torch.ones(1, 1), torch.zeros(1, 1), None))
    counting.fit_loop(lambda epoch: [batch], 2)
    assert counting.calls == ["gather", "gradient", "step"] * 2


def test_nothing_is_recorded_for_autograd():
    seen = []

    class Noting(Counting):
        def compute(self, batch):
            seen.append(torch.is_grad_enabled())

    Noting().fit_loop(lambda epoch: [one_number(1.0)], 1)
    assert seen == [False]


def test_an_error_in_a_batch_reaches_the_caller():
    def batches(epoch):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        Counting().fit_loop(batches, 1)


def test_the_supervisor_is_asked_before_and_after_each_epoch():
    watching = Watching()
    Counting().fit_loop(lambda epoch: [one_number(float(epoch))], 2, watching)
    assert watching.calls == [("begin", 0), ("end", 0), ("begin", 1), ("end", 1)]
    assert watching.seen == [[0.0], [0.0, 1.0]]


def test_the_supervisor_ends_the_run():
    watching = Watching(stop_after=3)
    assert Counting().fit_loop(lambda epoch: [one_number(1.0)], 10, watching) == [1.0] * 3


def test_the_losses_are_looked_at_only_when_due():
    watching = Watching(interval=4)
    Counting().fit_loop(lambda epoch: [one_number(1.0)], 10, watching)
    assert [len(losses) for losses in watching.seen] == [4, 8]


def test_an_interrupt_ends_the_run_before_the_next_batch_and_drops_the_unfinished_epoch():
    watching, counting = Watching(), Counting()

    def batches(epoch):
        yield one_number(1.0)
        if epoch == 2:
            watching.interrupt.pressed = True
        yield one_number(2.0)

    assert counting.fit_loop(batches, 10, watching) == [3.0, 3.0]
    assert counting.calls == ["gradient", "step"] * 5


# Losses on a device that works on while the host goes ahead


class There:
    """Losses as on a GPU, but here."""

    def __init__(self, scale=1.0, before=()):
        self.loss = torch.empty(())
        self.losses = DeviceLossLog(self.loss, scale, before)

    def epoch(self, *values):
        for value in values:
            self.loss.fill_(value)
            self.losses.add()
        self.losses.end_epoch()


def test_losses_wait_on_the_device_and_are_read_together():
    there = There()
    for value in range(600):
        there.epoch(value)
    assert there.losses.read() == list(range(600))
    assert there.losses.read() == list(range(600))


def test_there_too_an_epochs_loss_is_the_sum_of_its_batches_scaled():
    there = There(0.5, [7.0])
    there.epoch(1, 2, 3)
    there.epoch(4)
    assert there.losses.read() == [7.0, 3.0, 2.0]


def test_no_loss_is_an_empty_history():
    assert There().losses.read() == []
