"""The times that processes wait for each other."""

import pytest

from pytwolayer.errors import ArgumentError
from pytwolayer.runtime.waiting import SILENCE, START, seconds


def test_they_are_those_of_the_environment_if_it_has_them(monkeypatch):
    monkeypatch.delenv(START, raising=False)
    monkeypatch.setenv(SILENCE, "2.5")
    assert seconds(START) == 300
    assert seconds(SILENCE) == 2.5


@pytest.mark.parametrize("text", ["", "long", "0", "-1", "nan"])
def test_what_is_no_time_is_refused(text, monkeypatch):
    monkeypatch.setenv(START, text)
    with pytest.raises(ArgumentError, match="`PYTWOLAYER_WORKER_START` must be a number of sec"):
        seconds(START)
