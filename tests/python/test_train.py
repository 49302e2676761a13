"""The training loop."""

import pytest

from pytwolayer.interrupt import Interrupt
from pytwolayer.torch_loading import torch
from pytwolayer.train import LossHistory, train

CPU = torch.device("cpu")


class Counting:
    """Stands for gradient and optimiser; notes what is called in which order."""

    def __init__(self):
        self.calls = []

    def gradient(self, x, y, loss, weights):
        self.calls.append("gradient")
        loss.fill_(float(x))

    def step(self, evaluate, loss):
        evaluate(loss)
        self.calls.append("step")

    def train(self, batches, epochs, supervisor=None):
        return train(self.gradient, self, batches, epochs, CPU, supervisor)


class Watching:
    """Stands for the supervisor; stops after some epochs."""

    def __init__(self, stop_after=10**9, interval=1):
        self.interrupt, self.calls, self.seen = Interrupt(), [], []
        self.stop_after, self.interval = stop_after, interval

    @property
    def ends_now(self):
        return self.interrupt.pressed

    def begin(self, epoch):
        self.calls.append(("begin", epoch))

    def is_due(self, epoch):
        return (epoch + 1) % self.interval == 0

    def goes_on(self, epoch, losses):
        self.calls.append(("goes_on", epoch))
        self.seen.append(list(losses))
        return epoch + 1 < self.stop_after


def one_number(value, share=1.0, weights=None):
    return torch.tensor(value), torch.tensor(0.0), share, weights


@pytest.mark.parametrize("epochs", [1, 2, 255, 256, 257, 600])
def test_one_loss_per_epoch_in_order(epochs):
    losses = Counting().train(lambda epoch: [one_number(float(epoch))], epochs)
    assert losses == [float(epoch) for epoch in range(epochs)]


def test_each_gradient_is_followed_by_one_step():
    counting = Counting()
    counting.train(lambda epoch: [one_number(1.0), one_number(2.0)], 3)
    assert counting.calls == ["gradient", "step"] * 6


def test_batches_are_asked_for_once_per_epoch_counted_from_zero():
    asked = []

    def batches(epoch):
        asked.append(epoch)
        yield one_number(1.0)

    Counting().train(batches, 4)
    assert asked == [0, 1, 2, 3]


def test_several_batches_give_one_loss_per_epoch_with_their_shares():
    batches = [one_number(1.0, 0.75), one_number(3.0, 0.25)]
    assert Counting().train(lambda epoch: batches, 2) == [1.5, 1.5]


def test_the_gradient_is_told_the_weights_of_the_batch():
    told = []

    class Noting(Counting):
        def gradient(self, x, y, loss, weights):
            told.append(weights)
            loss.zero_()

    weights = torch.tensor([[2.0]])
    Noting().train(lambda epoch: [one_number(1.0, weights=weights), one_number(2.0)], 1)
    assert told[0] is weights
    assert told[1] is None


def test_nothing_is_recorded_for_autograd():
    seen = []

    class Noting(Counting):
        def gradient(self, x, y, loss, weights):
            seen.append(torch.is_grad_enabled())
            loss.zero_()

    Noting().train(lambda epoch: [one_number(1.0)], 1)
    assert seen == [False]


def test_an_error_in_a_batch_reaches_the_caller():
    def batches(epoch):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        Counting().train(batches, 1)


def test_the_supervisor_is_asked_before_and_after_each_epoch():
    watching = Watching()
    Counting().train(lambda epoch: [one_number(float(epoch))], 2, watching)
    assert watching.calls == [("begin", 0), ("goes_on", 0), ("begin", 1), ("goes_on", 1)]
    assert watching.seen == [[0.0], [0.0, 1.0]]


def test_the_supervisor_ends_the_run():
    watching = Watching(stop_after=3)
    assert Counting().train(lambda epoch: [one_number(1.0)], 10, watching) == [1.0] * 3


def test_the_losses_are_looked_at_only_when_due():
    watching = Watching(interval=4)
    Counting().train(lambda epoch: [one_number(1.0)], 10, watching)
    assert [len(losses) for losses in watching.seen] == [4, 8]


def test_an_interrupt_ends_the_run_before_the_next_batch_and_drops_the_unfinished_epoch():
    watching, counting = Watching(), Counting()

    def batches(epoch):
        yield one_number(1.0)
        if epoch == 2:
            watching.interrupt.pressed = True
        yield one_number(2.0)

    assert counting.train(batches, 10, watching) == [3.0, 3.0]
    assert counting.calls == ["gradient", "step"] * 5


def test_losses_wait_on_the_device_and_are_read_together():
    history = LossHistory(CPU)
    for value in range(300):
        history.next_slot().fill_(value)
    assert history.losses() == list(range(300))
    assert history.losses() == list(range(300))


def test_a_loss_can_be_dropped_before_it_is_read():
    history = LossHistory(CPU)
    for value in range(257):
        history.next_slot().fill_(value)
    history.drop_last()
    assert history.losses() == list(range(256))


def test_no_loss_is_an_empty_history():
    assert LossHistory(CPU).losses() == []
