"""A locale that writes 0.5 as "0,5", for tests; made where the machine has none."""

import locale
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

NAME = "de_DE.UTF-8"


@cache
def _environment() -> dict[str, str] | None:
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        locale.setlocale(locale.LC_NUMERIC, NAME)
        return {}
    except locale.Error:
        pass
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)
    localedef = shutil.which("localedef")
    if localedef is None:
        return None
    folder = Path(mkdtemp(prefix="locale-"))
    command = [localedef, "-i", "de_DE", "-f", "UTF-8", str(folder / NAME)]
    subprocess.run(command, capture_output=True, check=False)
    return {"LOCPATH": str(folder)} if (folder / NAME / "LC_NUMERIC").exists() else None


def comma_environment() -> dict[str, str]:
    """Give what a process needs to set the locale; skip the test where there is none."""
    found = _environment()
    if found is None:
        pytest.skip(f"there is no locale {NAME}, and none can be made")
    return found | {"LC_ALL": NAME}
