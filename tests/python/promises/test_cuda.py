"""Fits on a GPU: the same as on the CPU within rounding, and the same bits each time.

Most is tried with a stand-in too, see ``gpu_stand_in``; what only CUDA can show waits for a GPU.
"""

import gc
import os
import pickle
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from gpu_stand_in import STAND_IN, use_stand_in

from pytwolayer import (
    DeviceError,
    DeviceMemoryError,
    TwoLayerClassifier,
    TwoLayerRegressor,
    available_devices,
    chapter_losses,
    continue_training,
    load,
    two_layer,
)
from pytwolayer.checkpoints.folder import Checkpoints
from pytwolayer.errors import DivergenceError, InterruptWarning, ResumedWarning
from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.batches import Batches
from pytwolayer.optim.lr_schedule import SCHEDULES
from pytwolayer.runtime.torch_loading import torch

with_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")

DRAWS = np.random.default_rng(3)
ROWS = 60
X = pd.DataFrame(DRAWS.normal(size=(ROWS, 3)) * [1, 50, 1], columns=["a", "b", "c"])
X["level"] = pd.Categorical(DRAWS.choice(list("xyz"), ROWS))
Y = (X["a"] + X["b"] / 50 + X["c"] ** 2 + DRAWS.normal(size=ROWS) / 5).to_numpy()
CLASS = np.where(Y > 2, "high", np.where(Y > 1, "middle", "low"))
COUNTS = DRAWS.poisson(np.exp(X["a"].clip(-2, 1)))
TWO = np.column_stack([Y, X["c"] - Y])
WEIGHTS = DRAWS.uniform(0.2, 3, ROWS)
OUTCOMES = {
    "mse": Y,
    "mae": Y,
    "huber": TWO,
    "poisson": COUNTS,
    "gamma": COUNTS + 1,
    "cross_entropy": CLASS,
    "binomial": np.column_stack([COUNTS, COUNTS[::-1]]),
    "normal": Y,
    "negative_binomial": COUNTS,
    "binary_cross_entropy": np.column_stack([Y > 0, COUNTS > 1]).astype(float),
}


def shown(options):
    """Name a case without the numbers of its data."""
    if not isinstance(options, dict):
        return str(options)
    plain = int, float, str, type(None)
    return (
        " ".join(f"{k}={v}" if isinstance(v, plain) else k for k, v in options.items()) or "usual"
    )


def squared(output, y):
    return (output - y) ** 2


def by_row(output, y):
    return (output - y).abs().sum(1)


USUAL = {"hidden_units": 8, "epochs": 12, "seed": 1, "verbose": False, "weight_decay": 0.01}


@pytest.fixture(params=[STAND_IN, pytest.param("cuda", marks=with_gpu)])
def gpu(request, monkeypatch):
    """The name of a device."""
    if request.param == STAND_IN:
        use_stand_in(monkeypatch)
    return request.param


def fit(device="cpu", y=Y, x=X, **options):
    return two_layer(x, y, device=device, **USUAL | options)


def weights(fitted):
    models = getattr(fitted, "models", [fitted])
    return torch.cat([part.flatten() for m in models for part in m.network.parameters()])


def assert_close(there, here, rtol=2e-3):
    assert there.history.shape == here.history.shape
    np.testing.assert_allclose(there.history, here.history, rtol=rtol, atol=rtol)
    distance = (weights(there) - weights(here)).norm() / weights(here).norm()
    assert distance < rtol


def assert_same(one, other):
    assert one.history.equals(other.history)
    assert torch.equal(weights(one), weights(other))


@pytest.mark.parametrize("loss", OUTCOMES)
def test_every_loss_and_activation_is_that_of_the_cpu(gpu, loss):
    for activation in ACTIVATIONS:
        options = {"y": OUTCOMES[loss], "loss": loss, "activation": activation}
        assert_close(fit(gpu, **options), fit(**options))


