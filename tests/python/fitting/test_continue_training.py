"""``continue_training()``: more epochs for a fit."""

import gc
import pickle
import signal
import weakref

import numpy as np
import pandas as pd
import pytest
from checkpoint_samples import FRAME, SIDE, Y, assert_same_bits, break_off, checkpoint_names, fit

from pytwolayer import ArgumentError, continue_training, load, two_layer
from pytwolayer.errors import DivergenceError, InterruptWarning, ResumedWarning
from pytwolayer.models.load import from_bytes
from pytwolayer.models.model_file import to_bytes
from pytwolayer.runtime.torch_loading import torch

MORE = {"epochs": 7}


def weights(fit):
    return [parameter.clone() for parameter in fit.network.parameters()]


def saved_and_loaded(fit):
    return from_bytes(to_bytes(fit))


# What comes of it

RUNS = {
    "adam": {},
    "batches and dropout": {"batch_size": 5, "dropout": 0.3},
    "lbfgs": {"optimizer": "lbfgs"},
    "plateau": {"optimizer": "sgd", "schedule": "plateau", "momentum": 0.5},
    "held out": {"validation": 0.3, "learning_rate": 0.1},
    "held-out rows": {"validation": [0, 5, 9]},
    "patience": {"patience": 4, "learning_rate": 0.1},
    "classes": {"y": SIDE, "class_weights": "balanced"},
    "weights": {"sample_weight": np.arange(24) % 3 + 1},
    "arrays": {"x": FRAME[["a", "b"]].to_numpy(), "y": np.column_stack([Y, -Y])},
}


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_it_is_the_same_with_and_without_file_and_data(tmp_path, options):
    before = fit(**options)
    more = continue_training(before, **MORE)
    names = {"x", "y", "validation", "class_weights", "sample_weight"}
    given = {"x": FRAME, "y": Y} | {name: options[name] for name in names & set(options)}
    assert_same_bits(continue_training(before, **given, **MORE), more, given["x"])
    before.save(tmp_path / "fit.safetensors")
    again = continue_training(load(tmp_path / "fit.safetensors"), **given, **MORE)
    assert_same_bits(again, more, given["x"])
    assert again.rows == before.rows


def test_the_history_is_that_of_both():
    before = fit(batch_size=5)
    seen = []
    more = continue_training(before, **MORE, on_epoch=lambda *told: seen.append(told))
    assert more.history["epoch"].tolist() == list(range(1, 20))
    assert more.history["loss"][:12].tolist() == before.history["loss"].tolist()
    assert seen == list(zip(range(13, 20), more.history["loss"][12:], strict=True))
    assert more.settings.epochs == 19
    assert more.stopped == "epochs"


def test_it_begins_with_the_weights_and_ends_elsewhere():
    before = fit(learning_rate=0.01, epochs=60)
    more = continue_training(before, epochs=40)
    assert more.history["loss"][60] < before.history["loss"].iloc[-1]
    assert more.history["loss"].iloc[-1] < more.history["loss"][60]
    mean = ((before.predict(FRAME) - Y) ** 2).mean() / Y.var()
    assert more.history["loss"][60] == pytest.approx(mean, rel=1e-5)


def test_the_learning_rate_begins_anew():
    before = fit(learning_rate=0.05, epochs=60)
    constant = fit(learning_rate=0.05, epochs=60, schedule="constant")
    assert not np.allclose(before.history["loss"][30:], constant.history["loss"][30:])
    first = continue_training(before, epochs=1)
    pairs = zip(weights(first), weights(before), strict=True)
    step = max((one - other).abs().max().item() for one, other in pairs)
    assert step == pytest.approx(0.05, rel=0.01)  # Adam's first step, of the whole rate


def test_the_fit_itself_and_all_that_is_global_stay_as_they_were():
    before = fit(validation=0.3, batch_size=5, dropout=0.2)
    data, state = to_bytes(before), torch.get_rng_state()
    numpy_state, threads = np.random.get_state()[1].tolist(), torch.get_num_threads()
    handler = signal.getsignal(signal.SIGINT)
    continue_training(before, **MORE)
    assert to_bytes(before) == data
    assert torch.equal(torch.get_rng_state(), state)
    assert np.random.get_state()[1].tolist() == numpy_state
    assert torch.get_num_threads() == threads
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_batches_are_not_the_first_ones_again():
    batches = []

    def loss(output, y):
        batches.append(tuple(y[:, 0].tolist()))
        return (output - y) ** 2

    before = fit(batch_size=8, loss=loss)
    continue_training(continue_training(before, epochs=5), epochs=5)
    assert len(batches) == 3 * (12 + 5 + 5)
    assert len(set(batches)) == len(batches)


