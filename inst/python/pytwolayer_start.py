"""What R loads when Python has started: PyTorch and the core."""

import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pytwolayer.import_faults import causes, stand_in
from pytwolayer.interrupt import watch_for_interrupt
from pytwolayer.torch_loading import load as load_torch


def load(modules: Sequence[str]) -> dict[str, Any]:
    """Load torch and then these modules; Ctrl-C waits for the end.

    What is half loaded cannot be loaded again in the same process.
    """
    found = stand_in()
    if found is not None:
        module, file = found
        return _failed(module, ImportError(f"{file} is no {module}"))
    loaded: dict[str, Any] = {"problem": None}
    with watch_for_interrupt() as interrupt:
        for module in ("torch", *modules):
            try:
                if module == "torch":
                    loaded["problem"] = load_torch()
                else:
                    import_module(module)
            except Exception as problem:  # noqa: BLE001 - each one becomes an R condition
                loaded |= _failed(module, problem)
                break
    return loaded | {"interrupted": interrupt.pressed}


def _failed(module: str, problem: Exception) -> dict[str, Any]:
    whole = "".join(traceback.format_exception(problem))
    said = f"{type(problem).__name__}: {problem}"
    return {"failed": module, "said": said, "causes": causes(whole)}
