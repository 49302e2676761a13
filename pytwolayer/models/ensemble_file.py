"""An ensemble as bytes: those of its networks, one tensor of bytes each.

R reads and writes the same format: see ``R/file-save-load.R`` and ``docs/model-file.md``.
"""

from typing import Any

import numpy as np

from pytwolayer.checks import count
from pytwolayer.files.safetensors_format import Content, Format, Tensors, TensorSpecs, check_keys
from pytwolayer.models.model_file import saved_calibration, to_bytes
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings

_PARTS = ("versions", "bytes", "seed", "bootstrap")
_MODEL, _CALIBRATION = "model.", "calibration"


@with_default_torch_settings
def ensemble_to_bytes(ensemble: Any) -> bytes:
    """Write a ``TwoLayerEnsemble`` as bytes."""
    models = [np.frombuffer(bytearray(to_bytes(fit)), dtype=np.uint8) for fit in ensemble.models]
    tensors = {f"{_MODEL}{number + 1}": torch.from_numpy(m) for number, m in enumerate(models)}
    content: dict[str, Any] = {
        "bytes": [len(model) for model in models],
        "seed": ensemble.settings.seed,
        "bootstrap": ensemble.bootstrap,
    }
    if ensemble.calibration is not None:
        content[_CALIBRATION] = ensemble.calibration.plain()
    return ENSEMBLE.pack(tensors, content)


def _specs(content: Content) -> TensorSpecs:
    check_keys("entries", content, (*_PARTS, _CALIBRATION) if _CALIBRATION in content else _PARTS)
    saved_calibration(content)
    sizes = content["bytes"]
    if not isinstance(sizes, list) or not sizes:
        raise ValueError("it has no models")
    checked = [count("bytes", size, maximum=2**53) for size in sizes]
    return {f"{_MODEL}{number + 1}": ("U8", (size,)) for number, size in enumerate(checked)}


def _bytes_of_models(tensors: Tensors, content: Content) -> list[bytes]:
    numbers = range(1, len(content["bytes"]) + 1)
    return [tensors[f"{_MODEL}{number}"].numpy().tobytes() for number in numbers]


ENSEMBLE = Format("ensemble", 1, _specs, _bytes_of_models)
