"""Which devices there are, and the choice of one."""

import pickle
from dataclasses import replace

import pytest

from pytwolayer import (
    ArgumentError,
    DeviceError,
    TwoLayerRegressor,
    available_devices,
    chapter_losses,
    select_device,
    two_layer,
)
from pytwolayer.models.load import from_bytes
from pytwolayer.models.model_file import to_bytes
from pytwolayer.runtime.torch_loading import torch


@pytest.fixture
def machine(monkeypatch):
    """Pretend to be a machine with some GPUs; no real one is needed."""

    def pretend(cuda=0, mps=False, build="13.0", mps_built=False):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.version, "cuda", build)
        monkeypatch.setattr(torch.version, "hip", None, raising=False)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.backends.mps, "is_built", lambda: mps or mps_built)

    return pretend


def test_the_cpu_is_always_there_and_last():
    assert available_devices()[-1] == "cpu"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, ["cpu"]),
        ({"cuda": 2}, ["cuda:0", "cuda:1", "cpu"]),
        ({"mps": True}, ["mps", "cpu"]),
    ],
)
def test_devices_are_listed_best_first_and_auto_takes_the_first(machine, parts, expected):
    machine(**parts)
    assert available_devices() == expected
    assert select_device("auto") == torch.device(expected[0])
    assert select_device() == torch.device(expected[0])


@pytest.mark.parametrize("name", ["cpu", "cpu:0", torch.device("cpu"), torch.device("cpu", 0)])
def test_the_cpu_is_selected_without_looking_for_a_gpu(monkeypatch, name):
    """Looking starts CUDA's driver, and a child that is forked later could use no GPU."""
    for look in ("device_count", "is_available"):
        monkeypatch.setattr(torch.cuda, look, lambda look=look: pytest.fail(look))
    assert select_device(name) == torch.device("cpu")
    rows, outcome = [[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0]
    assert two_layer(rows, outcome, epochs=2, device=name).device == "cpu"
    assert TwoLayerRegressor(epochs=2, device=name).fit(rows, outcome).n_iter_ == 2
    assert len(chapter_losses(2, device=name)) == 2


def test_a_gpu_whose_driver_does_not_work_is_not_listed(machine, monkeypatch):
    machine(cuda=1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert available_devices() == ["cpu"]


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:1"])
def test_a_gpu_that_is_there_can_be_named(machine, name):
    machine(cuda=2)
    assert select_device(name) == torch.device(name)


def test_a_device_object_is_as_good_as_its_name(machine):
    machine(cuda=1)
    assert select_device(torch.device("cpu")) == torch.device("cpu")
    assert select_device(torch.device("cuda", 0)) == torch.device("cuda:0")


@pytest.mark.parametrize(
    ("parts", "name", "why"),
    [
        ({"build": None}, "cuda", r"this PyTorch \(.*\) is built without CUDA"),
        ({"cuda": 0}, "cuda", "no CUDA GPU is visible"),
        ({"cuda": 2}, "cuda:2", r"2 CUDA GPU\(s\) are visible"),
        ({"cuda": 2}, "cuda:10", r"2 CUDA GPU\(s\) are visible"),
        ({}, "mps", "this PyTorch is built without MPS"),
        ({"mps_built": True}, "mps", "this machine has no Apple GPU"),
    ],
)
def test_a_device_that_is_not_there_is_an_error_that_says_why_and_what_is(
    machine, parts, name, why
):
    machine(**parts)
    there = ", ".join(f'"{device}"' for device in available_devices())
    message = rf'^`device` must be a device of this machine \({there}\), not "{name}": {why}\.$'
    with pytest.raises(DeviceError, match=message):
        select_device(name)


@pytest.mark.parametrize(
    "name",
    [
        "gpu",
        "",
        "CPU",
        "cuda:",
        "cuda:-1",
        "cuda:01",
        "cuda:x",
        "cuda:0\n",
        " cpu",
        "cpu:1",
        "mps:1",
    ],
)
def test_an_unknown_name_is_an_error_that_lists_the_names(name):
    with pytest.raises(DeviceError, match='`device` must be one of "auto", "cpu", "cuda"'):
        select_device(name)


@pytest.mark.parametrize("value", [None, 0, 1.5, True, ["cpu"], b"cpu"])
def test_what_is_no_name_at_all_is_an_error_that_shows_it(value):
    with pytest.raises(DeviceError, match=f"not {value!r}".replace("[", r"\[")):
        select_device(value)


def test_a_device_error_can_be_caught_as_an_argument_error_and_as_a_value_error():
    assert issubclass(DeviceError, ArgumentError)
    assert issubclass(DeviceError, ValueError)


def test_a_tensors_own_device_can_be_handed_over(machine):
    assert select_device(torch.empty(1).device) == torch.device("cpu")
    machine(mps=True)
    assert select_device(torch.device("mps", 0)).type == "mps"  # how a tensor on MPS names it


# A model that was trained on a device that is not here

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU here")


def bytes_and_back(model):
    return from_bytes(to_bytes(model))


def pickle_and_back(model):
    return pickle.loads(pickle.dumps(model))


@without_gpu
@pytest.mark.parametrize("back", [bytes_and_back, pickle_and_back])
def test_a_model_of_an_absent_device_prints_and_predicts(fit, frame, back):
    model = back(replace(fit, device="cuda:0"))
    assert model.device == "cuda:0"
    assert "30 epochs on cuda:0, seed 3" in repr(model)
    assert model.predict(frame).tolist() == fit.predict(frame).tolist()


@without_gpu
def test_an_estimator_of_an_absent_device_predicts_and_goes_on_where_it_is_told_to(frame, outcome):
    here = TwoLayerRegressor(epochs=2, random_state=1).fit(frame, outcome)
    estimator = pickle_and_back(here).set_params(device="cuda")
    estimator.two_layer_ = replace(estimator.two_layer_, device="cuda:0")
    estimator = pickle_and_back(estimator)
    assert estimator.predict(frame).tolist() == here.predict(frame).tolist()
    with pytest.raises(DeviceError, match="`device` must be a device of this machine"):
        estimator.partial_fit(frame, outcome)
    again = estimator.set_params(device="cpu").partial_fit(frame, outcome)
    assert again.predict(frame).tolist() == here.partial_fit(frame, outcome).predict(frame).tolist()
