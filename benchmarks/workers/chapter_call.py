"""Print the seconds of some runs of the chapter's 500 steps: ours, the plain loop, or keras."""

import sys
import time

import torch

from pytwolayer.chapter import chapter_loop, chapter_losses, chapter_problem


def keras_fit(steps: int = 500) -> None:
    """Train the chapter's network with keras: one batch of all rows an epoch."""
    try:
        import keras
    except ImportError:
        print("not installed")
        sys.exit()
    x, y, _ = chapter_problem()
    layers = [keras.layers.Dense(100, activation="relu"), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((1000,)), *layers])
    model.compile(optimizer=keras.optimizers.SGD(1e-4), loss="mse")
    model.fit(x.numpy(), y.numpy(), epochs=steps, batch_size=64, shuffle=False, verbose=0)


WAYS = {"ours": chapter_losses, "loop": chapter_loop, "keras": keras_fit}


def main(way: str, calls: int) -> None:
    """Time ``calls`` runs after one that is not counted."""
    WAYS[way](steps=5)
    for _ in range(calls):
        start = time.perf_counter()
        WAYS[way]()
        print("seconds", time.perf_counter() - start)
    print("threads", torch.get_num_threads())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
