"""What the estimators' docstrings share; of the settings, what ``two_layer()`` says of them."""

import re
from dataclasses import fields
from textwrap import indent
from typing import Any

from pytwolayer.fit import two_layer

_RANDOM_STATE = """\
random_state : int, RandomState or None
    What the seed is drawn from; an int is the seed itself, as ``two_layer()`` takes it."""
_WARM_START = """\
warm_start : bool
    Whether ``fit()`` starts from the weights and the encoding of the fit before, if there is
    one. History and optimiser start anew."""
_ATTRIBUTES = """\
Attributes
----------
two_layer_ : TwoLayer
    The fit itself, as ``two_layer()`` gives it: it plots and can be saved.
n_iter_ : int
    Number of epochs.
history_ : DataFrame
    ``epoch``, ``loss`` and, with ``validation``, ``valid_loss``.
loss_curve_ : list of float
    The loss of each epoch.
loss_ : float
    That of the last.
best_loss_ : float
    The lowest: of the held-out rows where there are any.
n_features_in_ : int
    Number of columns.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Their names, where they have names that are text."""
_NOTES = """\
Notes
-----
Missing values are refused; ``two_layer()`` can leave such rows out. Where new data have a level
that training did not see, the prediction is missing and a warning names the level; ``score()``
leaves these rows out."""


def documented(estimator: Any) -> Any:
    """Fill the places that an estimator's docstring leaves for what both share."""
    if estimator.__doc__ is None:  # as under python -OO
        return estimator
    entries = _entries(two_layer.__doc__ or "")
    entries |= {"random_state": _RANDOM_STATE, "warm_start": _WARM_START}
    told = [_with_default(entries[field.name], field.default) for field in fields(estimator)]
    parameters = "\n".join(["Parameters\n----------", *told])
    shared = {"parameters": parameters, "attributes": _ATTRIBUTES, "notes": _NOTES}
    for name, text in shared.items():
        estimator.__doc__ = estimator.__doc__.replace(f"    {{{name}}}", indent(text, "    "))
    return estimator


def _entries(doc: str) -> dict[str, str]:
    """Take the entries of a docstring's parameters, by name."""
    section = re.search(r"Parameters\n +-+\n(.*?)\n\n", doc, re.DOTALL)
    entries: dict[str, str] = {}
    name = ""
    for line in [] if section is None else section[1].splitlines():
        start = re.match(r" {4}(\w+)(, \w+)* : ", line)
        if start is not None:
            name = start[1]
        entries[name] = f"{entries[name]}\n{line[4:]}" if name in entries else line[4:]
    return entries


def _with_default(entry: str, default: Any) -> str:
    first, _, rest = entry.partition("\n")
    shown = f'"{default}"' if isinstance(default, str) else default
    return f"{first.removesuffix(', optional')}, default={shown}\n{rest}"