OPTIMIZERS = [
    {"optimizer": "sgd"},
    {"optimizer": "sgd", "momentum": 0.9},
    {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    {"optimizer": "adam"},
    {"optimizer": "adamw"},
    {"optimizer": "rmsprop"},
    {"optimizer": "rmsprop", "momentum": 0.5},
]


@pytest.mark.parametrize("options", OPTIMIZERS, ids=shown)
def test_every_optimiser_and_schedule_is_that_of_the_cpu(gpu, options):
    for schedule in SCHEDULES:
        own = options | {"schedule": schedule, "epochs": 25}
        assert_close(fit(gpu, **own), fit(**own), 5e-3)


def test_lbfgs_is_that_of_the_cpu_as_long_as_rounding_does_not_count(gpu):
    options = {"optimizer": "lbfgs", "epochs": 5}
    assert_close(fit(gpu, **options), fit(**options), 1e-2)


OPTIONS = [
    {"reduction": "sum", "learning_rate": 0.001},
    {"batch_size": None, "sample_weight": WEIGHTS},
    {"batch_size": 16, "dropout": 0.3},
    {"batch_size": 7, "gradient_clip": 0.05, "sample_weight": WEIGHTS},
    {"validation": 0.25, "patience": 3, "batch_size": 16, "epochs": 80, "learning_rate": 0.02},
    {"validation": np.arange(0, ROWS, 4)},
    {"validation": (X[::3], Y[::3], WEIGHTS[::3]), "dropout": 0.1},
    {"patience": 2, "epochs": 300, "learning_rate": 0.05, "batch_size": 16},
    {"loss": squared, "batch_size": 16},
    {"loss": by_row, "sample_weight": WEIGHTS},
    {"encoding": "piecewise", "pieces": 4, "input_clip": None},
    {"shards": 4, "batch_size": 16, "validation": 0.25, "dropout": 0.1},
    {"shards": 3, "batch_size": None, "sample_weight": WEIGHTS},
    {"n_models": 3},
    {"n_models": 3, "batch_size": 16, "dropout": 0.3, "gradient_clip": 0.05},
    {"n_models": 3, "bootstrap": True, "sample_weight": WEIGHTS},
    {"n_models": 3, "bootstrap": True, "validation": 0.25, "batch_size": 16},
    {"n_models": 3, "validation": 0.25, "patience": 3, "epochs": 100, "learning_rate": 0.03},
]


@pytest.mark.parametrize("options", OPTIONS, ids=shown)
def test_every_option_is_that_of_the_cpu(gpu, options):
    assert_close(fit(gpu, **options), fit(**options), 1e-2)


@pytest.mark.parametrize("options", OPTIONS, ids=shown)
def test_a_fit_has_the_same_bits_again_and_with_steps_that_are_not_replayed(
    gpu, options, monkeypatch
):
    first = fit(gpu, **options)
    assert_same(first, fit(gpu, **options))
    monkeypatch.setattr(
        "pytwolayer.training.loop.make_graphed_step", lambda step, device, on_fixed_memory: step
    )
    assert_same(first, fit(gpu, **options))


@pytest.mark.parametrize("options", [{}, {"gradient_clip": 1.0, "n_models": 2}], ids=shown)
def test_auto_finds_what_it_finds_on_the_cpu(gpu, options):
    draws = np.random.default_rng(5)
    x = draws.normal(size=(200, 3))
    y = np.sin(2 * x[:, 0]) + (x[:, 1] > 0) + draws.normal(size=200) * 0.3
    options = {"weight_decay": "auto", "epochs": 90, "batch_size": 32, "x": x, "y": y} | options
    there, here = fit(gpu, **options), fit(**options)
    there, here = (getattr(each, "models", [each])[0] for each in (there, here))
    np.testing.assert_allclose(there.tuning["valid_loss"], here.tuning["valid_loss"], rtol=0.05)
    for name in ("encoding", "learning_rate", "weight_decay"):
        assert getattr(there.settings, name) == getattr(here.settings, name)


class KilledError(BaseException):
    """Ends a run as a kill does: nothing of it is left but its checkpoints."""


RUNS = [
    {"batch_size": 16},
    {"optimizer": "sgd", "momentum": 0.9, "schedule": "plateau"},
    {"optimizer": "rmsprop", "dropout": 0.3, "batch_size": 16},
    {"validation": 0.25, "patience": 20, "batch_size": 16},
    {"loss": squared},
    {"optimizer": "lbfgs"},
]


@pytest.mark.parametrize("options", RUNS, ids=shown)
@pytest.mark.parametrize("devices", ["gpu gpu", "gpu cpu", "cpu gpu"])
def test_a_run_that_was_killed_is_resumed_there_with_its_bits_and_elsewhere_within_rounding(
    gpu, devices, options, tmp_path, monkeypatch
):
    first, second = (gpu if name == "gpu" else "cpu" for name in devices.split())
    options = {"epochs": 40} | options
    saving = {"checkpoint": tmp_path, "checkpoint_every": 7}
    save, saved = Checkpoints.save, []

    def killing(self, epoch, state):
        save(self, epoch, state)
        saved.append(epoch)
        if len(saved) == 2:
            raise KilledError

    monkeypatch.setattr(Checkpoints, "save", killing)
    with pytest.raises(KilledError):
        fit(first, **saving, **options)
    with pytest.warns(ResumedWarning, match="Continuing after epoch 14 of 40"):
        resumed = fit(second, **saving, **options)
    undisturbed = fit(gpu, **options)
    if devices == "gpu gpu":
        assert_same(resumed, undisturbed)
    elif options.get("optimizer") == "lbfgs":  # whose line search amplifies rounding
        assert len(resumed.history) == 40
    else:
        assert_close(resumed, undisturbed, 2e-2)


def test_a_fit_goes_on_on_either_device_and_comes_back_from_files(gpu, tmp_path):
    there, here = fit(gpu), fit()
    on_gpu, on_cpu = (
        continue_training(there, X, Y, epochs=9, device=device, verbose=False)
        for device in (gpu, "cpu")
    )
    expected = continue_training(here, X, Y, epochs=9, verbose=False)
    assert_close(on_gpu, expected)
    assert_close(on_cpu, expected)
    there.save(tmp_path / "fit.safetensors")
    for again in (load(tmp_path / "fit.safetensors"), pickle.loads(pickle.dumps(there))):
        assert repr(again) == repr(there)
        assert again.predict(X).tolist() == there.predict(X).tolist()
        assert_same(continue_training(again, X, Y, epochs=9, device=gpu, verbose=False), on_gpu)
    assert {part.device.type for part in there.network.parameters()} == {"cpu"}


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "lbfgs"])
def test_estimators_learn_in_parts_on_either_device(gpu, optimizer):
    x = X[["a", "b", "c"]].to_numpy()
    for kind, y in ((TwoLayerRegressor, Y), (TwoLayerClassifier, CLASS)):
        options = {"hidden_units": 4, "epochs": 5, "random_state": 1, "optimizer": optimizer}
        there = kind(device=gpu, **options).fit(x, y)
        here = kind(**options).fit(x, y)
        assert_close(there.two_layer_, here.two_layer_, 1e-2)
        for device in (gpu, gpu, "cpu", gpu):
            there.set_params(device=device).partial_fit(x, y)
            there = pickle.loads(pickle.dumps(there))
            here.partial_fit(x, y)
        assert_close(there.two_layer_, here.two_layer_, 2e-2)


