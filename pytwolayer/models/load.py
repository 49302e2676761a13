"""Reads fits and ensembles from bytes and files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pytwolayer.checks import flag, seed
from pytwolayer.files.safetensors_format import Content, Format, Tensors
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.ensemble_file import ENSEMBLE
from pytwolayer.models.model_file import MODEL, saved_calibration
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.preprocessing.calibration import sets_of
from pytwolayer.runtime.torch_settings import with_default_torch_settings


@with_default_torch_settings
def load(file: str | Path) -> Any:
    """Read a fit or an ensemble that its ``save()`` wrote, or ``save_two_layer()`` in R.

    Everything in the file is checked before it is believed, and reading runs no code.

    Parameters
    ----------
    file : str or Path

    Returns
    -------
    TwoLayer or TwoLayerEnsemble
        It predicts as the fit did that was saved. A loss that was a function has left its
        name alone.

    Raises
    ------
    ArgumentError
        If there is no such file.
    FileFormatError
        If it is something else, is damaged, or was written by a newer version in a format
        that this one cannot read.
    """
    return replace(_MODEL, others=(_ENSEMBLE,)).load("file", file)


@with_default_torch_settings
def from_bytes(data: bytes | bytearray) -> TwoLayer:
    """Read a fitted network from bytes that ``to_bytes()`` wrote.

    Raises
    ------
    FileFormatError
        If the bytes are not such a network, are damaged, or are of another format.
    """
    return _MODEL.unpack(data)


@with_default_torch_settings
def ensemble_from_bytes(data: bytes | bytearray) -> TwoLayerEnsemble:
    """Read an ensemble from bytes that ``ensemble_to_bytes()`` wrote.

    Raises
    ------
    FileFormatError
        If the bytes are not such an ensemble, are damaged, or are of another format.
    """
    return _ENSEMBLE.unpack(data)


def _model(tensors: Tensors, content: Content) -> TwoLayer:
    return TwoLayer(**MODEL.build(tensors, content))


def _ensemble(tensors: Tensors, content: Content) -> TwoLayerEnsemble:
    models = tuple(from_bytes(data) for data in ENSEMBLE.build(tensors, content))
    drawn = seed("seed", content["seed"]), flag("bootstrap", content["bootstrap"])
    calibration = saved_calibration(content)
    if calibration is not None and len(calibration.scores) != sets_of(models[0].outcome):
        raise ValueError("its calibration does not fit its outcome")
    return TwoLayerEnsemble.of(models, *drawn, calibration)


# replace() would keep what MODEL builds as the type.
_MODEL = Format(
    MODEL.kind, MODEL.number, MODEL.specs, _model, oldest=MODEL.oldest, upgrade=MODEL.upgrade
)
_ENSEMBLE = Format(ENSEMBLE.kind, ENSEMBLE.number, ENSEMBLE.specs, _ensemble)
