"""A fit on the workers of a Spark cluster: spark-submit examples/spark.py DATA FIT.

DATA is a file or folder that every worker sees under the same path, with an outcome "y"; FIT is
where the model file is written.
"""

import sys
from pathlib import Path

from pyspark.ml.torch.distributor import TorchDistributor
from pyspark.sql import SparkSession


def train(config):
    from pytwolayer.distributed import train_worker

    save = config.pop("save")
    fit = train_worker(config)  # the first rank's call gives the fit, the others' None
    if fit is not None:
        # What this function returns is lost in local mode: each process writes over the others'.
        fit.save(save)


if __name__ == "__main__":
    data, save = (str(Path(path).resolve()) for path in sys.argv[1:])
    config = {"x": data, "outcome": "y", "epochs": 5, "batch_size": 8192, "shards": 8, "seed": 1}
    spark = SparkSession.builder.appName("pytwolayer").getOrCreate()
    # On a cluster: local_mode=False, and its executors are the workers; 2 is a divisor of `shards`.
    workers = TorchDistributor(num_processes=2, local_mode=True, use_gpu=False)
    workers.run(train, config | {"save": save})
    spark.stop()
