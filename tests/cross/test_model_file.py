"""Model files from one language to the other: the same digits, and the same ones refused."""

import json
import math
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from damaged_files import all_of, text_of, with_text
from test_same_fits import CASES, read_frame

from conftest import HERE, ROOT
from pytwolayer import ArgumentError, FileFormatError, load, two_layer
from pytwolayer.errors import MissingRowsWarning, PytwolayerWarning
from pytwolayer.models.model_file import to_bytes
from pytwolayer.r_interop.r_process import run_r

MADE = [case for case in CASES if "weights" not in case and "held_out" not in case]
FORMULAS = {
    "log": "mpg ~ log(disp) + cyl",
    "poly": "log(mpg) ~ poly(hp, 3) + scale(wt) + I(qsec^2 / 3)",
    "interaction": "mpg ~ wt * hp + factor(cyl) + disp:qsec:drat - drat",
    "levels": "mpg ~ factor(am) * wt + factor(vs):factor(am) + hp:factor(am):factor(vs)",
    "constants": "mpg ~ I(wt * by) + log(hp, base) + ifelse(am == 1, qsec, limits[2])",
    "splines": "cbind(mpg, qsec) ~ splines::ns(wt, 3) + splines::bs(hp, df = 4)",
    "cut": "mpg ~ cut(wt, c(-Inf, 2.5, 3.2, Inf)) + pmin(hp, 200) + I(gear > 3)",
}


@pytest.fixture(scope="session")
def frames(r_session, tmp_path_factory):
    """A folder with R's data frames, and the cases."""
    folder = tmp_path_factory.mktemp("frames")
    r_session.run(HERE / "frames.R", str(folder))
    cases = {"fits": MADE, "formulas": FORMULAS}
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    return folder


def changed(data):
    """Give the columns in another order, and one more."""
    return data[data.columns[::-1]].assign(more=1.0)


def predictions(fit, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PytwolayerWarning)
        has_numbers = fit.classes is None and not getattr(fit.outcome, "labels", None)
        found = fit.predict(data) if has_numbers else fit.predict_proba(data)
    return np.ravel(found, order="F")


def doubles(values):
    return np.array([math.nan if v in ("NA", "NaN") else float.fromhex(v) for v in values])


@pytest.fixture(scope="module")
def of_python(frames, tmp_path_factory):
    """Files of all cases that Python made, and what Python predicts with them."""
    folder = tmp_path_factory.mktemp("python")
    found = {}
    for case in MADE:
        data = read_frame(frames / f"{case['data']}.json")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MissingRowsWarning)
            fit = two_layer(data, outcome=case["outcome"], **case["settings"])
        fit.save(folder / f"{case['name']}.safetensors")
        found[case["name"]] = predictions(fit, changed(data))
    return folder, found


@pytest.fixture(scope="module")
def by_r(ask, frames, of_python, tmp_path_factory):
    """What R makes of them, and files that R made."""
    folder = tmp_path_factory.mktemp("r")
    return folder, ask("model_files.R", str(frames), str(of_python[0]), str(folder))


@pytest.mark.parametrize("name", [case["name"] for case in MADE])
def test_a_file_of_python_predicts_the_same_in_r(by_r, of_python, name):
    folder, answers = by_r
    found = doubles(answers[f"{name}/core"])
    np.testing.assert_array_equal(found, of_python[1][name])
    np.testing.assert_allclose(doubles(answers[f"{name}/r"]), found, rtol=1e-5)
    again = (folder / f"{name} again.safetensors").read_bytes()
    assert again == (of_python[0] / f"{name}.safetensors").read_bytes()


