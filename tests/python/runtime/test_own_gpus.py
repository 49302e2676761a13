"""Each of several processes has a GPU of its own, or all compute on the CPU."""

import pickle

import numpy as np
import pytest

from pytwolayer import DeviceError, TwoLayerRegressor, WorkerError, two_layer
from pytwolayer.runtime import own_gpus
from pytwolayer.runtime.own_gpus import (
    VisibleGpus,
    kind_asked_for,
    own_gpu_of_worker,
    select_among,
    select_for_workers,
)
from pytwolayer.runtime.torch_loading import torch


@pytest.fixture
def machine(monkeypatch):
    """Pretend to be a machine with some GPUs, of which CUDA can use as many as it says."""

    def pretend(visible=0, usable=None):
        usable = visible if usable is None else usable
        names = [f"cuda:{index}" for index in range(usable)]
        monkeypatch.setattr(torch.cuda, "device_count", lambda: visible)
        monkeypatch.setattr(own_gpus, "available_devices", lambda: [*names, "cpu"])
        monkeypatch.setattr(own_gpus, "_identity", lambda host, index: f"{host} {index}")
        monkeypatch.setattr(own_gpus, "reason_missing", lambda kind: "there is a reason")

    return pretend


@pytest.mark.parametrize("device", ["cpu", "cuda", "auto", torch.device("cuda")])
def test_these_devices_may_be_asked_for(device):
    assert kind_asked_for(device) == str(device)


def test_the_device_of_a_tensor_on_the_cpu_is_the_cpu():
    assert kind_asked_for(torch.device("cpu", 0)) == "cpu"


@pytest.mark.parametrize("device", ["cuda:1", "mps", "gpu", torch.device("cuda", 0), None, 1])
def test_others_are_refused_with_those_that_may_be(device):
    message = r'`device` must be "cpu", "cuda" \(a GPU for each\) or "auto" where there are several'
    with pytest.raises(DeviceError, match=message):
        kind_asked_for(device)


# Workers of this machine


@pytest.mark.parametrize(
    ("device", "visible", "kind"),
    [
        ("cpu", 2, "cpu"),
        ("cuda", 2, "cuda"),
        ("cuda", 3, "cuda"),
        ("auto", 2, "cuda"),
        ("auto", 1, "cpu"),
        ("auto", 0, "cpu"),
    ],
)
def test_workers_have_gpus_where_there_are_enough(machine, device, visible, kind):
    machine(visible)
    assert select_for_workers(device, 2) == torch.device(kind)


def test_too_few_gpus_are_an_error_that_says_how_many_workers_there_can_be(machine):
    machine(2)
    with pytest.raises(DeviceError) as caught:
        select_for_workers("cuda", 4)
    assert str(caught.value) == (
        '`device` must be "cpu", or `workers` at most 2, since each needs a GPU of its own, not '
        '"cuda" with 4 workers: 2 CUDA GPUs are visible.'
    )


def test_no_gpu_is_an_error_that_says_why(machine):
    machine(0)
    message = '`device` must be "cpu" on this machine, not "cuda": there is a reason'
    with pytest.raises(DeviceError, match=message):
        select_for_workers("cuda", 2)


def test_a_forked_process_that_cannot_use_gpus_finds_none(machine, monkeypatch):
    machine(2)
    monkeypatch.setattr(own_gpus, "is_forked_from_gpu", lambda: True)
    assert select_for_workers("auto", 2) == torch.device("cpu")
    with pytest.raises(DeviceError, match="there is a reason"):
        select_for_workers("cuda", 2)


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps"])
def test_a_fit_is_refused_before_its_data_are_read_and_cuda_is_not_started(device, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("starts CUDA"))
    how = {"device": device, "shards": 2, "workers": 2}
    with pytest.raises(DeviceError, match="`device` must be"):
        two_layer("no such file", outcome="y", **how)
    with pytest.raises(DeviceError, match="`device` must be"):
        TwoLayerRegressor(**how).fit(np.ones((4, 1)), np.arange(4.0))


def test_a_worker_has_the_gpu_of_its_number(machine, monkeypatch):
    machine(2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert own_gpu_of_worker() == torch.device("cuda", 1)


def test_a_gpu_that_is_visible_and_cannot_be_used_is_an_error_of_the_worker(machine, monkeypatch):
    machine(2, usable=0)
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(DeviceError, match=r"a GPU that is visible cannot be used.*a reason"):
        own_gpu_of_worker()


# Processes of a launcher


def see(host="one", place=None, gpus=(), reason="there is a reason"):
    return VisibleGpus(host, place, tuple(gpus), "" if gpus else reason)


PAIR = [see(place=0, gpus="AB"), see(place=1, gpus="AB")]
HOSTS = [*PAIR, see("two", 0, "CD"), see("two", 1, "CD")]
UNNUMBERED = [see(gpus="AB"), see("two", gpus="CD"), see(gpus="AB"), see("two", gpus="CD")]
ONE_EACH = [see(place=0, gpus="A"), see(place=1, gpus="B")]


@pytest.mark.parametrize(
    ("members", "numbers"),
    [(PAIR, [0, 1]), (HOSTS, [0, 1, 0, 1]), (UNNUMBERED, [0, 0, 1, 1]), (ONE_EACH, [0, 0])],
    ids=["one machine", "two machines", "without numbers", "each sees its own"],
)
@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_each_process_has_a_gpu_of_its_own(device, members, numbers):
    found = [select_among(device, rank, members) for rank in range(len(members))]
    assert found == [torch.device("cuda", number) for number in numbers]


LACKING = {
    "shared": (
        [see(place=0, gpus="A"), see(place=1, gpus="A")],
        "Worker 1 on one has no GPU of its own: worker 0 has the only one that it sees.",
    ),
    "a third": (
        [*PAIR, see(place=2, gpus="AB")],
        "Worker 2 on one has no GPU of its own: the 2 that it sees are for others.",
    ),
    "another machine": (
        [*PAIR, see("two", 0)],
        "Worker 2 on two has no GPU of its own: there is a reason.",
    ),
}


@pytest.mark.parametrize("case", LACKING)
def test_one_without_is_named_with_its_machine_by_all(case):
    members, text = LACKING[case]
    for rank in range(len(members)):
        with pytest.raises(WorkerError) as caught:
            select_among("cuda", rank, members)
        assert str(caught.value).startswith(text)
        assert 'give `device = "cpu"`' in str(caught.value)
        assert select_among("auto", rank, members) == torch.device("cpu")


def test_where_nobody_has_one_it_is_the_argument():
    message = '`device` must be "cpu" on these machines, not "cuda": there is a reason'
    with pytest.raises(DeviceError, match=message):
        select_among("cuda", 1, [see(place=0), see(place=1)])


def test_what_a_process_sees_can_be_sent(machine, monkeypatch):
    machine(2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    seen = pickle.loads(pickle.dumps(VisibleGpus.here("cuda")))
    assert (seen.place, len(seen.gpus), seen.reason) == (1, 2, "")
    machine(0)
    monkeypatch.delenv("LOCAL_RANK")
    seen = VisibleGpus.here("auto")
    assert (seen.place, seen.gpus, seen.reason) == (None, (), "there is a reason")


def test_on_the_cpu_no_gpu_is_looked_for(monkeypatch):
    monkeypatch.setattr(own_gpus, "available_devices", lambda: pytest.fail("looked"))
    assert VisibleGpus.here("cpu").gpus == ()
    assert select_among("cpu", 0, []) == torch.device("cpu")
