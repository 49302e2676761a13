"""What fits under torchrun are made of, in the test and in the processes alike."""

import hashlib

import numpy as np
import pandas as pd

SETTINGS = {
    "hidden_units": 4,
    "epochs": 3,
    "batch_size": 50,
    "weight_decay": 0.0,
    "encoding": "linear",
    "seed": 1,
    "shards": 4,
    "verbose": False,
}


def rows(number=203, seed=1):
    numbers = np.random.default_rng(seed)
    x = numbers.normal(size=(number, 3))
    kinds = numbers.choice(["u", "v", "w"], number)
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(kind=kinds)
    return frame.assign(y=x.sum(axis=1) + (kinds == "u"))


def absolute(output, outcome):
    return (output - outcome).abs()


def failing(output, outcome):
    raise ZeroDivisionError("a function of the user's")


CASES = {
    "plain": {},
    "held out": {"validation": 0.2, "dropout": 0.3, "patience": 2},
    "loss of the user's": {"loss": absolute},
    "all at once": {"batch_size": None, "optimizer": "lbfgs"},
    "searched": {"weight_decay": "auto", "epochs": 150, "validation": 0.2},
}


def config(**more):
    return {"x": rows(), "outcome": "y"} | SETTINGS | more


def digest(fit):
    total = hashlib.sha256(fit.history.to_csv().encode())
    for each in fit.network.parameters():
        total.update(each.detach().numpy().tobytes())
    return total.hexdigest()
