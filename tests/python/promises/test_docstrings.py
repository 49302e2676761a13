"""The examples of the reference run, and print what it shows."""

import doctest

import pytest

import pytwolayer

FINDER = doctest.DocTestFinder(recurse=False)
EXAMPLES = [
    example
    for name in pytwolayer.__all__
    for example in FINDER.find(getattr(pytwolayer, name), name, globs={})
    if example.examples and not name.startswith("TwoLayer")  # those are with the estimators' tests
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_example_of_a_function_prints_what_it_shows(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0
