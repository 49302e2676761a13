"""The caller's end of the connections, where the system gives too little."""

import errno
import tempfile
from contextlib import closing
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from conftest import HANGS
from pytwolayer.errors import WorkerError
from pytwolayer.launching import inbox
from pytwolayer.launching.inbox import Inbox


def test_a_message_comes_with_its_connection_and_the_end_of_it_too(tmp_path):
    with closing(Inbox(tmp_path)) as own:
        with Client(own.address, authkey=own.key) as worker:
            worker.send(("hello", 1))
            connection, message = own.get(HANGS)
        assert message == ("hello", 1)
        assert own.get(HANGS) == (connection, None)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("why", ["the path is long in bytes", "the file system has no sockets"])
def test_where_a_socket_has_no_file_it_is_a_port(why, monkeypatch):
    with tempfile.TemporaryDirectory() as place:  # the test's own folder would be too long
        folder = Path(place) / ("ü" * 40 if "bytes" in why else "s")
        folder.mkdir()
        if "system" in why:
            monkeypatch.setattr(inbox, "Listener", only_ports)
        with closing(Inbox(folder)) as own:
            assert own.address[0] == "127.0.0.1"
            with Client(own.address, authkey=own.key) as worker:
                worker.send("hello")
                assert own.get(HANGS)[1] == "hello"


def only_ports(address, *, authkey, listener=inbox.Listener):
    if isinstance(address, str):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")
    return listener(address, authkey=authkey)


@pytest.mark.parametrize("what", ["threads", "files"])
def test_a_system_that_gives_no_more_is_an_error_at_once(what, tmp_path, monkeypatch):
    with closing(Inbox(tmp_path)) as own:
        error = RuntimeError("can't start new thread")
        if what == "files":
            error = OSError(errno.EMFILE, "Too many open files")

        def refuse(*_):
            raise error

        monkeypatch.setattr(own, "_start", refuse)
        with Client(own.address, authkey=own.key), pytest.raises(WorkerError) as caught:
            wait_for_problem(own)
    assert str(caught.value).endswith(f"could not be listened to: {error}.")


def wait_for_problem(own):
    while own.get(0.1) is None:
        pass


def test_no_thread_at_all_leaves_no_socket(tmp_path, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Inbox, "_start", refuse)
    with pytest.raises(RuntimeError):
        Inbox(tmp_path)
    assert not [*tmp_path.iterdir()]
