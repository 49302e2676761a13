"""The same arguments, in the same order, with the same defaults."""

import inspect

import pytest

import pytwolayer

TWINS = {
    "two_layer.data.frame": pytwolayer.two_layer,
    "chapter_losses": pytwolayer.chapter_losses,
    "select_device": pytwolayer.select_device,
}
R_WORDS = {"NULL": "None", "TRUE": "True", "FALSE": "False"}
R_NAMES = {"sample_weight": "case_weights"}  # the one difference


def as_r_shows(parameter: inspect.Parameter) -> tuple[str, object]:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name, ""
    return R_NAMES.get(parameter.name, parameter.name), parameter.default


def value(text: str) -> object:
    text = R_WORDS.get(text, text)
    return "" if text == "" else eval(text)  # a number, a quoted string or None


@pytest.mark.parametrize("name", TWINS)
def test_signatures_are_the_same(route, name):
    python = [as_r_shows(p) for p in inspect.signature(TWINS[name]).parameters.values()]
    r = [argument.split("=", 1) for argument in route[f"signature/{name}"]]
    assert [(argument, value(default)) for argument, default in r] == python