@pytest.mark.parametrize(
    "options", [{}, {"batch_size": 16, "validation": 0.2}, {"n_models": 3}], ids=shown
)
def test_ctrl_c_leaves_the_epochs_that_are_done(gpu, options, monkeypatch):
    deal = Batches.__call__

    def interrupting(self, epoch):
        if epoch == 45:
            signal.raise_signal(signal.SIGINT)
        return deal(self, epoch)

    expected = fit(gpu, epochs=45, schedule="constant", **options)
    monkeypatch.setattr(Batches, "__call__", interrupting)
    with pytest.warns(InterruptWarning):
        interrupted = fit(gpu, epochs=1000, schedule="constant", **options)
    assert interrupted.stopped == "interrupt"
    assert_same(interrupted, expected)


def test_divergence_leaves_the_last_good_weights(gpu):
    found = []
    for device in (gpu, "cpu"):
        with pytest.raises(DivergenceError) as caught:
            fit(device, optimizer="sgd", learning_rate=50.0, batch_size=None, epochs=200)
        found.append(caught.value.fit)
    there, here = found
    assert abs(len(there.history) - len(here.history)) <= 1
    assert torch.isfinite(weights(there)).all()


def test_fits_in_several_threads_at_once_have_their_bits(gpu):
    options = {"batch_size": 16, "epochs": 30, "dropout": 0.1}
    expected = [fit(gpu, seed=seed, **options) for seed in range(6)]
    with ThreadPoolExecutor(3) as threads:
        found = threads.map(lambda seed: fit(gpu, seed=seed, **options), range(6))
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)


def test_the_chapters_losses(gpu):
    there, here = chapter_losses(device=gpu), chapter_losses()
    np.testing.assert_allclose(there["loss"], here["loss"], rtol=1e-3)
    assert chapter_losses(device=gpu).equals(there)


# What only CUDA can show


@pytest.fixture
def little_memory():
    """Leave 1 GiB of the GPU's memory."""
    total = torch.cuda.get_device_properties(0).total_memory
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(2**30 / total)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)


@with_gpu
@pytest.mark.parametrize(
    "options",
    [
        {"hidden_units": 30_000_000},
        {"hidden_units": 4_000_000, "batch_size": None},
        {"hidden_units": 1_000_000, "n_models": 50},
        {"hidden_units": 3_000_000, "optimizer": "lbfgs"},
    ],
    ids=shown,
)
def test_a_gpu_that_is_full_is_an_error_after_which_the_next_fit_works(little_memory, options):
    before = torch.cuda.memory_allocated()
    with pytest.raises(DeviceMemoryError, match="Out of memory on cuda: ") as caught:
        fit("cuda", **options | {"epochs": 3})
    assert caught.value.needed > 0
    assert torch.cuda.memory_allocated() - before < 2**26
    assert_close(fit("cuda"), fit())