@pytest.mark.parametrize("name", [case["name"] for case in MADE])
def test_a_file_of_r_predicts_the_same_in_python(by_r, frames, name, tmp_path):
    folder, answers = by_r
    case = next(case for case in MADE if case["name"] == name)
    data = read_frame(frames / f"{case['data']}.json")
    for way in ("outcome", "formula"):
        file = folder / f"{name} {way}.safetensors"
        fit = load(file)
        found = predictions(fit, changed(data))
        np.testing.assert_array_equal(found, doubles(answers[f"{name}/{way}"]))
        fit.save(tmp_path / "again.safetensors")
        assert (tmp_path / "again.safetensors").read_bytes() == file.read_bytes()


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_kept_for_r_and_told_of_in_python(by_r, frames, name):
    folder, answers = by_r
    assert answers[f"{name}/kept"] == ["TRUE"]
    assert answers[f"{name}/fitted"] == answers[f"{name}/loaded"]
    np.testing.assert_allclose(
        doubles(answers[f"{name}/r"]), doubles(answers[f"{name}/loaded"]), rtol=1e-5
    )
    fit = load(folder / f"{name}.safetensors")
    data = read_frame(frames / "cars.json")
    terms = answers[f"{name}/terms"]
    with pytest.raises(ArgumentError) as caught:
        fit.predict(data)
    assert ", the terms of `" in str(caught.value)
    for term in set(terms) - set(data.columns):
        assert f'"{term}"' in str(caught.value)


NOT_THE_SAME = "\\x00"  # text that R cannot hold


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """What Python and R say of damaged files, by what was done to them."""
    folder = tmp_path_factory.mktemp("damaged")
    frame = read_frame_of_two_kinds()
    quick = {"hidden_units": 2, "epochs": 2, "seed": 1}
    fit = two_layer(frame, list("uvuv"), validation=0.5, **quick)
    every = enumerate(all_of(to_bytes(fit)))
    damaged = [pair for place, pair in every if place % 3 == 0 or "bit in" in pair[0]]
    numbers = two_layer(frame[["a"]], [[1.0, 2.0], [2.0, 3.0], [5.0, 1.0], [0.0, 1.0]], **quick)
    damaged += list(all_of(to_bytes(numbers), 1))[::9]
    damaged += list(all_of(to_bytes(tuned_fit(frame[["a"]])), 2))[::5]
    damaged += [(f"pieces: {name}", data) for name, data in damaged_pieces()]
    old = ROOT / "tests/fixtures/format-3/model.safetensors"
    damaged += list(all_of(old.read_bytes(), 3))[::9]
    ours = {}
    for number, (_, data) in enumerate(damaged):
        file = folder / f"{number:06d}"
        file.write_bytes(data)
        ours[file.name] = verdict(file)
    answers = folder.parent / "verdicts.txt"
    run_r(HERE / "verdicts.R", str(answers), str(folder), RETICULATE_PYTHON="/no/python")
    lines = answers.read_text(encoding="utf-8").splitlines()
    theirs = dict(line.split("\t", 1) for line in lines)
    pairs = zip(damaged, ours, strict=True)
    return [(name, ours[file], theirs[file]) for (name, _), file in pairs]


def tuned_fit(frame):
    """Fit a column in pieces, and say that it was tuned."""
    import pandas as pd

    quick = {"hidden_units": 2, "epochs": 2, "seed": 1, "encoding": "piecewise", "pieces": 2}
    fit = two_layer(pd.concat([frame, frame * 2 + 1]), range(8), **quick)
    tuning = {"encoding": ["linear", "piecewise"], "fold": [1, 2], "valid_loss": [0.5, math.inf]}
    tuning |= {"learning_rate": [0.01, 0.003], "weight_decay": [1.0, 0.1]}
    return replace(fit, tuning=pd.DataFrame(tuning))


