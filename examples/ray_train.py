"""A fit on the workers of a Ray cluster: python examples/ray_train.py DATA FIT.

DATA is a file or folder that every worker sees under the same path, with an outcome "y"; FIT is
where the model file is written.
"""

import sys
from pathlib import Path

from ray.train import ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer


def train(config):
    from pytwolayer.distributed import train_worker

    save = config.pop("save")
    fit = train_worker(config)  # in the process group that Ray has made; the first rank's has a fit
    if fit is not None:
        fit.save(save)


if __name__ == "__main__":
    data, save = (str(Path(path).resolve()) for path in sys.argv[1:])
    config = {"x": data, "outcome": "y", "epochs": 5, "batch_size": 8192, "shards": 8, "seed": 1}
    trainer = TorchTrainer(
        train,
        train_loop_config=config | {"save": save},
        scaling_config=ScalingConfig(num_workers=2),  # a divisor of `shards`
        torch_config=TorchConfig(backend="gloo"),
    )
    trainer.fit()
