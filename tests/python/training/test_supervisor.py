"""What watches over a run: best weights, patience, divergence, the user's function."""

import math

import numpy as np
import pytest

from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.kept_weights import KeptWeights
from pytwolayer.training.supervisor import Supervisor
from pytwolayer.training.tracker import Run

NAN, INF = math.nan, math.inf


class Rates:
    """Stands for the optimiser; notes the learning rates it is given."""

    def __init__(self):
        self.set = []

    def set_learning_rate(self, learning_rate):
        self.set.append(learning_rate)


class Simulation:
    """A run whose losses are known before; its only weight is the number of the epoch."""

    def __init__(self, losses, valid_losses=None, schedule="constant", epochs=None, **options):
        self.losses, self.valid_losses = losses, valid_losses
        self.values, self.rates, self.epoch = torch.zeros(1), Rates(), 0
        epochs = epochs or len(losses)
        if valid_losses is not None:
            options["validation_step"] = lambda loss: loss.fill_(valid_losses[self.epoch])
        self.interrupt = Interrupt()
        self.supervisor = Supervisor(
            KeptWeights(self.values),
            epochs,
            self.rates,
            Schedule(schedule, 1.0, epochs),
            self.interrupt,
            **options,
        )

    def run(self):
        done = []
        for epoch, loss in enumerate(self.losses):
            self.epoch = epoch
            self.supervisor.begin_epoch(self.epoch)
            if self.interrupt.pressed:
                break
            self.values.fill_(self.epoch + 1)
            done.append(loss)
            if not self.supervisor.end_epoch(self.epoch, lambda: done):
                break
        (run,) = self.supervisor.finish(done)
        return run


def kept_copies(simulation):
    kept = simulation.supervisor._weights
    return sum(copy is not None for copy in (kept.best, kept.good, kept.candidate))


def told(*args, **options):
    simulation = Simulation(*args, **options)
    run = simulation.run()
    return run.stopped, len(run.losses), run.best_epoch, simulation.values.item()


def test_without_patience_and_validation_the_last_weights_stay():
    assert told([3.0, 1.0, 2.0]) == ("epochs", 3, None, 3)


def test_with_validation_the_weights_of_its_lowest_loss_come_back():
    assert told([3.0, 2.0, 1.0, 0.0], [5.0, 3.0, 4.0, 6.0]) == ("epochs", 4, 2, 2)


def test_of_equal_losses_the_first_is_the_best():
    assert told([3.0] * 4, [5.0, 3.0, 3.0, 4.0]) == ("epochs", 4, 2, 2)


@pytest.mark.parametrize(
    ("losses", "patience", "expected"),
    [
        ([3.0, 2.0, 2.0, 2.0, 1.0], 2, ("patience", 4, 2, 2)),
        ([3.0, 2.0, 2.0, 1.0, 1.0], 2, ("epochs", 5, 4, 4)),
        ([3.0, 4.0, 1.0], 1, ("patience", 2, 1, 1)),
        ([3.0, 4.0, 1.0], 10, ("epochs", 3, 3, 3)),
        ([1.0, 2.0, 3.0, 4.0], 3, ("patience", 4, 1, 1)),
    ],
)
def test_patience_counts_epochs_without_a_lower_loss(losses, patience, expected):
    # A training loss is that of the weights before the epoch's update.
    assert told(losses, patience=patience) == (*expected[:3], expected[3] - 1)
    assert told([1.0 / (n + 1) for n in range(5)][: len(losses)], losses, patience=patience) == (
        expected
    )


def test_best_weights_take_memory_only_where_a_best_epoch_is_looked_for():
    plain, watched = Simulation([3.0, 2.0, 1.0]), Simulation([3.0, 2.0, 1.0], [1.0, 0.5, 2.0])
    plain.run(), watched.run()
    assert (kept_copies(plain), kept_copies(watched)) == (2, 3)


