"""Every activation of the core has its form in ONNX."""

from pytwolayer.export.onnx_activations import ONNX_ACTIVATIONS
from pytwolayer.network.activations import ACTIVATIONS


def test_the_table_has_the_activations_of_the_core():
    assert [*ONNX_ACTIVATIONS] == [*ACTIVATIONS]
