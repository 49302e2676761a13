"""Names in messages: quoted, and no more of them than somebody reads."""

from collections.abc import Callable, Sequence

_ALL, _FIRST = 10, 5  # so many are all named as a rule; of more, the first few
_LONGEST = 60  # characters of a name


def short(name: str, longest: int = _LONGEST) -> str:
    """Cut a name that is too long for a message."""
    return name if len(name) <= longest else f"{name[: longest - 3]}..."


def quoted(name: object) -> str:
    """Put a name in quotes, cut where it is too long."""
    return f'"{short(str(name))}"'


def listed(
    names: Sequence[object], most: int = _ALL, as_text: Callable[[object], str] = quoted
) -> str:
    """List names: all where there are at most so many, else the first and how many more."""
    if len(names) <= most:
        return ", ".join(as_text(name) for name in names)
    few = ", ".join(as_text(name) for name in names[:_FIRST])
    return f"{few} and {len(names) - _FIRST:,} more"
