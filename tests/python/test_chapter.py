"""The chapter's network and its 500 losses."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, DeviceError, chapter_losses
from pytwolayer.chapter import chapter_loop, chapter_problem, printed_losses
from pytwolayer.runtime.torch_loading import torch

FIXTURE = Path(__file__).parent.parent / "fixtures" / "chapter_losses.csv"


@contextmanager
def threads(number: int):
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def drawn_as_the_chapter_draws(n=64, d_in=1000, hidden_units=100, d_out=10, seed=0):
    """Draw data and network from the global random state, which is put back afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        x, y = torch.randn(n, d_in), torch.randn(n, d_out)
        net = torch.nn.Sequential(
            torch.nn.Linear(d_in, hidden_units),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden_units, d_out),
        )
    return x, y, net


def short_update(param, learning_rate):
    param.data = param.data - param.grad * learning_rate


def long_update(param, learning_rate):
    step = torch.mul(param.grad.data, torch.scalar_tensor(learning_rate))
    param.data = torch.sub(param.data, step)


def autograd_losses(steps, learning_rate=1e-4, update=short_update, loss=None, **sizes):
    """Step the network as the chapter does, on its own."""
    x, y, net = drawn_as_the_chapter_draws(**sizes)
    loss_function = loss or torch.nn.MSELoss(reduction="sum")
    losses = []
    for _ in range(steps):
        value = loss_function(net(x), y)
        losses.append(value.item())
        net.zero_grad()
        value.backward()
        with torch.no_grad():
            for param in net.parameters():
                update(param, learning_rate)
    return losses


def at_three_digits(losses):
    return [float(f"{loss:.3g}") for loss in losses]


@pytest.mark.parametrize("number", [1, 2])
def test_all_500_rows_equal_the_printed_table(number):
    printed = pd.read_csv(FIXTURE)
    with threads(number):
        losses = chapter_losses()
    assert losses["iter"].tolist() == printed["iter"].tolist()
    assert at_three_digits(losses["loss"]) == printed["loss"].tolist()


@pytest.mark.parametrize("number", [1, 2])
def test_bits_equal_the_plain_autograd_loop(number):
    with threads(number):
        assert chapter_losses()["loss"].tolist() == autograd_losses(500)


@pytest.mark.parametrize("number", [1, 2])
def test_bits_equal_the_update_written_long(number):
    with threads(number):
        assert chapter_losses(60)["loss"].tolist() == autograd_losses(60, update=long_update)


@pytest.mark.parametrize(
    "sizes",
    [
        {"n": 1, "d_in": 1, "hidden_units": 1, "d_out": 1},
        {"n": 1, "d_in": 7, "hidden_units": 5, "d_out": 3},
        {"n": 33, "d_in": 17, "hidden_units": 1, "d_out": 2},
        {"n": 100, "d_in": 3, "hidden_units": 29, "d_out": 1},
        {"seed": 2**53},
        {"seed": 123},
    ],
    ids=str,
)
def test_bits_equal_the_plain_loop_at_other_sizes_and_seeds(sizes):
    ours = chapter_losses(20, 1e-3, **sizes)["loss"].tolist()
    assert ours == autograd_losses(20, 1e-3, **sizes)


def test_the_chapter_loop_to_compare_with_gives_the_same_bits():
    pd.testing.assert_frame_equal(chapter_losses(30), chapter_loop(30), check_exact=True)
    expected = autograd_losses(5, 1e-3, seed=4)
    assert chapter_loop(5, 1e-3, seed=4)["loss"].tolist() == expected


@pytest.mark.parametrize(
    ("loss", "module"),
    [("mse", torch.nn.MSELoss), ("mae", torch.nn.L1Loss), ("huber", torch.nn.HuberLoss)],
)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_other_losses_follow_autograd(loss, module, reduction):
    sizes = {"n": 32, "d_in": 50, "hidden_units": 20, "d_out": 5}
    expected = autograd_losses(20, 1e-3, loss=module(reduction=reduction), **sizes)
    ours = chapter_losses(20, 1e-3, loss=loss, reduction=reduction, **sizes)["loss"]
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_elementwise_mean_means_mean():
    old, new = (chapter_losses(10, reduction=name) for name in ("elementwise_mean", "mean"))
    pd.testing.assert_frame_equal(old, new, check_exact=True)


def test_the_mean_is_the_sum_divided_by_the_elements():
    mean, total = (chapter_losses(1, reduction=name)["loss"][0] for name in ("mean", "sum"))
    assert mean == pytest.approx(total / 640, rel=1e-6)


def test_columns_are_iter_from_one_and_loss_in_doubles():
    losses = chapter_losses(3)
    assert losses.columns.tolist() == ["iter", "loss"]
    assert losses["iter"].tolist() == [1, 2, 3]
    assert losses["iter"].dtype.kind == "i"
    assert losses["loss"].dtype == np.float64


def test_the_loss_is_that_before_the_update():
    x, y, net = drawn_as_the_chapter_draws()
    first = torch.nn.MSELoss(reduction="sum")(net(x), y).item()
    assert chapter_losses(1, 0.5)["loss"].tolist() == [first]


