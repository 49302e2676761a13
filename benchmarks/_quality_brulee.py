"""The defaults of `brulee_mlp()` of R's package brulee (1.1.1), rebuilt in PyTorch.

R's torch is not needed: the recipe was read in brulee's source and is followed step by step.
One hidden layer of 3 ReLU units; a tenth of the rows held out at random; a numeric outcome
standardised on the other rows; L-BFGS with a history of 1 on all of them, 20 iterations an
epoch at a learning rate of 0.01, gradients clipped at 5 by value and by norm; in the loss,
held-out rows' too, 0.0005 times the sum of the squared weights (a penalty of 0.001, all of it
ridge; biases are free); at most 100 epochs, ended by 5 without a better held-out loss; the best
epoch's weights predict.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import cross_entropy, mse_loss

HIDDEN_UNITS, EPOCHS, STOP_ITER = 3, 100, 5
PENALTY, LEARN_RATE, VALIDATION, GRADIENT_CLIP = 0.001, 0.01, 0.1, 5.0


class Brulee:
    """One fit: classes where ``classes`` says how many, else a number."""

    def __init__(self, classes: int, seed: int) -> None:
        self.classes, self.seed = classes, seed
        self.center, self.spread = 0.0, 1.0

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Brulee":
        """Train on rows that are standardised already."""
        torch.manual_seed(self.seed)
        order = np.random.default_rng(self.seed).permutation(len(y))
        held, used = np.split(order, [math.floor(len(y) * VALIDATION)])
        if not self.classes:
            self.center, self.spread = y[used].mean(), y[used].std(ddof=1)
        self.net = network(X.shape[1], self.classes or 1)
        train = self.loss_on(X[used], y[used])
        valid = self.loss_on(X[held], y[held])
        best_epoch(self.net, train, valid)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Give probabilities, or numbers on the scale of the outcome."""
        with torch.no_grad():
            output = self.net(torch.tensor(X, dtype=torch.float32))
        if self.classes:
            return output.softmax(dim=1).double().numpy()
        return output[:, 0].double().numpy() * self.spread + self.center

    def loss_on(self, X: np.ndarray, y: np.ndarray) -> Callable[[], torch.Tensor]:
        """Give the function that computes the penalised loss of some rows."""
        inputs = torch.tensor(X, dtype=torch.float32)
        scaled = y if self.classes else (y - self.center) / self.spread
        target = torch.tensor(scaled, dtype=torch.long if self.classes else torch.float32)
        weights = [layer.weight for layer in self.net if isinstance(layer, torch.nn.Linear)]

        def loss() -> torch.Tensor:
            output = self.net(inputs)
            fit = cross_entropy(output, target) if self.classes else mse_loss(output[:, 0], target)
            return fit + PENALTY / 2 * sum((weight**2).sum() for weight in weights)

        return loss


def network(columns: int, outputs: int) -> torch.nn.Sequential:
    """Make the network; a layer's normal draws deviate by 1 / sqrt(its number of parameters)."""
    first = torch.nn.Linear(columns, HIDDEN_UNITS)
    second = torch.nn.Linear(HIDDEN_UNITS, outputs)
    for layer in (first, second):
        deviation = 1 / math.sqrt(layer.bias.numel() + layer.weight.numel())
        torch.nn.init.normal_(layer.bias, std=deviation)
        torch.nn.init.normal_(layer.weight, std=deviation)
    return torch.nn.Sequential(first, torch.nn.ReLU(), second)


def best_epoch(
    net: torch.nn.Sequential,
    train: Callable[[], torch.Tensor],
    valid: Callable[[], torch.Tensor],
) -> None:
    """Train, and leave the weights of the epoch with the smallest held-out loss."""
    optimizer = torch.optim.LBFGS(net.parameters(), lr=LEARN_RATE, history_size=1)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = train()
        loss.backward()
        torch.nn.utils.clip_grad_value_(net.parameters(), GRADIENT_CLIP)
        torch.nn.utils.clip_grad_norm_(net.parameters(), GRADIENT_CLIP)
        return loss

    least, poor, best = math.inf, 0, None
    for _ in range(EPOCHS):
        optimizer.step(closure)
        with torch.no_grad():
            loss = valid().item()
        if best is None or loss < least:
            least, poor = loss, 0
            best = {name: values.clone() for name, values in net.state_dict().items()}
        else:
            poor += 1
        if math.isnan(loss) or poor == STOP_ITER:
            break
    net.load_state_dict(best)
