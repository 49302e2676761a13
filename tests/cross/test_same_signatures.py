"""The same arguments, in the same order, with the same defaults."""

import inspect

import pytest

import pytwolayer
from pytwolayer.fitting.argument_hints import PEER_NAMES
from pytwolayer.training.settings import KEPT, SETTINGS

TWINS = {
    "two_layer.data.frame": pytwolayer.two_layer,
    "chapter_losses": pytwolayer.chapter_losses,
    "select_device": pytwolayer.select_device,
    "to_sql": pytwolayer.TwoLayer.to_sql,
    "save_onnx": pytwolayer.TwoLayer.to_onnx,
}
R_WORDS = {"NULL": "None", "TRUE": "True", "FALSE": "False"}
R_NAMES = {"sample_weight": "case_weights", "self": "fit"}  # the one difference, and methods


def as_r_shows(parameter: inspect.Parameter) -> tuple[str, object]:
    default = "" if parameter.default is inspect.Parameter.empty else parameter.default
    return R_NAMES.get(parameter.name, parameter.name), default


def value(text: str) -> object:
    text = R_WORDS.get(text, text)
    return "" if text == "" else eval(text)  # a number, a quoted string or None


@pytest.mark.parametrize("name", TWINS)
def test_signatures_are_the_same(route, name):
    python = [as_r_shows(p) for p in inspect.signature(TWINS[name]).parameters.values()]
    r = [argument.split("=", 1) for argument in route[f"signature/{name}"]]
    assert [(argument, value(default)) for argument, default in r] == python


def test_r_has_the_settings_of_the_table_in_its_order_with_its_defaults(route):
    r = [argument.split("=", 1) for argument in route["signature/two_layer.data.frame"]][3:]
    table = {R_NAMES.get(name, name): setting.default for name, setting in SETTINGS.items()}
    assert [(name, value(default)) for name, default in r] == list(table.items())


def test_r_checks_the_settings_that_a_fit_keeps_when_it_reads_a_file(route):
    assert route["kept settings"] == list(KEPT)


def test_the_names_of_other_packages_mean_the_same(route):
    r = dict(pair.split("=") for pair in route["names of peers"])
    theirs = {"sample_weight": "case_weights", "newdata": "new_data"}  # arguments of Python's
    assert {name: r.pop(name) for name in theirs} == theirs
    python = {name: R_NAMES.get(own, own) for name, own in PEER_NAMES.items()}
    assert python.pop("case_weights") == "case_weights"  # an argument of R's
    assert python == r
