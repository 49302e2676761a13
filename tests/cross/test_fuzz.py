"""Random frames: always a fit or one of our own errors, in both languages the same."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from random_frames import cases, to_pandas

from pytwolayer import ArgumentError, two_layer
from pytwolayer.errors import DivergenceError, PytwolayerWarning

EXAMPLES = 300


@pytest.fixture(scope="module")
def drawn():
    """Draw the cases, the same in every run; R is asked of all of them at once."""
    found = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def collect(case):
        found.append({"number": len(found), **case})

    collect()
    return found


@pytest.fixture(scope="module")
def in_python(drawn):
    """What Python makes of them."""
    answers = {}
    for case in drawn:
        data, new_data = to_pandas(case["data"]), to_pandas(case["new_data"])
        fit = fit_outcome(
            lambda: two_layer(data, outcome=case["outcome"], **case["settings"])  # noqa: B023
        )
        answers[f"{case['number']}/fit"] = fit if isinstance(fit, list) else fit.history["loss"]
        if not isinstance(fit, list):
            predict = fit.predict if fit.classes is None else fit.predict_proba
            found = fit_outcome(lambda: predict(new_data))  # noqa: B023
            if not isinstance(found, list):
                assert len(found) == len(new_data)
                found = np.ravel(found, order="F")
            answers[f"{case['number']}/predict"] = found
    return answers


def fit_outcome(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", PytwolayerWarning)
        try:
            return call()
        except DivergenceError:
            return ["diverged"]
        except ArgumentError as problem:
            return ["error", problem.argument, problem.expected]


def read(values):
    if values[:1] == ["error"]:  # R has another name for new data
        return ["error", values[1].replace("new_data", "x"), *values[2:]]
    if values == ["diverged"]:
        return values
    return [math.nan if value in ("NA", "NaN") else float.fromhex(value) for value in values]


@pytest.fixture(scope="module")
def in_r(ask, drawn, tmp_path_factory):
    """What R makes of them, by one route."""
    file = tmp_path_factory.mktemp("fuzz") / "cases.json"
    file.write_text(json.dumps(drawn), encoding="utf-8")
    return ask("fuzz.R", str(file))


def test_rs_own_engine_does_as_the_core_does(in_r):
    engines = {name: found for name, found in in_r.items() if "/engine " in name}
    assert len(engines) > EXAMPLES / 4
    assert {name: found for name, found in engines.items() if found != ["same"]} == {}


def test_r_and_python_agree_on_every_case(in_r, drawn, in_python):
    answers = {name: found for name, found in in_r.items() if "/engine " not in name}
    different = [name for name in answers | in_python if not same(answers, in_python, name)]
    number = different[0].partition("/")[0] if different else ""
    assert not different, (
        f"{different}\n{drawn[int(number)]}\n"
        f"Python: {[in_python.get(f'{number}/{step}') for step in ('fit', 'predict')]}\n"
        f"R: {[answers.get(f'{number}/{step}') for step in ('fit', 'predict')]}"
    )


def same(answers, in_python, name):
    if name not in answers or name not in in_python:
        return False
    ours, theirs = in_python[name], read(answers[name])
    if isinstance(ours, list) or not all(isinstance(value, float) for value in theirs):
        return isinstance(ours, list) and ours == theirs
    return np.array_equal(np.asarray(theirs, dtype=float), np.asarray(ours), equal_nan=True)


def test_the_cases_are_of_many_kinds(in_python):
    fits = [answer for name, answer in in_python.items() if name.endswith("/fit")]
    refused = [tuple(answer) for answer in fits if isinstance(answer, list)]
    assert len(fits) >= EXAMPLES / 2
    assert len(fits) - len(refused) >= 0.2 * len(fits)
    assert len(set(refused)) >= 6
