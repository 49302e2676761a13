"""Fit a small network in a new process, and end."""

import sys

import numpy as np

x = np.random.default_rng(1).normal(size=(150, 4)).astype(np.float32)
y = x.sum(axis=1)
if sys.argv[1] == "ours":
    from pytwolayer import two_layer

    two_layer(x, y, hidden_units=10, epochs=20, verbose=False, seed=1)
elif sys.argv[1] == "sklearn":
    import warnings

    from sklearn.neural_network import MLPRegressor

    warnings.simplefilter("ignore")
    MLPRegressor(hidden_layer_sizes=(10,), batch_size=32, max_iter=20).fit(x, y)
else:
    import torch

    net = torch.nn.Sequential(torch.nn.Linear(4, 10), torch.nn.ReLU(), torch.nn.Linear(10, 1))
    optimizer = torch.optim.Adam(net.parameters())
    rows, outcome = torch.from_numpy(x), torch.from_numpy(y)[:, None]
    for _ in range(20):
        for part in torch.randperm(150).split(32):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(net(rows[part]), outcome[part]).backward()
            optimizer.step()