def test_held_out_rows_are_the_same_rows():
    seen = []

    def loss(output, y):
        seen.append(frozenset(y[:, 0].tolist()))
        return (output - y) ** 2

    before = fit(loss=loss, validation=0.25)
    first = set(seen)
    seen.clear()
    continue_training(before, **MORE)
    assert {rows for rows in seen if len(rows) == 6} == {rows for rows in first if len(rows) == 6}


def test_the_best_epoch_is_that_of_all():
    options = {"validation": 0.3, "learning_rate": 0.3, "epochs": 30}
    before = fit(**options)
    more = continue_training(before, epochs=30)
    assert more.best_epoch == more.history["valid_loss"].idxmin() + 1


def test_old_weights_come_back_where_nothing_better_comes():
    before = fit(optimizer="sgd", validation=0.3, learning_rate=0.02, epochs=30)
    wild = from_bytes(to_bytes(before))
    object.__setattr__(wild.settings, "learning_rate", 20.0)
    try:
        more = continue_training(wild, FRAME, Y, epochs=3, validation=0.3)
    except DivergenceError as problem:
        more = problem.fit
    assert more.history["valid_loss"][30:].min() > before.history["valid_loss"].min()
    assert more.best_epoch == before.best_epoch
    assert all(map(torch.equal, weights(more), weights(before)))


def test_patience_counts_from_here():
    options = {"patience": 4, "learning_rate": 0.3, "epochs": 60}
    before = fit(**options)
    assert before.stopped == "patience"
    more = continue_training(before, epochs=50)
    assert len(more.history) >= len(before.history) + 4
    assert more.history["loss"].idxmin() + 1 == more.best_epoch
    watched = more.history["loss"].iloc[max(more.best_epoch, len(before.history)) :]
    assert more.stopped == "epochs" or len(watched) == 4


# Fits that ended early


def test_an_interrupted_fit_goes_on():
    def press(epoch, loss):
        if epoch == 5:
            raise KeyboardInterrupt

    with pytest.warns(InterruptWarning):
        before = fit(on_epoch=press)
    more = continue_training(before, **MORE)
    assert (len(more.history), more.stopped, more.settings.epochs) == (12, "epochs", 12)


def test_a_fit_that_was_interrupted_at_once_goes_on():
    def press(output, y):
        signal.raise_signal(signal.SIGINT)
        return (output - y) ** 2

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.warns(InterruptWarning, match="after 0 of 12"):
            empty = fit(loss=press, batch_size=5)
    finally:
        signal.signal(signal.SIGINT, before)
    more = continue_training(empty, loss=lambda output, y: (output - y) ** 2, **MORE)
    assert len(more.history) == 7


@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_a_diverged_fit_goes_on(validation):
    options = {"optimizer": "sgd", "learning_rate": 30.0, "epochs": 90, "weight_decay": 0.0}
    with pytest.raises(DivergenceError) as caught:
        fit(**options, validation=validation)
    before = caught.value.fit
    for one in (before, saved_and_loaded(before)):
        with pytest.raises(DivergenceError) as again:
            continue_training(one, FRAME, Y, validation=validation, epochs=90)
        assert len(again.value.fit.history) > len(before.history)


# With checkpoints


@pytest.mark.filterwarnings("ignore::pytwolayer.errors.ResumedWarning")
@pytest.mark.parametrize(
    "options",
    [{"batch_size": 5, "dropout": 0.3}, {"validation": 0.3, "patience": 30, "optimizer": "lbfgs"}],
    ids=["dropout", "lbfgs"],
)
def test_broken_off_it_ends_with_the_same_bits(tmp_path, options):
    before = fit(**options)
    unbroken = continue_training(before, epochs=9)

    def run(**more):
        return continue_training(before, epochs=9, checkpoint=tmp_path, checkpoint_every=1, **more)

    for epoch in (14, 17, 18):
        break_off(run, epoch)
    assert (tmp_path / checkpoint_names(17)[0]).exists()
    assert_same_bits(run(), unbroken)
    assert_same_bits(run(on_epoch=lambda *told: pytest.fail("trained")), unbroken)


