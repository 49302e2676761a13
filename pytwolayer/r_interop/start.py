"""What R loads when Python has started: PyTorch and the core."""

import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pytwolayer.runtime.import_faults import causes, shadowed_package
from pytwolayer.runtime.torch_loading import describe_neighbour, load_torch


def load(modules: Sequence[str]) -> dict[str, Any]:
    """Load torch and then these modules; say what is wrong with torch's BLAS, or what failed."""
    problem = None
    for module in ("torch", *modules):
        try:
            if module == "torch":
                problem = load_torch()
            else:
                import_module(module)
        except Exception as failure:  # noqa: BLE001 - each one becomes an R condition
            return _failed(module, failure)
    found = shadowed_package()
    if found is not None:
        module, file = found
        return _failed(module, ImportError(f"{file} is no {module}"))
    return {"problem": problem}


def neighbour() -> str | None:
    """Say what another library does to torch, of one that was loaded after it."""
    return describe_neighbour()


def _failed(module: str, problem: Exception) -> dict[str, Any]:
    whole = "".join(traceback.format_exception(problem))
    said = f"{type(problem).__name__}: {problem}"
    return {"failed": module, "said": said, "causes": causes(whole)}
