"""What threads do that have nothing to do."""

from collections.abc import MutableMapping

_CHOSEN_BY = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"


def wait_passively(environment: MutableMapping[str, str]) -> None:
    """Have OpenMP's threads sleep while they wait, where the user has not chosen otherwise.

    They spin else, and on busy processors keep those that they wait for from running, which
    makes small matrix products many times slower. It takes effect in a process that has not
    loaded OpenMP yet, as torch does.
    """
    if not any(name in environment for name in _CHOSEN_BY):
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
