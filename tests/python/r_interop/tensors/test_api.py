"""The functions that R calls."""

import re
import subprocess
import sys

import pytest
import torch

from conftest import ROOT
from pytwolayer.r_interop.tensors import api
from pytwolayer.r_interop.tensors.values import R_FUNCTIONS, Failure


def test_r_gets_a_function_by_its_name_and_an_error_as_a_value():
    assert api.sizes(torch.zeros(2, 3)) == [2, 3]
    failed = api.transpose(torch.zeros(1, 1, 1))
    assert isinstance(failed, Failure)
    assert failed.message.startswith("`t()` takes a tensor of at most 2 dimensions")
    assert "TensorError" in failed.traceback
    assert failed.number is None
    assert api.numbers_for_r(2**60).number == str(2**60)
    with pytest.raises(AttributeError, match="no_such_function"):
        _ = api.no_such_function


def test_r_calls_each_registered_function_and_no_other():
    code = "".join(path.read_text() for path in sorted((ROOT / "R").glob("tensor-*.R")))
    called = set(
        re.findall(r"(?:tensor_result|tensor_value|call_checked|result_of_two)\(\s*\"(\w+)\"", code)
    )
    unknown = called - R_FUNCTIONS.keys()
    assert not unknown
    unused = {name for name in R_FUNCTIONS if f'"{name}"' not in code and f"${name}(" not in code}
    assert not unused


def test_tensors_load_without_pandas_and_the_code_of_fits():
    script = (
        "import sys, pytwolayer.r_interop.tensors.api; "
        "print(*(m for m in sys.modules if m.split('.')[0] in ('pytwolayer', 'pandas')))"
    )
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    assert "pandas" not in loaded
    rooms = {module.split(".")[1] for module in loaded if "." in module}
    assert rooms <= {"_version", "checks", "errors", "runtime", "r_interop"}
