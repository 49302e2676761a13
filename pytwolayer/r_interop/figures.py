"""What figures of predictions show, as R draws them: texts, and numbers as the bytes of doubles."""

from typing import Any

import numpy as np

from pytwolayer.models.fit_figures import figure_of, figure_of_rows, named_rows
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.r_interop.tables import send_doubles

Sent = bytes | bytearray


def figure_of_new_rows(
    fit: Any, what: str, x: Any, y: Any, weights: Any, offset: Any
) -> dict[str, Any]:
    """Give what a figure of rows shows that the core predicts."""
    return _send(figure_of(fit, what, x, y, weights, offset))


def figure_of_training_rows(
    fit: Any, what: str, observed: Sent, predicted: Sent, weights: Doubles | None
) -> dict[str, Any]:
    """Give what a figure of the training rows shows, whose predictions R has."""
    outcome = fit.outcome
    columns = len(outcome.predicted)
    sides = [np.frombuffer(sent).reshape(columns, -1).T for sent in (observed, predicted)]
    rows = named_rows(outcome, sides[0], sides[1], weights, are_of_training=True)
    return _send(figure_of_rows(outcome, what, rows))


def _send(shown: Any) -> dict[str, Any]:
    panels = [
        {name: _plain(value) for name, value in panel._asdict().items()} for panel in shown.panels
    ]
    return {"title": shown.title, "across": shown.across, "up": shown.up, "panels": panels}


def _plain(value: Any) -> Any:
    return send_doubles(value) if isinstance(value, np.ndarray) else value