@with_gpu
def test_memory_that_runs_out_in_training_leaves_the_fit_so_far(little_memory):
    calls = []

    def loss(output, y):
        calls.append(1)
        more = output.new_zeros(2**29)[0] if len(calls) > 40 else 0
        return (output - y) ** 2 + more

    options = {"batch_size": None, "schedule": "constant"}
    with pytest.raises(DeviceMemoryError) as caught:
        fit("cuda", loss=loss, epochs=100, **options)
    expected = fit("cuda", loss=squared, epochs=40, **options)
    assert_same(caught.value.fit, expected)


@with_gpu
def test_fits_one_after_the_other_leave_no_more_memory_behind():
    options = {"epochs": 6, "batch_size": 16, "dropout": 0.1, "validation": 0.2}
    for _ in range(2):
        fit("cuda", **options)
    before = torch.cuda.memory_allocated(), torch.cuda.memory_reserved()
    for _ in range(40):
        fit("cuda", **options)
    after = torch.cuda.memory_allocated(), torch.cuda.memory_reserved()
    assert after <= before


@with_gpu
def test_the_users_settings_change_no_bit_and_stay(monkeypatch):
    draws = np.random.default_rng(0)
    x = draws.normal(size=(2000, 50)).astype(np.float32)
    options = {"x": x, "y": x[:, 0] * x[:, 1], "hidden_units": 256, "batch_size": 256, "epochs": 2}
    expected = fit("cuda", **options)
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        assert_same(fit("cuda", **options), expected)
        assert torch.backends.cuda.matmul.allow_tf32
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False
    with torch.autocast("cuda", dtype=torch.bfloat16):
        assert_same(fit("cuda", **options), expected)
    with torch.cuda.stream(torch.cuda.Stream()):
        assert_same(fit("cuda", **options), expected)
    torch.set_default_device("cuda")
    try:
        assert_same(fit("cuda", **options), expected)
    finally:
        torch.set_default_device(None)
    state = torch.cuda.get_rng_state()
    fit("cuda", dropout=0.2)
    assert torch.equal(torch.cuda.get_rng_state(), state)


@with_gpu
def test_tensors_of_the_gpu_are_data_like_others():
    x, y, sizes = (
        torch.tensor(each, dtype=torch.float32) for each in (X[["a", "c"]].to_numpy(), Y, WEIGHTS)
    )
    here = fit("cuda", y, x, sample_weight=sizes, validation=(x[:9], y[:9]))
    x, y, sizes = x.cuda(), y.cuda(), sizes.cuda()
    there = fit("cuda", y, x, sample_weight=sizes, validation=(x[:9], y[:9]))
    assert_same(there, here)
    assert there.predict(x).tolist() == here.predict(x.cpu()).tolist()


@with_gpu
def test_the_devices_have_names():
    assert available_devices()[0] == "cuda:0"
    expected = fit("cuda")
    for name in ("cuda:0", "auto", torch.device("cuda"), torch.device("cuda", 0)):
        assert_same(fit(name), expected)
    with pytest.raises(DeviceError, match=r"CUDA GPU\(s\) are visible"):
        fit(f"cuda:{torch.cuda.device_count()}")


FORKED = """
import os
import numpy as np
from pytwolayer import two_layer

x = np.random.default_rng(0).normal(size=(40, 3))
def fit(device):
    return two_layer(x, 2 * x[:, 0], epochs=3, seed=1, verbose=False, device=device).history["loss"]
expected = fit(FIRST)
child = os.fork()
if not child:
    try:
        print(np.allclose(fit(SECOND), expected, rtol=1e-3), flush=True)
    except Exception as problem:
        print(type(problem).__name__, flush=True)
    finally:
        os._exit(0)
os.waitpid(child, 0)
"""


@with_gpu
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [("cpu", "cuda", "True"), ("cuda", "cpu", "True"), ("cuda", "cuda", "DeviceError")],
)
def test_a_forked_child_can_use_a_gpu_that_its_parent_did_not(fresh_python, first, second, answer):
    done = fresh_python(f"FIRST, SECOND = {first!r}, {second!r}\n" + FORKED)
    assert done.stdout.split() == [answer], done.stderr


BROKEN = """
import numpy as np
from pytwolayer import two_layer

x = np.random.default_rng(0).normal(size=(40, 3))
calls = []
def loss(output, y):
    calls.append(1)
    row = output.new_tensor(10**6 if len(calls) > 5 else 0).long()
    return (output - y).square()[row.expand(len(y))]
try:
    two_layer(x, 2 * x[:, 0], epochs=30, seed=1, verbose=False, device="cuda", loss=loss)
except RuntimeError as problem:
    print("assert" in str(problem))
print(two_layer(x, 2 * x[:, 0], epochs=3, verbose=False).stopped)
"""


@with_gpu
def test_a_gpu_that_failed_altogether_leaves_the_cpu(fresh_python):
    done = fresh_python(BROKEN)
    assert done.stdout.split() == ["True", "epochs"], done.stderr
