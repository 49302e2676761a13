"""What a loss is called on the axis of a plot."""

_LOSSES = {
    "cross_entropy": "Log loss",
    "mse": "Mean squared error",
    "mae": "Mean absolute error",
    "huber": "Huber loss",
    "poisson": "Poisson loss",
    "gamma": "Gamma loss",
    "binomial": "Log loss",
    "binary_cross_entropy": "Log loss",
    "normal": "Negative log-likelihood",
    "negative_binomial": "Negative log-likelihood",
    "quantile": "Pinball loss",
}
_STANDARDISED = ("mse", "mae", "huber", "quantile")


def name_loss(loss: str, reduction: str = "mean") -> str:
    """Name a loss in full; one that is a sum over rows says so."""
    name = _LOSSES.get(loss, loss)
    scale = "standardised" if loss in _STANDARDISED else ""
    total = "sum over the rows" if reduction == "sum" else ""
    notes = ", ".join(note for note in (scale, total) if note)
    return f"{name} ({notes})" if notes else name
