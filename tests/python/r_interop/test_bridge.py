"""The functions that R calls, handed what R would send."""

import json
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from sent_tables import as_bytes, sent_table

from pytwolayer import continue_training, two_layer
from pytwolayer.fitting.two_layer import fit_two_layer
from pytwolayer.models.load import ensemble_from_bytes, from_bytes
from pytwolayer.models.model_file import to_bytes
from pytwolayer.r_interop import bridge
from pytwolayer.training import progress

RNG = np.random.default_rng(5)
ROWS = 30
NUMBERS, CODES = RNG.normal(size=ROWS), np.tile([1, 2, 3], ROWS // 3)
OUTCOME = NUMBERS**2 + CODES
X = sent_table({"a": NUMBERS, "f": ("factor", CODES, ["u", "v", "w"])})
Y = sent_table({".outcome": OUTCOME}, vector=True)
FRAME = pd.DataFrame({"a": NUMBERS, "f": pd.Categorical.from_codes(CODES - 1, ["u", "v", "w"])})
QUICK = {"hidden_units": 3, "epochs": 4, "seed": 1}


def arguments(**given):
    """What R sends besides the data: all that it always sends, and what is given."""
    always = {
        "loss": "auto",
        "validation": 0.0,
        "sample_weight": None,
        "weight_type": "importance",
        "class_weights": None,
        "checkpoint": None,
        "on_epoch": None,
        "seed_is_drawn": False,
        "loss_name": "function",
    }
    return always | QUICK | given


def value_of(answer):
    assert answer["error"] is None, answer["error"]
    return answer["value"]


def doubles(sent):
    return np.frombuffer(sent, dtype=np.float64)


def same_weights(one, other):
    pairs = zip(one.network.parameters(), other.network.parameters(), strict=True)
    return all(own.equal(their) for own, their in pairs)


def test_a_fit_is_that_of_a_frame_to_the_bit():
    sent = value_of(bridge.fit(X, Y, arguments(), None))
    fit = two_layer(FRAME, OUTCOME, **QUICK)
    assert bytes(sent["model"]) == to_bytes(fit)
    assert doubles(sent["fitted"]).tolist() == fit.predict(FRAME).tolist()
    assert doubles(sent["omitted"]).tolist() == []


@pytest.mark.parametrize("loss", ["mse", "poisson"])
def test_rows_with_missing_values_are_left_out_and_numbered_from_1(loss):
    holes, offset = NUMBERS.copy(), np.linspace(0.1, 0.5, ROWS)
    holes[[0, 7]], offset[4] = np.nan, np.nan
    x = sent_table({"a": holes}, offset=offset)
    answer = bridge.fit(x, Y, arguments(loss=loss), None)
    assert [each["kind"] for each in answer["warnings"]] == ["MissingRowsWarning"]
    sent = value_of(answer)
    assert doubles(sent["omitted"]).tolist() == [1, 5, 8]
    there = ~np.isnan(holes + offset)
    fit = from_bytes(sent["model"])
    assert fit.offset
    own = fit.predict(pd.DataFrame({"a": holes[there]}), offset=offset[there])
    assert doubles(sent["fitted"]).tolist() == own.tolist()


def test_classes_have_a_column_of_probabilities_each():
    y = sent_table({"k": ("text", CODES, ["c", "a", "b"])}, vector=True)
    sent = value_of(bridge.fit(X, y, arguments(), None))
    fit = two_layer(FRAME, pd.Series(np.array(["c", "a", "b"])[CODES - 1], name="k"), **QUICK)
    assert bytes(sent["model"]) == to_bytes(fit)
    assert doubles(sent["fitted"]).tolist() == fit.predict_proba(FRAME).T.ravel().tolist()


def test_weights_validation_rows_and_data_are_those_of_the_core():
    weights, held_out = RNG.uniform(1, 2, ROWS), np.arange(ROWS) % 4 == 0
    own = {"x": X, "y": Y, "weights": as_bytes(weights)}
    for sent, given in (
        (as_bytes(held_out), held_out),
        (own, (FRAME, OUTCOME, weights)),
        (0.2, 0.2),
    ):
        ours = bridge.fit(X, Y, arguments(validation=sent, sample_weight=as_bytes(weights)), None)
        theirs = two_layer(FRAME, OUTCOME, sample_weight=weights, validation=given, **QUICK)
        assert bytes(value_of(ours)["model"]) == to_bytes(theirs)


def test_what_r_keeps_in_the_model_is_in_it():
    kept = arguments(formula="y ~ a + f", notes={"terms": [1.0]})
    fit = from_bytes(value_of(bridge.fit(X, Y, kept, None))["model"])
    assert fit.formula == "y ~ a + f"
    assert json.loads(json.dumps(fit.notes)) == {"r": {"terms": [1.0]}}


def test_more_epochs_are_those_of_the_core():
    fit = two_layer(FRAME, OUTCOME, **QUICK)
    more = {"fit": bytearray(to_bytes(fit)), "epochs": 3.0, "weight_type": None, "loss": None}
    given = arguments(**more)
    for name in ("seed", "seed_is_drawn", "hidden_units"):
        del given[name]
    sent = value_of(bridge.continue_training(X, Y, given, None))
    longer = continue_training(fit, FRAME, OUTCOME, epochs=3, verbose=False)
    assert bytes(sent["model"]) == to_bytes(longer)
    assert doubles(sent["fitted"]).tolist() == longer.predict(FRAME).tolist()


@pytest.mark.parametrize("kind", ["numeric", "raw", "prob", "class"])
def test_predictions_are_those_of_the_core(kind):
    outcome = OUTCOME if kind in ("numeric", "raw") else np.array(["c", "a", "b"])[CODES - 1]
    fit = two_layer(FRAME, outcome, **QUICK)
    sent = value_of(bridge.predict(bytearray(to_bytes(fit)), X, kind))
    own = {
        "numeric": lambda: fit.predict(FRAME),
        "raw": lambda: fit.predict_raw(FRAME),
        "prob": lambda: fit.predict_proba(FRAME),
        "class": lambda: fit.predict_code(FRAME) + 1,
    }[kind]()
    assert doubles(sent).tolist() == np.asarray(own).T.ravel().tolist()


def test_an_ensemble_goes_to_r_and_predicts_there():
    sent = value_of(bridge.fit(X, Y, arguments(n_models=3, bootstrap=True), None))
    fits = ensemble_from_bytes(sent["model"])
    assert doubles(sent["fitted"]).tolist() == fits.predict(FRAME).tolist()
    for kind, own in (
        ("numeric", [fits.predict(FRAME)]),
        ("std_error", [fits.predict_spread(FRAME)]),
        ("conf_int", fits.predict_interval(FRAME, 0.8)),
    ):
        got = value_of(bridge.predict_ensemble(sent["model"], X, kind, 0.8))
        assert doubles(got).tolist() == np.concatenate(own).tolist()


def test_an_error_about_an_argument_comes_in_its_parts():
    error = bridge.fit(X, Y, arguments(epochs=0), None)["error"]
    assert error["known"]
    parts = {"kind": "ArgumentError", "argument": "epochs", "received": "0"}
    assert parts.items() <= error.items()
    assert "Traceback" in error["traceback"]


def test_an_error_of_training_carries_the_fit_so_far():
    failing = arguments(on_epoch=lambda epoch, loss: "failed" if epoch == 2 else True)
    error = bridge.fit(X, Y, failing, None)["error"]
    assert not error["known"]
    assert error["message"].startswith("RuntimeError: ")
    assert "_TrainingError" not in error["traceback"]
    fit = from_bytes(error["fit"]["model"])
    assert len(fit.history) == 2
    assert doubles(error["fit"]["fitted"]).tolist() == fit.predict(FRAME).tolist()


def test_divergence_carries_the_fit_and_an_interrupt_gives_it_with_a_warning():
    diverging = arguments(learning_rate=1e30, optimizer="sgd", epochs=9)
    error = bridge.fit(X, Y, diverging, None)["error"]
    assert error["kind"] == "DivergenceError"
    assert from_bytes(error["fit"]["model"]).stopped == "divergence"
    answer = bridge.fit(X, Y, arguments(on_epoch=lambda epoch, loss: "interrupt"), None)
    assert [each["kind"] for each in answer["warnings"]] == ["InterruptWarning"]
    assert from_bytes(value_of(answer)["model"]).stopped == "interrupt"


def test_an_error_that_is_not_ours_says_its_class():
    error = bridge.predict(bytearray(b"nothing"), X, "numeric")["error"]
    assert error["kind"] == "FileFormatError"
    error = bridge.chapter_losses({"nonsense": 1})["error"]
    assert not error["known"]
    assert error["message"].startswith("TypeError: ")


def test_progress_is_drawn_and_ended(monkeypatch):
    monkeypatch.setattr(progress, "_DELAY", 0)
    drawn = []
    value_of(bridge.fit(X, Y, arguments(), lambda *call: drawn.append(call)))
    assert [drawn[0][0], drawn[0][2]] == [1, 4]
    assert drawn[-1] == (0, 0.0, 4)


def test_other_data_than_those_of_the_fit_are_refused():
    model = bytearray(to_bytes(two_layer(FRAME, OUTCOME, **QUICK)))
    assert bridge.refuse_other_data(model, False, X, Y, None, "importance")["error"] is None
    other = sent_table({"a": NUMBERS + 1, "f": ("factor", CODES, ["u", "v", "w"])})
    error = bridge.refuse_other_data(model, False, other, Y, None, "importance")["error"]
    assert error["argument"] == "x"
    assert '"a"' in error["received"]


def result(x=FRAME, y=OUTCOME, **given):
    bound = signature(two_layer).bind(x, y, **QUICK, **{"batch_size": 8, **given})
    bound.apply_defaults()
    return fit_two_layer(bound.arguments)


@pytest.mark.parametrize("batch_size", [8, None])
def test_encoded_rows_come_with_a_fit_of_all_rows_in_their_order(batch_size):
    whole = result(batch_size=batch_size)
    rows = whole.fit.inputs.encode("x", whole.fit.inputs.read("x", FRAME)).x
    assert whole.encoded.equal(rows)


def test_encoded_rows_come_with_no_other_fit():
    assert result(validation=0.2).encoded is None
    assert result(n_models=2).encoded is None
    for batch_size in (8, None):
        with pytest.warns(match="left out"):
            found = result(y=np.where(np.arange(ROWS) == 3, np.nan, OUTCOME), batch_size=batch_size)
        assert found.encoded is None
    twice = np.repeat(np.arange(ROWS), 2)
    assert result(FRAME.iloc[twice], OUTCOME[twice], batch_size=None).encoded is None


@pytest.mark.parametrize("row", [0, ROWS - 1])
@pytest.mark.parametrize("missing", [True, False])
def test_rows_left_out_have_their_predictions_or_none(row, missing):
    outcome, weights = OUTCOME.copy(), np.ones(ROWS)
    if missing:
        outcome[row] = np.nan
    else:
        weights[row] = 0
    y = sent_table({".outcome": outcome}, vector=True)
    given = arguments(sample_weight=as_bytes(weights), batch_size=8)
    sent = value_of(bridge.fit(X, y, given, None))
    fitted = from_bytes(sent["model"]).predict(FRAME)
    expected = np.delete(fitted, row) if missing else fitted
    assert doubles(sent["fitted"]).tolist() == expected.tolist()
