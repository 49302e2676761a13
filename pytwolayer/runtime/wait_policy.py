"""How OpenMP's threads wait for work."""

from collections.abc import MutableMapping

_CHOSEN_BY = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"


def wait_passively(environment: MutableMapping[str, str]) -> None:
    """Make OpenMP's threads sleep while they wait, unless the user has set how they wait.

    By default they spin, and on busy processors keep the threads that they wait for from running,
    which makes small matrix products many times slower. It has an effect only before OpenMP is
    loaded, which torch does.
    """
    if not any(name in environment for name in _CHOSEN_BY):
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