def test_a_checkpoint_is_of_the_fit_that_goes_on(tmp_path):
    before = fit()
    continue_training(before, epochs=9, checkpoint=tmp_path)
    with pytest.raises(ArgumentError, match="differs in the fit that it goes on from"):
        continue_training(
            continue_training(fit(epochs=11), epochs=1), epochs=9, checkpoint=tmp_path
        )
    with pytest.raises(ArgumentError, match=r"differs in `epochs` \(21, now 22\)"):
        continue_training(before, epochs=10, checkpoint=tmp_path)
    with pytest.raises(ArgumentError, match="differs in the fit that it goes on from"):
        fit(tmp_path, epochs=21)
    with pytest.warns(ResumedWarning):
        continue_training(before, epochs=9, checkpoint=tmp_path)


# The data


def test_data_that_are_gone_are_asked_for_by_name():
    x, y, held_out = FRAME.copy(), Y.copy(), np.arange(3)
    before = two_layer(x, y, epochs=3, hidden_units=2, validation=held_out)
    assert len(continue_training(before, epochs=1).history) == 4
    del y
    gc.collect()
    with pytest.raises(ArgumentError, match="`y` must be given again, since the data of the fit"):
        continue_training(before, epochs=1)
    assert len(continue_training(before, y=Y, epochs=1).history) == 4
    del held_out
    gc.collect()
    with pytest.raises(ArgumentError, match="`validation` must be given again"):
        continue_training(before, y=Y, epochs=1)
    del x
    gc.collect()
    with pytest.raises(ArgumentError, match="`x` must be given again"):
        continue_training(before, y=Y, epochs=1)
    assert len(continue_training(before, FRAME, Y, validation=[0, 1, 2], epochs=1).history) == 4


def test_a_fit_keeps_no_data_in_memory():
    x, y = FRAME.copy(), pd.Series(Y)
    before = two_layer(x, y, epochs=1, hidden_units=1)
    watched = [weakref.ref(x), weakref.ref(y)]
    del x, y
    gc.collect()
    assert [one() for one in watched] == [None, None]
    assert len(before.history) == 1


@pytest.mark.parametrize("copy", [lambda f: pickle.loads(pickle.dumps(f)), saved_and_loaded])
def test_a_copy_from_elsewhere_asks_for_data(copy):
    before = fit()
    with pytest.raises(ArgumentError, match="`x` must be given again, since a fit that was loaded"):
        continue_training(copy(before), epochs=1)
    more = continue_training(copy(before), FRAME, Y, epochs=1)
    assert_same_bits(more, continue_training(before, epochs=1))


def test_outcomes_by_name_go_on():
    table = FRAME.assign(y=Y)
    before = two_layer(table, outcome="y", epochs=3, hidden_units=2)
    more = continue_training(before, epochs=2)
    assert_same_bits(continue_training(before, FRAME, table["y"], epochs=2), more)
    assert_same_bits(continue_training(before, table, outcome="y", epochs=2), more)
    with pytest.raises(ArgumentError, match="`outcome` must be"):
        continue_training(before, table, outcome="z", epochs=2)


DIFFERENT = {
    "x": ({"x": FRAME.assign(a=1.0)}, r'`x` must be .* differ in training data \(column "a"\)\.'),
    "y": ({"y": Y + 1}, r'which differ in outcome \(column "1"\)'),
    "fewer rows": ({"x": FRAME[:20], "y": Y[:20]}, "which differ in all of the training data, or"),
    "weights": ({"sample_weight": np.arange(24) % 2 + 1}, "weights of the rows"),
    "held out": ({"validation": 0.2}, "`validation` must be 0, as in the fit, not rows held out"),
}


@pytest.mark.parametrize(("given", "told"), DIFFERENT.values(), ids=DIFFERENT)
def test_other_data_are_an_error_that_says_which(given, told):
    for before in (fit(), saved_and_loaded(fit())):
        with pytest.raises(ArgumentError, match=told):
            continue_training(before, **{"x": FRAME, "y": Y} | given, epochs=1)


