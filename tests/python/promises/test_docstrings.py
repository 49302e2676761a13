"""Docstrings: the estimators' say what ``two_layer()``'s says, and nothing is made from any."""

import inspect
import re
from dataclasses import fields

import pytest

import pytwolayer
from pytwolayer import TwoLayerClassifier, TwoLayerRegressor, two_layer

BOTH = [TwoLayerRegressor, TwoLayerClassifier]
OWN = {"random_state", "warm_start"}  # of scikit-learn, not of two_layer()
OWN |= {"validation"}  # of which data come to fit(), as scikit-learn has it


def section(value, title):
    """Take a section out of a docstring, however its compiler has indented that."""
    text = inspect.cleandoc(value.__doc__)
    found = re.search(rf"^{title}\n-+\n(.*?)(?=\n\n\w[^\n]*\n---|\Z)", text, re.DOTALL | re.M)
    assert found is not None, (value, title)
    return found[1]


def entries(value, title="Parameters"):
    """Give the type and the text of each entry of a section, by name, in order."""
    found = re.findall(r"^(\w+) : (.*)\n((?:(?: .*)?\n?)*)", section(value, title), re.M)
    return {name: (kind, inspect.cleandoc(text)) for name, kind, text in found}


def defaults(kind):
    return {field.name: field.default for field in fields(kind)}


def shown(default):
    return f'"{default}"' if isinstance(default, str) else str(default)


@pytest.mark.parametrize("kind", BOTH)
def test_the_estimators_document_their_parameters_in_order_with_their_defaults(kind):
    told = {name: text.rpartition(", default=")[2] for name, (text, _) in entries(kind).items()}
    assert list(told.items()) == [(n, shown(value)) for n, value in defaults(kind).items()]


@pytest.mark.parametrize("kind", BOTH)
def test_of_what_two_layer_takes_too_the_estimators_say_the_same(kind):
    theirs, shared = entries(two_layer), 0
    for name, (told, text) in entries(kind).items():
        if name in OWN:
            assert text
            continue
        type_told = told.rpartition(", default=")[0]
        assert (name, type_told) == (name, theirs[name][0].removesuffix(", optional"))
        assert text == theirs[name][1], name
        shared += 1
    assert shared == len(fields(kind)) - len(OWN) > 15


def test_both_estimators_say_the_same_of_what_they_share():
    regressor, classifier = map(entries, BOTH)
    assert regressor == {name: classifier[name] for name in regressor}
    regressor, classifier = (entries(kind, "Attributes") for kind in BOTH)
    assert regressor == {name: classifier[name] for name in regressor}
    assert set(classifier) - set(regressor) == {"classes_", "multilabel_"}
    assert section(TwoLayerRegressor, "Notes") == section(TwoLayerClassifier, "Notes")


IMPORT_ALL = """
import sys, pytwolayer
for name in sorted(pytwolayer.__all__):
    getattr(pytwolayer, name)
from pytwolayer.cli import main
from pytwolayer.cli import fit_options
from pytwolayer.r_interop import doctor
from pytwolayer.r_interop import verify
for kind in (pytwolayer.TwoLayerRegressor, pytwolayer.TwoLayerClassifier):
    assert kind().get_params()["hidden_units"] == 64
print(len(pytwolayer.__all__), bool(pytwolayer.two_layer.__doc__))
"""

# What compilers do to docstrings: since Python 3.13 they take the indentation away.
REWRITE = """
import ast, importlib.abc, importlib.machinery, inspect, pathlib, sys

def rewritten(tree):
    for node in ast.walk(tree):
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            node.body[0].value.value = CHANGE(node.body[0].value.value)
    return tree

class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        source = pathlib.Path(self.path).read_text(encoding="utf-8")
        return compile(rewritten(ast.parse(source)), self.path, "exec")

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] != "pytwolayer":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.origin:
            spec.loader = Loader(name, spec.origin)
        return spec

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize(
    "change",
    [
        "inspect.cleandoc",
        "lambda text: ' '.join(text.split())",
        "lambda text: text.replace(chr(10), chr(10) + '        ')",
        "lambda text: '{}'",
    ],
    ids=["indentation stripped", "one line", "indented more", "another text"],
)
def test_the_package_does_not_depend_on_its_docstrings(fresh_python, change):
    done = fresh_python(REWRITE.replace("CHANGE", f"({change})") + IMPORT_ALL)
    assert (done.stdout, done.stderr) == (f"{len(pytwolayer.__all__)} True\n", "")


def test_the_package_works_without_docstrings_and_assertions(fresh_python):
    # As under python -OO, of which all else would have to be compiled anew.
    code = REWRITE.replace("CHANGE", "str").replace('"exec")', '"exec", optimize=2)') + IMPORT_ALL
    done = fresh_python(code)
    assert (done.stdout, done.stderr) == (f"{len(pytwolayer.__all__)} False\n", "")
