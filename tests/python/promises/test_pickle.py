"""Fits that are pickled, copied and handed to other processes."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest
from estimator_samples import FRAME, LABELS, QUICK, X, Y, same

import pytwolayer
from pytwolayer import TwoLayerClassifier, TwoLayerRegressor, two_layer
from pytwolayer.network.losses import ForgottenLoss
from pytwolayer.runtime.torch_loading import torch

OUTCOMES = {"one": Y, "several": np.column_stack([Y, -Y]), "classes": LABELS}


def cubed(output, y):
    return (output - y).abs() ** 3


def quick(outcome="one", **options):
    usual = {"hidden_units": 4, "epochs": 3, "seed": 1}
    return two_layer(FRAME, OUTCOMES[outcome], **usual | options)


def through_joblib(fit, folder):
    joblib.dump(fit, folder / "fit.joblib")
    return joblib.load(folder / "fit.joblib")


WAYS = {
    **{
        f"pickle {n}": lambda fit, folder, n=n: pickle.loads(pickle.dumps(fit, protocol=n))
        for n in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
    "copy": lambda fit, folder: copy.copy(fit),
    "deepcopy": lambda fit, folder: copy.deepcopy(fit),
    "joblib": through_joblib,
}


def alike(again, fit):
    return (
        repr(again) == repr(fit)
        and again.history.equals(fit.history)
        and again.predict(FRAME).tolist() == fit.predict(FRAME).tolist()
    )


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("way", WAYS)
def test_a_fit_comes_back_as_it_was(way, outcome, tmp_path):
    fit = quick(outcome)
    again = WAYS[way](fit, tmp_path)
    assert alike(again, fit)
    assert again.settings == fit.settings
    assert again.plot().get_title() == fit.plot().get_title()


@pytest.mark.parametrize("way", WAYS)
def test_what_was_tuned_comes_back_too(way, tmp_path):
    columns = {"encoding": ["linear"], "learning_rate": [0.003], "weight_decay": [0.1]}
    columns |= {"fold": [1], "valid_loss": [np.inf]}
    fit = replace(quick(encoding="piecewise"), tuning=pd.DataFrame(columns))
    again = WAYS[way](fit, tmp_path)
    assert alike(again, fit)
    pd.testing.assert_frame_equal(again.tuning, fit.tuning)


@pytest.mark.parametrize("way", WAYS)
def test_a_fit_with_functions_that_cannot_be_pickled_comes_back_all_the_same(way, tmp_path):
    fit = quick(loss=lambda output, y: (output - y) ** 2, on_epoch=lambda epoch, loss: None)
    again = WAYS[way](fit, tmp_path)
    assert alike(again, fit)
    kept = fit.settings.loss if "copy" in way else ForgottenLoss("<lambda>")
    assert again.settings.loss == kept
    assert again.settings.loss_name == "<lambda>"


def test_a_function_that_can_be_pickled_stays():
    assert pickle.loads(pickle.dumps(quick(loss=cubed))).settings.loss is cubed
    module = pickle.loads(pickle.dumps(quick(loss=torch.nn.L1Loss()))).settings.loss
    assert isinstance(module, torch.nn.L1Loss)


# Other processes


def fitted_to(seed):
    return quick(seed=seed)


def predictions(fit):
    return fit.predict(FRAME).tolist(), repr(fit)


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_workers_predict_with_a_fit_and_send_fits_back(method):
    fit = quick()
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(predictions, fit).result(60) == predictions(fit)
        assert alike(pool.submit(fitted_to, 1).result(60), fit)


def test_jobs_of_joblib_predict_with_a_fit_whose_loss_is_a_lambda():
    fit = quick(loss=lambda output, y: (output - y) ** 2)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        found = joblib.Parallel()(joblib.delayed(fit.predict)(FRAME) for _ in range(2))
    assert [each.tolist() for each in found] == [fit.predict(FRAME).tolist()] * 2


# Estimators


def whole_fit(estimator):
    return estimator.fit(X, target(estimator))


def one_part(estimator):
    if isinstance(estimator, TwoLayerClassifier):
        return estimator.partial_fit(X, LABELS, classes=np.unique(LABELS))
    return estimator.partial_fit(X, Y)


def target(estimator):
    return LABELS if isinstance(estimator, TwoLayerClassifier) else Y


STARTS = {"fit": (whole_fit, {}), "partial_fit": (one_part, {}), "warm_start": (whole_fit, {})}
STARTS["warm_start"] = (whole_fit, {"warm_start": True})


@pytest.mark.parametrize("kind", [TwoLayerRegressor, TwoLayerClassifier])
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("way", WAYS)
def test_an_estimator_goes_on_after_a_pickle_as_it_would_have(way, start, kind, tmp_path):
    begin, options = STARTS[start]
    go_on = whole_fit if options else one_part
    estimator = begin(kind(**QUICK | {"schedule": "constant", "batch_size": 8} | options))
    again = WAYS[way](estimator, tmp_path)
    assert same(again, estimator)
    assert same(go_on(again), go_on(estimator))


def test_an_estimator_whose_loss_is_a_lambda_goes_on_after_joblibs_workers():
    def squared(output, y):  # which cloudpickle can pickle, and pickle cannot
        return (output - y) ** 2

    estimator = TwoLayerRegressor(**QUICK | {"loss": squared, "schedule": "constant"})
    with joblib.parallel_config(backend="loky", n_jobs=2):
        (again,) = joblib.Parallel()([joblib.delayed(estimator.fit)(X, Y)])
    assert same(again.partial_fit(X, Y), estimator.fit(X, Y).partial_fit(X, Y))
    again.set_params(warm_start=True).fit(X, Y)
    with pytest.raises((AttributeError, pickle.PicklingError), match="squared"):
        pickle.dumps(estimator)


PUBLIC = {
    "estimator": ["TwoLayerClassifier", "TwoLayerRegressor"],
    "ensemble": ["TwoLayerEnsemble"],
    "model": ["TwoLayer"],
}
MOVED = {
    "pytwolayer.preprocessing.encoder": "pytwolayer.encoder",
    "pytwolayer.network.losses": "pytwolayer.loss",
    "pytwolayer.preprocessing.outcome": "pytwolayer.outcome",
    "pytwolayer.training.settings": "pytwolayer.settings",
    "pytwolayer.fitting.starting_point": "pytwolayer.start",
}


def as_before(pickled: bytes) -> bytes:
    """Name the modules as they were named when all of them stood beside one another."""
    for module, names in PUBLIC.items():
        for name in names:
            new, old = f"cpytwolayer\n{name}\n", f"cpytwolayer.{module}\n{name}\n"
            pickled = pickled.replace(new.encode(), old.encode())
    for new, old in MOVED.items():
        pickled = pickled.replace(f"c{new}\n".encode(), f"c{old}\n".encode())
    return pickled


def forgotten():
    fit = quick()
    return replace(fit, settings=replace(fit.settings, loss=ForgottenLoss("mine")))


@pytest.mark.parametrize(
    ("make", "modules"),
    [
        (quick, "model encoder outcome settings"),
        (lambda: quick("classes"), "model encoder outcome settings"),
        (forgotten, "loss"),
        (lambda: quick("classes", n_models=2), "ensemble model"),
        (lambda: TwoLayerRegressor(**QUICK).fit(X, Y), "estimator model start"),
        (lambda: TwoLayerClassifier(**QUICK).fit(X, LABELS), "estimator model start"),
    ],
)
def test_what_was_pickled_before_the_modules_moved_is_still_read(make, modules):
    made = make()
    old = as_before(pickle.dumps(made, protocol=2))
    for module in modules.split():
        assert f"cpytwolayer.{module}\n".encode() in old
    again, data = pickle.loads(old), X if hasattr(made, "get_params") else FRAME
    assert type(again) is type(made)
    assert again.predict(data).tolist() == made.predict(data).tolist()


def test_a_module_that_never_was_is_not_found():
    with pytest.raises(ModuleNotFoundError, match=r"pytwolayer\.modell"):
        pickle.loads(b"cpytwolayer.modell\nTwoLayer\n.")
    with pytest.raises(AttributeError, match="TwoLayers"):
        pickle.loads(b"cpytwolayer.model\nTwoLayers\n.")


@pytest.mark.parametrize("name", [name for name in pytwolayer.__all__ if name[0].isupper()])
def test_pickles_name_public_classes_as_the_package_does(name):
    public = getattr(pytwolayer, name)
    assert public.__module__ == "pytwolayer"
    assert pickle.loads(pickle.dumps(public)) is public
