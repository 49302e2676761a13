"""Pin what fits give, bit for bit: run before and after a change that should alter nothing.

    python scripts/hash_results.py before.json          # on the commit before
    python scripts/hash_results.py after.json before.json   # on the one after, same machine

Each line of the file is one fit: its settings, and a hash of weights, history and predictions.
With a second file, what differs is listed, and the exit status is 1. Bits depend on the
machine, on PyTorch's build and on the number of threads (here one), so the hashes are not kept
in the repository.
"""

import hashlib
import itertools
import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import pytwolayer

ACTIVATIONS = (
    "relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "tanh", "sigmoid", "identity",
)  # fmt: skip
LOSSES = (
    "mse", "mae", "huber", "poisson", "gamma", "binomial", "cross_entropy", "quantile",
    "normal", "negative_binomial", "binary_cross_entropy",
)  # fmt: skip
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "lbfgs")
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weights": {},
    "dropout": {"dropout": 0.3},
    "validation": {"validation": 0.25, "patience": 2},
    "sum": {"reduction": "sum", "learning_rate": 0.001},
    "clipped": {"gradient_clip": 0.5, "schedule": "step", "momentum": 0.0},
}
PIECES = {"encoding": "piecewise", "pieces": 4}  # numbers in pieces, with some of the variants
ROWS = 90


def table() -> pd.DataFrame:
    """Make numbers, logicals, a factor and text, from a fixed seed."""
    draw = np.random.default_rng(20)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 3)), columns=["a", "b", "c"])
    frame["flag"] = draw.random(ROWS) < 0.5
    frame["level"] = pd.Categorical(draw.choice(list("xyz"), ROWS))
    frame["text"] = draw.choice(["red", "green"], ROWS)
    return frame


def outcome(frame: pd.DataFrame, loss: str) -> Any:
    """Make an outcome that suits the loss."""
    signal = frame["a"] - frame["b"] * frame["flag"]
    if loss == "cross_entropy":
        return np.where(signal > 0.5, "high", np.where(signal < -0.5, "low", "middle"))
    if loss == "binary_cross_entropy":
        return np.column_stack([signal > 0, frame["a"] > 0.5]).astype(float)
    if loss == "binomial":
        return np.column_stack([np.floor(np.exp(signal)), np.arange(ROWS) % 4])
    if loss in ("poisson", "negative_binomial"):
        return np.floor(np.exp(signal))
    if loss == "gamma":
        return np.exp(signal)
    return signal.to_numpy()


def settings() -> Iterator[dict[str, Any]]:
    """Give the grids: of linear fits, and of fits in pieces."""
    yield from grid(ACTIVATIONS, VARIANTS)
    for given in grid(("relu",), ("plain", "weights", "validation")):
        yield given | PIECES


def grid(activations: Iterable[str], variants: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Give the fits with these activations and variants."""
    for activation, loss, optimizer, batch_size, n_models, variant in itertools.product(
        activations, LOSSES, OPTIMIZERS, (None, 16), (1, 3), variants
    ):
        if optimizer == "lbfgs" and (batch_size or variant not in ("plain", "weights", "sum")):
            continue
        yield {
            "activation": activation,
            "loss": loss,
            "optimizer": optimizer,
            "batch_size": batch_size,
            "n_models": n_models,
            "variant": variant,
        }


def hashed(given: dict[str, Any], frame: pd.DataFrame) -> str:
    """Fit, and hash all that comes of it."""
    given = dict(given)
    variant = given.pop("variant")
    weights = np.linspace(0.25, 1.75, ROWS) if variant == "weights" else None
    try:
        fit = pytwolayer.two_layer(
            frame, outcome(frame, given["loss"]), hidden_units=5, epochs=4, seed=7,
            sample_weight=weights, verbose=False, **given, **VARIANTS[variant],
        )  # fmt: skip
    except pytwolayer.PytwolayerError as problem:
        return f"{type(problem).__name__}: {problem}"
    digest = hashlib.sha256()
    for model in getattr(fit, "models", (fit,)):
        for value in model.network.state_dict().values():
            digest.update(value.numpy().tobytes())
        digest.update(model.history.to_numpy(dtype=float).tobytes())
    shares = fit.classes is not None or given["loss"] == "binary_cross_entropy"
    predicted = fit.predict_proba(frame) if shares else fit.predict(frame)
    digest.update(np.asarray(predicted, dtype=float).tobytes())
    return digest.hexdigest()


def compare(after: dict[str, str], before: dict[str, str]) -> int:
    """List what differs; give the exit status."""
    changed = [name for name in after if after[name] != before.get(name, after[name])]
    for name in changed[:20]:
        print(f"differs: {name}")
    common = len(set(after) & set(before))
    print(f"{len(changed)} of {common} results differ")
    return int(bool(changed) or not common)


def main() -> int:
    """Hash, write, compare."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    frame = table()
    found = {json.dumps(given): hashed(given, frame) for given in settings()}
    losses = pytwolayer.chapter_losses(steps=50)["loss"].to_numpy()
    found["chapter"] = hashlib.sha256(losses.tobytes()).hexdigest()
    Path(sys.argv[1]).write_text(json.dumps(found, indent=0), encoding="utf-8")
    print(f"{len(found)} results hashed")
    return compare(found, json.loads(Path(sys.argv[2]).read_text())) if sys.argv[2:] else 0


if __name__ == "__main__":
    sys.exit(main())
