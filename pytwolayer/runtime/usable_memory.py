"""How much memory this process may still use: of the machine, its control group and its limits."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
_FILE_PAGES = ("active_file", "inactive_file")  # what the system drops where memory is wanted


def usable_memory() -> int | None:
    """Return how many bytes this process may still use; None where that cannot be found out.

    That is the least of what the machine has left, of what each control group leaves that the
    process is in, and of its own limits (``RLIMIT_AS``, ``RLIMIT_DATA``). What the page cache of
    files takes up counts as free.
    """
    sources: tuple[Callable[[], Iterator[int]], ...] = (_of_machine, _of_groups, _of_process)
    found = [size for source in sources for size in source()]
    return max(0, min(found)) if found else None


def _of_machine() -> Iterator[int]:
    """Yield what the machine has left; on systems that do not say so, all that it has."""
    available = _numbers(_PROC / "meminfo").get("MemAvailable:")
    if available is not None:
        yield available * 1024
        return
    if sys.platform == "win32":
        yield from _of_windows()
        return
    try:
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return


def _of_windows() -> Iterator[int]:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total", ctypes.c_ulonglong),
            ("available", ctypes.c_ulonglong),
            ("others", ctypes.c_ulonglong * 5),
        )

    status = Status()
    status.length = ctypes.sizeof(status)
    if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined,unused-ignore]
        yield int(status.available)


def _of_groups() -> Iterator[int]:
    """Yield what is left of the limit of each control group, of either version."""
    for folder, version in _group_folders():
        names = ("memory.max", "memory.current")
        if version == 1:
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        limit, used = (_number(folder / name) for name in names)
        if limit is None or used is None:
            continue
        pages = _numbers(folder / "memory.stat")
        prefix = "total_" if version == 1 else ""
        yield limit - used + min(used, sum(pages.get(prefix + name, 0) for name in _FILE_PAGES))


def _group_folders() -> Iterator[tuple[Path, int]]:
    """Yield the folders of the process's groups and of those around them, with the version."""
    for line in _lines(_PROC / "self" / "cgroup"):
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        version = 2 if number == "0" and not controllers else 1
        if version == 1 and "memory" not in controllers.split(","):
            continue
        for top in _mounts(version):
            # In a container the path may be that outside, of which the folder here is the end.
            inner = top / path.lstrip("/")
            folder = inner if ".." not in path and inner.is_dir() else top
            yield from ((each, version) for each in (folder, *folder.parents) if _within(each, top))


def _within(folder: Path, top: Path) -> bool:
    return folder == top or top in folder.parents


def _mounts(version: int) -> list[Path]:
    folders = (_CGROUPS / "memory",) if version == 1 else (_CGROUPS, _CGROUPS / "unified")
    mark = "memory.usage_in_bytes" if version == 1 else "cgroup.controllers"
    return [each for each in folders if (each / mark).is_file()]


def _of_process() -> Iterator[int]:
    """Yield what the process's own limits leave."""
    try:
        import resource
    except ImportError:
        return
    used = _numbers(_PROC / "self" / "status")
    for limit, field in (("RLIMIT_AS", "VmSize:"), ("RLIMIT_DATA", "VmData:")):
        number = getattr(resource, limit, None)
        most = resource.RLIM_INFINITY if number is None else resource.getrlimit(number)[0]
        if most != resource.RLIM_INFINITY:
            yield most - 1024 * used.get(field, 0)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _number(file: Path) -> int | None:
    """Read a file of one number; None without one, such as "max"."""
    lines = _lines(file)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def _numbers(file: Path) -> dict[str, int]:
    """Read a file of a name and a number in each line."""
    pairs = (line.split()[:2] for line in _lines(file))
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