@pytest.mark.parametrize("steps", [255, 256, 257, 513])
def test_no_step_is_lost_where_losses_are_read_in_chunks(steps):
    losses = chapter_losses(steps, n=4, d_in=3, hidden_units=2, d_out=1)
    assert losses["iter"].tolist() == list(range(1, steps + 1))
    expected = autograd_losses(steps, n=4, d_in=3, hidden_units=2, d_out=1)
    assert losses["loss"].tolist() == expected


def test_data_and_weights_come_from_one_stream_in_the_chapters_order():
    x, y, net = chapter_problem()
    expected_x, expected_y, expected = drawn_as_the_chapter_draws()
    assert torch.equal(x, expected_x)
    assert torch.equal(y, expected_y)
    for ours, theirs in zip(net.parameters(), expected.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_same_call_gives_the_same_bits_and_another_seed_others():
    first, again, other = chapter_losses(5), chapter_losses(5), chapter_losses(5, seed=1)
    assert first["loss"].tolist() == again["loss"].tolist()
    assert set(first["loss"]).isdisjoint(other["loss"])


def test_the_users_default_dtype_changes_nothing():
    expected = chapter_losses(3)
    torch.set_default_dtype(torch.float64)
    try:
        losses = chapter_losses(3)
    finally:
        torch.set_default_dtype(torch.float32)
    pd.testing.assert_frame_equal(losses, expected, check_exact=True)


def test_it_runs_where_gradients_are_switched_off_or_on():
    expected = chapter_losses(3)
    for mode in (torch.no_grad, torch.enable_grad, torch.inference_mode):
        with mode():
            pd.testing.assert_frame_equal(chapter_losses(3), expected, check_exact=True)


def test_counts_may_be_whole_doubles():
    losses = chapter_losses(3.0, n=8.0, d_in=5.0, hidden_units=4.0, d_out=2.0, seed=7.0)
    expected = chapter_losses(3, n=8, d_in=5, hidden_units=4, d_out=2, seed=7)
    pd.testing.assert_frame_equal(losses, expected, check_exact=True)


@pytest.mark.parametrize("argument", ["steps", "n", "d_in", "hidden_units", "d_out"])
@pytest.mark.parametrize("value", [0, -1, 500.5, float("nan"), float("inf"), True, "3", None])
def test_a_bad_count_names_itself(argument, value):
    with pytest.raises(ArgumentError, match=rf"`{argument}` must be a whole number of at least 1"):
        chapter_losses(**{argument: value})


@pytest.mark.parametrize("value", [-1, 0.5, 2**53 + 2, float("nan"), "a", None, True])
def test_a_bad_seed_names_itself(value):
    with pytest.raises(ArgumentError, match=r"`seed` must be a whole number from 0 to \d+, not"):
        chapter_losses(seed=value)


@pytest.mark.parametrize("value", [0, -1e-4, float("nan"), float("inf"), "1e-4", None, True])
def test_a_bad_learning_rate_names_itself(value):
    with pytest.raises(ArgumentError, match="`learning_rate` must be a finite number above 0, not"):
        chapter_losses(learning_rate=value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loss": "mes"}, '`loss` must be one of "mse", .*, not "mes" .did you mean "mse"?'),
        ({"loss": None}, '`loss` must be one of "mse", .*, not None'),
        ({"reduction": "none"}, '`reduction` must be one of "mean", .*, not "none"'),
        ({"device": "tpu"}, '`device` must be one of "auto", .*, not "tpu"'),
    ],
)
def test_an_unknown_name_names_argument_choices_and_what_came(given, message):
    with pytest.raises(ArgumentError, match=message):
        chapter_losses(**given)


def test_an_unknown_argument_is_named():
    with pytest.raises(TypeError, match="'lerning_rate'"):
        chapter_losses(lerning_rate=1e-3)


def test_nothing_is_drawn_or_trained_for_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr("pytwolayer.chapter.chapter_problem", lambda *a: pytest.fail("drew"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="`device` must be a device of this machine"):
        chapter_losses(device="cuda")


def test_the_printed_table_in_the_package_is_the_fixture():
    packaged = Path(__file__).parent.parent.parent / "pytwolayer" / "data" / "chapter_losses.csv"
    assert packaged.read_bytes() == FIXTURE.read_bytes()
    printed = printed_losses()
    assert printed["iter"].tolist() == list(range(1, 501))
    assert printed["loss"].dtype == np.float64


def test_a_run_that_diverges_still_gives_every_row():
    losses = chapter_losses(200, 1.0, n=8, d_in=5, hidden_units=4, d_out=2)
    assert len(losses) == 200
    assert not np.isfinite(losses["loss"].iloc[-1])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_on_a_gpu_the_same_numbers_within_rounding():
    expected, losses = chapter_losses(50), chapter_losses(50, device="cuda")
    np.testing.assert_allclose(losses["loss"], expected["loss"], rtol=1e-3)
