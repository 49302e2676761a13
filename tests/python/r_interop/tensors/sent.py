"""R's vectors, as they are sent."""

import numpy as np

from pytwolayer.r_interop.tensors.values import RValues

_TYPES = {"double": np.float64, "integer": np.int32, "logical": np.int32, "complex": np.complex128}


def sent(values, kind="double", dim=None) -> RValues:
    """Send a vector as R does: ``values`` are in R's order."""
    raw = bytearray(np.asarray(values, _TYPES[kind]).tobytes())
    return {"bytes": [raw], "kind": kind, "dim": dim}
