"""Running an ONNX file of ours on a frame."""

import numpy as np
import pandas as pd
import pytest


def run_onnx(file, rows, **more):
    """Give the outputs by their names; missing text becomes a text that is no level."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    feeds = {}
    for given in session.get_inputs():
        column = pd.Series(more[given.name]) if given.name in more else rows[given.name]
        text = given.type == "tensor(string)"
        column = column.fillna("missing") if text else column.astype(np.float64)
        feeds[given.name] = column.to_numpy(dtype=object if text else np.float64)[:, None]
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feeds), strict=True))
