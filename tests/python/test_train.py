"""The training loop."""

import pytest

from pytwolayer.torch_loading import torch
from pytwolayer.train import LossHistory, train

CPU = torch.device("cpu")


class Counting:
    """Stands for gradient and optimiser; notes what is called in which order."""

    def __init__(self):
        self.calls = []

    def __call__(self, x, y, loss):
        self.calls.append("gradient")
        loss.fill_(float(x))

    def step(self):
        self.calls.append("step")


def one_number(value, share=1.0):
    return torch.tensor(value), torch.tensor(0.0), share


@pytest.mark.parametrize("epochs", [1, 2, 255, 256, 257, 600])
def test_one_loss_per_epoch_in_order(epochs):
    counting = Counting()
    losses = train(counting, counting, lambda epoch: [one_number(float(epoch))], epochs, CPU)
    assert losses == [float(epoch) for epoch in range(epochs)]


def test_each_gradient_is_followed_by_one_step():
    counting = Counting()
    train(counting, counting, lambda epoch: [one_number(1.0), one_number(2.0)], 3, CPU)
    assert counting.calls == ["gradient", "step"] * 6


def test_batches_are_asked_for_once_per_epoch_counted_from_zero():
    asked = []

    def batches(epoch):
        asked.append(epoch)
        yield one_number(1.0)

    train(Counting(), Counting(), batches, 4, CPU)
    assert asked == [0, 1, 2, 3]


def test_several_batches_give_one_loss_per_epoch_with_their_shares():
    counting, batches = Counting(), [one_number(1.0, 0.75), one_number(3.0, 0.25)]
    assert train(counting, counting, lambda epoch: batches, 2, CPU) == [1.5, 1.5]


def test_nothing_is_recorded_for_autograd():
    seen = []

    def gradient(x, y, loss):
        seen.append(torch.is_grad_enabled())
        loss.zero_()

    train(gradient, Counting(), lambda epoch: [one_number(1.0)], 1, CPU)
    assert seen == [False]


def test_an_error_in_a_batch_reaches_the_caller():
    def batches(epoch):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        train(Counting(), Counting(), batches, 1, CPU)


def test_losses_wait_on_the_device_and_are_read_together():
    history = LossHistory(CPU)
    for value in range(300):
        history.next_slot().fill_(value)
    assert history.losses() == list(range(300))
    assert history.losses() == list(range(300))


def test_no_loss_is_an_empty_history():
    assert LossHistory(CPU).losses() == []