@pytest.mark.parametrize("valid", [None, [1.0, 0.5, 2.0]])
def test_a_state_has_best_weights_in_any_case_and_brings_them_back(valid):
    first = Simulation([3.0, 2.0, 1.0], valid)
    first.run()
    state = first.supervisor.state()
    assert state["best"].shape == state["values"].shape
    other = Simulation([3.0, 2.0, 1.0], valid)
    other.supervisor.set_state(state)
    other.supervisor.finish([3.0, 2.0, 1.0])
    assert other.values.item() == (3 if valid is None else 2)


def test_a_run_that_diverged_comes_back_with_its_last_good_weights():
    first = Simulation([3.0, 2.0, NAN])
    first.run()
    other = Simulation([3.0, 2.0, NAN])
    other.supervisor.set_state(first.supervisor.state())
    other.supervisor.finish([3.0, 2.0, NAN])
    assert other.values.item() == 1


def test_the_best_weights_of_a_run_that_is_continued_are_those_it_begins_with():
    before = Run([3.0], [], best_epoch=1, stopped="patience")
    continued = Simulation([3.0, 9.0], before=before, patience=5)
    continued.values.fill_(7)
    continued.supervisor.end_epoch(1, lambda: [3.0, 9.0])
    continued.supervisor.finish([3.0, 9.0])
    assert continued.values.item() == 0


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_divergence_keeps_the_weights_before_and_the_history_up_to_it(bad):
    assert told([3.0, 2.0, bad, 1.0]) == ("divergence", 3, None, 1)
    assert told([bad]) == ("divergence", 1, None, 0)


def test_divergence_with_validation_gives_the_best_weights():
    assert told([3.0, 2.0, 2.0, NAN], [1.0, 0.5, 2.0, NAN]) == ("divergence", 4, 2, 2)


def test_a_validation_loss_that_is_not_finite_is_divergence_too():
    stopped, epochs, best, _ = told([3.0, 2.0, 1.0], [1.0, NAN, 1.0])
    assert (stopped, epochs, best) == ("divergence", 2, 1)


# Several networks together, looked at after every epoch or now and then


class Together:
    """Runs side by side; the only weight of each is the number of the epoch."""

    def __init__(self, losses, valid_losses, patience):
        self.losses, epochs = losses, len(losses)
        networks = losses.shape[1]
        self.values = torch.zeros(networks)
        validate = None
        if valid_losses is not None:

            def validate(loss):
                loss.copy_(torch.from_numpy(valid_losses[self.epoch]))

        self.supervisor = Supervisor(
            KeptWeights(self.values, networks, lambda vector: (vector.view(networks),)),
            epochs,
            Rates(),
            Schedule("constant", 1.0, epochs),
            Interrupt(),
            validation_step=validate,
            patience=patience,
        )

    def run(self):
        done = []
        for epoch, losses in enumerate(self.losses):
            self.epoch = epoch
            self.values.fill_(self.epoch + 1)
            done.append(losses)
            if not self.supervisor.end_epoch(self.epoch, lambda: done):
                break
        return self.supervisor.finish(done)


@pytest.mark.parametrize("ahead", [1, 2, 5, 64])
@pytest.mark.parametrize("patience", [None, 1, 4])
@pytest.mark.parametrize("valid", [False, True])
def test_each_of_several_networks_ends_as_it_would_alone(monkeypatch, ahead, patience, valid):
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: ahead)
    draws = np.random.default_rng([ahead, patience or 0, valid])
    for bad in (0, 0.03, 0.2):
        losses, own = draws.integers(1, 30, size=(2, 40, 6)).astype(float)
        losses[draws.random(losses.shape) < bad] = NAN
        own[draws.random(own.shape) < bad / 2] = INF
        together = Together(losses, own if valid else None, patience)
        runs = together.run()
        monkeypatch.undo()
        for k, run in enumerate(runs):
            alone = Simulation(losses[:, k], own[:, k] if valid else None, patience=patience)
            expected = alone.run()
            np.testing.assert_array_equal(run.losses, expected.losses)
            np.testing.assert_array_equal(run.valid_losses, expected.valid_losses)
            assert (run.best_epoch, run.stopped) == (expected.best_epoch, expected.stopped)
            assert together.values[k] == alone.values
        monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: ahead)