def damaged_pieces():
    """Give the file of such a fit with knots, settings and tuning that cannot be."""
    import pandas as pd

    data = to_bytes(tuned_fit(pd.DataFrame({"a": [1.0, 2.0, 5.0, 3.5]})))
    text = text_of(data)
    knots = '"knots": [1.0, 3.5, 11.0]'
    changes = {
        knots: [
            "[1, 3, 3]",
            "[1, 3, 2]",
            "[1, 11]",
            "[1, 3, 11, 12]",
            "[]",
            "[1, 3, 1e400]",
            "3",
            "[1, true, 11]",
            '[1, "3", 11]',
            "[1, null, 11]",
            "[-0.0, 0.0, 1]",
            '{"a": 1}',
            "null",
            "[-1.7e308, 1.7e308, 1.75e308]",
            "[1, 3, 1e308]",
            "[1, 3, 11.5]",
            "[1e-320, 2e-320, 1]",
        ],
        '"pieces": 2': ["1", "3", "65", "64", "2.5", "2.0", '"2"', "null", "true", "[2]", "1e400"],
        '"encoding": "piecewise", "pieces"': ['"linear", "pieces"', '"auto", "pieces"'],
        '"encoding": ["linear", "piecewise"]': [
            '["linear", "auto"]',
            '["linear"]',
            "[]",
            "{}",
            '"linear"',
        ],
        '"learning_rate": [0.01, 0.003]': [
            "[1, 0]",
            "[1, -1]",
            "[1, 1e39]",
            "[1, 3e38]",
            "[1, null]",
            "[1, true]",
            '[1, "auto"]',
            "[5e-324, 1]",
        ],
        '"weight_decay": [1.0, 0.1]': [
            "[1, -1]",
            "[1, 1e39]",
            "[1, 3e38]",
            "[1, null]",
            "[1, true]",
            "[0, 0]",
        ],
        '"fold": [1, 2]': [
            "[1, 0]",
            "[1, 2.5]",
            "[1, 2.0]",
            "[1, 2147483648]",
            "[1, 2147483647]",
            "[1]",
            "1",
        ],
        '"valid_loss": [0.5, null]': [
            "[0.5, -1]",
            "[0.5, true]",
            '[0.5, "Inf"]',
            "[0.5, 1e400]",
            "[null, null]",
        ],
    }
    for old, values in changes.items():
        assert text.count(old) == 1, old
        name = old.partition(":")[0]
        for value in values:
            yield f"{name} {value}", with_text(data, text.replace(old, f"{name}: {value}"))


def read_frame_of_two_kinds():
    import pandas as pd

    return pd.DataFrame({"a": [1.0, 2.0, 5.0, 3.0], "kind": pd.Categorical(list("pqpq"))})


def verdict(file):
    try:
        return repr(load(file)) and "read"
    except FileFormatError as problem:
        return f"refused {problem}"


def test_both_languages_refuse_the_same_files(verdicts):
    different = [
        (name, ours[:200], theirs[:200])
        for name, ours, theirs in verdicts
        if ours.split()[0] != theirs.split()[0] and NOT_THE_SAME not in name
    ]
    assert not different, different[:5]
    kinds = [ours.split()[0] for _, ours, _ in verdicts]
    assert kinds[0] == "read"
    assert kinds.count("refused") > 2500
    assert kinds.count("read") > 30


def test_pieces_and_tuning_that_cannot_be_are_refused_by_both(verdicts):
    pieces = {name: (ours, theirs) for name, ours, theirs in verdicts if name.startswith("pieces:")}
    read = {name for name, (ours, _) in pieces.items() if ours == "read"}
    assert {name.partition(" ")[2] for name in read} == {
        '"knots" [1, 3, 11.5]',
        '"knots" [1, 3, 1e308]',
        '"knots" [1e-320, 2e-320, 1]',
        '"pieces" 3',
        '"pieces" 64',
        '"pieces" 2.0',
        '"learning_rate" [1, 3e38]',
        '"learning_rate" [5e-324, 1]',
        '"weight_decay" [1, 3e38]',
        '"weight_decay" [0, 0]',
        '"fold" [1, 2.0]',
        '"fold" [1, 2147483647]',
        '"valid_loss" [0.5, -1]',
        '"valid_loss" [null, null]',
    }


def test_both_name_what_they_found_and_needed_in_the_same_words(verdicts):
    words = {"null", "true or false", "a number", "text", "a list", "an object"}
    for place in (1, 2):
        told = {re.search("it has (.*) where .* is needed", verdict[place]) for verdict in verdicts}
        found = {match[1] for match in told if match}
        assert "null" in found
        assert found <= words


def test_every_refusal_of_r_is_one_line_that_names_the_file(verdicts):
    refused = [theirs for _, _, theirs in verdicts if theirs != "read"]
    assert all(text.startswith('refused The model in "') and text.endswith(".") for text in refused)
    assert max(map(len, refused)) < 600
