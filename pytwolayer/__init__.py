"""A two-layer neural network with one implementation for R and Python.

Importing the package is quick: PyTorch is loaded by the first name that needs it. The
``__module__`` of public classes is this package and not the module that defines them, so that
pickles stay valid when modules move.
"""

import sys
from importlib import import_module

try:
    from typing import TYPE_CHECKING, Any

    from pytwolayer.errors import (
        ArgumentError,
        DeviceError,
        DeviceMemoryError,
        DivergenceError,
        FileFormatError,
        PytwolayerError,
        TemporaryFolderError,
        WorkerError,
    )
except ImportError as problem:
    from pytwolayer.runtime.import_faults import explain_import_error

    raise (explain_import_error(problem) or problem) from problem.__cause__

if TYPE_CHECKING:
    from pytwolayer._version import __version__ as __version__
    from pytwolayer.chapter import chapter_losses
    from pytwolayer.estimators.estimators import TwoLayerClassifier, TwoLayerRegressor
    from pytwolayer.fitting.continue_training import continue_training
    from pytwolayer.fitting.two_layer import two_layer
    from pytwolayer.models.ensemble import TwoLayerEnsemble
    from pytwolayer.models.load import load
    from pytwolayer.models.two_layer import TwoLayer
    from pytwolayer.reports.plot import plot_history
    from pytwolayer.reports.plot_explained import (
        plot_effects,
        plot_feature_effects,
        plot_importance,
    )
    from pytwolayer.runtime.device import available_devices, select_device

__all__ = [
    "ArgumentError",
    "DeviceError",
    "DeviceMemoryError",
    "DivergenceError",
    "FileFormatError",
    "PytwolayerError",
    "TemporaryFolderError",
    "TwoLayer",
    "TwoLayerClassifier",
    "TwoLayerEnsemble",
    "TwoLayerRegressor",
    "WorkerError",
    "available_devices",
    "chapter_losses",
    "continue_training",
    "load",
    "plot_effects",
    "plot_feature_effects",
    "plot_history",
    "plot_importance",
    "select_device",
    "two_layer",
]

_HOME = {
    "TwoLayer": "pytwolayer.models.two_layer",
    "TwoLayerClassifier": "pytwolayer.estimators.estimators",
    "TwoLayerEnsemble": "pytwolayer.models.ensemble",
    "TwoLayerRegressor": "pytwolayer.estimators.estimators",
    "__version__": "pytwolayer._version",
    "available_devices": "pytwolayer.runtime.device",
    "chapter_losses": "pytwolayer.chapter",
    "continue_training": "pytwolayer.fitting.continue_training",
    "load": "pytwolayer.models.load",
    "plot_effects": "pytwolayer.reports.plot_explained",
    "plot_feature_effects": "pytwolayer.reports.plot_explained",
    "plot_history": "pytwolayer.reports.plot",
    "plot_importance": "pytwolayer.reports.plot_explained",
    "select_device": "pytwolayer.runtime.device",
    "two_layer": "pytwolayer.fitting.two_layer",
}

# Old names of modules, in pickles of earlier versions.
_MOVED = {
    "pytwolayer.encoder": "pytwolayer.preprocessing.encoder",
    "pytwolayer.ensemble": "pytwolayer.models.ensemble",
    "pytwolayer.estimator": "pytwolayer.estimators.estimators",
    "pytwolayer.loss": "pytwolayer.network.losses",
    "pytwolayer.model": "pytwolayer.models.two_layer",
    "pytwolayer.outcome": "pytwolayer.preprocessing.outcome",
    "pytwolayer.settings": "pytwolayer.training.settings",
    "pytwolayer.start": "pytwolayer.fitting.starting_point",
}


class _Moved:
    """Finds these modules by their old names, after all other finders."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> Any:
        if name not in _MOVED:
            return None
        from importlib.machinery import ModuleSpec

        loader: Any = _Moved()  # not of importlib.abc.Loader, which takes long to import
        return ModuleSpec(name, loader)

    def create_module(self, spec: Any) -> None:
        """Return None: Python makes an empty module."""

    def exec_module(self, module: Any) -> None:
        """Give the module the attributes of the one at the new place."""
        place = import_module(_MOVED[module.__name__])
        module.__getattr__ = lambda name: getattr(place, name)


sys.meta_path.append(_Moved)


def __getattr__(name: str) -> object:
    """Import a public name from its module on first use.

    If that fails because a file of the user's has the name of a module, the error explains it.
    """
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(import_module(_HOME[name]), name)
    except Exception as problem:
        from pytwolayer.runtime.import_faults import explain_import_error

        explained = explain_import_error(problem)
        if explained is None:
            raise
        raise explained from problem
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