def test_a_run_that_ended_between_two_looks_is_kept_with_the_epochs_that_count(monkeypatch):
    monkeypatch.setattr("pytwolayer.training.supervisor.reading_interval", lambda *sizes: 8)

    class Keeper:
        kept = ()
        is_due = staticmethod(lambda epoch: False)

        def save(self, epoch, state):
            self.kept += ((epoch, len(state["losses"]), state["stopped"]),)

    keeper, losses = Keeper(), [3.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0]
    supervisor = Simulation(losses, patience=2, checkpoints=keeper).supervisor
    assert not supervisor.end_epoch(7, lambda: losses)
    assert keeper.kept == ((4, 4, "patience"),)


# The user's function


def test_on_epoch_is_told_epoch_from_one_and_loss():
    seen = []
    run = Simulation([3.0, 2.0], on_epoch=lambda epoch, loss: seen.append((epoch, loss))).run()
    assert seen == [(1, 3.0), (2, 2.0)]
    assert run.stopped == "epochs"


@pytest.mark.parametrize("no", [False, np.False_, np.bool_(0)])
def test_on_epoch_ends_the_run_by_false(no):
    expected = ("on_epoch", 2, None, 2)
    assert (
        told([3.0, 2.0, 1.0], on_epoch=lambda epoch, loss: no if epoch == 2 else True) == expected
    )


@pytest.mark.parametrize("answer", [None, True, 0, 0.0, "", [], np.array([]), torch.tensor(False)])
def test_on_epoch_ends_the_run_by_nothing_else(answer):
    assert told([3.0, 2.0], on_epoch=lambda epoch, loss: answer)[0] == "epochs"


def test_on_epoch_and_patience_go_together():
    assert told([1.0] * 9, patience=3, on_epoch=lambda e, loss: None)[:2] == ("patience", 4)


def test_ctrl_c_in_on_epoch_is_an_interrupt():
    def on_epoch(epoch, loss):
        if epoch == 2:
            raise KeyboardInterrupt

    assert told([3.0, 2.0, 1.0, 0.0], on_epoch=on_epoch) == ("interrupt", 2, None, 2)


# Learning rates and progress


def test_a_constant_learning_rate_is_left_alone():
    simulation = Simulation([1.0] * 3)
    simulation.run()
    assert simulation.rates.set == []


def test_a_schedule_sets_the_learning_rate_of_each_epoch_of_the_whole_run():
    simulation = Simulation([1.0] * 3, schedule="step")
    simulation.run()
    assert simulation.rates.set == pytest.approx([1, 0.1, 0.01])


@pytest.mark.parametrize("valid", [False, True])
def test_plateau_follows_the_validation_loss_where_there_is_one(valid):
    falling, stuck = [1.0 / (n + 1) for n in range(14)], [1.0] * 14
    simulation = (
        Simulation(falling, stuck, schedule="plateau")
        if valid
        else Simulation(stuck, schedule="plateau")
    )
    simulation.run()
    assert simulation.rates.set == [1.0] * 11 + [0.5] * 3


def test_progress_is_told_of_every_epoch():
    seen = []

    class Progress:
        update = staticmethod(lambda epoch, loss: seen.append((epoch, loss)))

    Simulation([3.0, 2.0], progress=Progress()).run()
    assert seen == [(1, 3.0), (2, 2.0)]


# How often the losses are looked at


def test_on_the_cpu_every_epoch_is_looked_at():
    supervisor = Simulation([1.0], epochs=100).supervisor
    assert all(supervisor.is_due(epoch) for epoch in range(100))


def test_elsewhere_only_some_are_unless_something_asks_for_each():
    def due(**options):
        values = torch.empty(1, device="meta")
        schedule = Schedule(options.pop("schedule", "constant"), 1.0, 100)
        supervisor = Supervisor(KeptWeights(values), 100, Rates(), schedule, Interrupt(), **options)
        return [epoch + 1 for epoch in range(100) if supervisor.is_due(epoch)]

    assert due() == due(patience=3) == due(validation_step=print) == [64, 100]
    every = list(range(1, 101))
    assert due(on_epoch=print) == every
    assert due(schedule="plateau") == every
