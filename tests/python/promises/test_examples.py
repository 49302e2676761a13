"""The examples of clusters are read, and their commands are known to the command line."""

import ast
import re
import shutil
import subprocess

import pytest

from conftest import ROOT
from pytwolayer.cli.main import _parser
from pytwolayer.training.settings import SETTINGS

EXAMPLES = ROOT / "examples"
TORCHRUN = {
    "nnodes",
    "nproc-per-node",
    "node-rank",
    "master-addr",
    "master-port",
    "max-restarts",
    "rdzv-id",
    "rdzv-backend",
    "rdzv-endpoint",
}


def slurm_words():
    text = (EXAMPLES / "slurm.sh").read_text(encoding="utf-8").replace("\\\n", " ")
    (line,) = [line for line in text.splitlines() if line.startswith("srun ")]
    return line[line.index("torchrun") :].replace('"', "").split()


def kubernetes_words():
    text = (EXAMPLES / "kubernetes.yaml").read_text(encoding="utf-8")
    block = text[text.index("command:") : text.index("env:")]
    return re.findall(r"^ +- (\S+)$", block, flags=re.MULTILINE)


@pytest.mark.parametrize("words", [slurm_words(), kubernetes_words()], ids=["slurm", "kubernetes"])
def test_the_commands_of_a_cluster_are_known(words):
    at = words.index("-m")
    assert words[0] == "torchrun"
    assert {word.lstrip("-").split("=")[0] for word in words[1:at]} <= TORCHRUN
    assert words[at + 1 : at + 3] == ["pytwolayer", "fit"]
    given = _parser("pytwolayer").parse_args(words[at + 2 :])
    assert given.outcome == ["y"]


def test_the_script_for_slurm_is_one_of_bash():
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash on this machine")
    subprocess.run([bash, "-n", str(EXAMPLES / "slurm.sh")], check=True)


@pytest.mark.parametrize("name", ["ray_train.py", "spark.py"])
def test_the_arguments_of_a_program_are_those_of_a_fit(name):
    tree = ast.parse((EXAMPLES / name).read_text(encoding="utf-8"))
    (config,) = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "config"
    ]
    keys = {key.value for key in config.keys}
    assert {"x", "outcome", "shards"} <= keys <= {"x", "outcome", *SETTINGS}