def test_data_changed_in_place_are_an_error():
    x = FRAME[["a", "b"]].to_numpy().copy()
    before = fit(x=x)
    x[3, 1] += 1
    with pytest.raises(ArgumentError, match=r'which differ in training data \(column "2"\)'):
        continue_training(before, epochs=1)


def test_other_held_out_rows_are_an_error():
    before = saved_and_loaded(fit(validation=0.3))
    with pytest.raises(ArgumentError, match="which held rows out, not 0"):
        continue_training(before, FRAME, Y, epochs=1)
    for other in (0.4, [1, 2, 3]):
        with pytest.raises(ArgumentError, match="differ in held-out rows"):
            continue_training(before, FRAME, Y, validation=other, epochs=1)


def test_the_same_data_in_another_form_are_the_same_data():
    x = FRAME[["a", "b"]].to_numpy()
    before = fit(x=x, y=SIDE)
    assert fit(x=torch.tensor(x), y=SIDE).data == before.data
    assert fit(x=np.asfortranarray(x), y=list(SIDE)).data == before.data
    assert fit(x=x.tolist(), y=pd.Series(SIDE, index=range(50, 74))).data == before.data
    named = fit(y=SIDE)
    for town in ("category", "string"):
        same = FRAME.astype({"town": town})
        again = fit(x=same, y=pd.Categorical(SIDE))
        assert again.data == named.data
        assert again.history.equals(named.history)
    assert fit(x=FRAME.assign(a=FRAME["a"].astype("float32")), y=SIDE).data != named.data
    whole = np.arange(24)
    assert fit(y=whole).data == fit(y=whole.astype("float32")).data
    assert saved_and_loaded(named).data == named.data


# Arguments


def test_a_loss_function_that_a_file_forgot_is_asked_for():
    def absolute(output, y):
        return (output - y).abs()

    before = fit(loss=absolute)
    more = continue_training(before, **MORE)
    loaded = saved_and_loaded(before)
    with pytest.raises(ArgumentError, match=r"`loss` must be given again, .* function `absolute`"):
        continue_training(loaded, FRAME, Y, **MORE)
    assert_same_bits(continue_training(loaded, FRAME, Y, loss=absolute, **MORE), more)
    with pytest.raises(ArgumentError, match='`loss` must be "mse", as in the fit, not "mae"'):
        continue_training(fit(), loss="mae", **MORE)
    with pytest.raises(ArgumentError, match='`loss` must be "mse", as in the fit, not a function'):
        continue_training(fit(), loss=absolute, **MORE)
    with pytest.raises(ArgumentError, match="`loss` must be a function, as in the fit"):
        continue_training(before, loss="mse", **MORE)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epochs": "auto"}, "epochs"),
        ({"epochs": 1.5}, "epochs"),
        ({"on_epoch": 3}, "on_epoch"),
        ({"verbose": "yes"}, "verbose"),
        ({"checkpoint": 3}, "checkpoint"),
        ({"validation": 2}, "validation"),
        ({"y": [1, 2]}, "y"),
    ],
    ids=str,
)
def test_a_bad_argument_is_told_by_its_name(options, name):
    with pytest.raises(ArgumentError, match=f"^`{name}` must be"):
        continue_training(fit(), **MORE | options)


@pytest.mark.parametrize("what", [None, 3, "fit", two_layer])
def test_what_is_no_fit_is_an_error(what):
    with pytest.raises(ArgumentError, match=r"`fit` must be what two_layer\(\) gave, not"):
        continue_training(what, epochs=1)


def test_a_fit_that_ended_before_its_first_epoch_can_go_on_with_its_held_out_rows():
    def loss(output, y):
        signal.raise_signal(signal.SIGINT)
        return (output - y) ** 2

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.warns(InterruptWarning):
            nothing = fit(validation=0.25, batch_size=5, loss=loss)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(nothing.history) == 0
    squared = lambda output, y: (output - y) ** 2  # noqa: E731
    again = continue_training(nothing, FRAME, Y, epochs=3, loss=squared)
    assert list(again.history) == ["epoch", "loss", "valid_loss"]
