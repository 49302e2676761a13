"""The estimators' docstrings, composed of those of ``two_layer()`` and of their base class."""

import inspect
from dataclasses import dataclass

from pytwolayer.estimators.docstrings import compose_docstring


def function(a, b=None):
    """Do it.

    Parameters
    ----------
    a : int
        First, on
        two lines.
    b : str, optional
        Second.
    unknown : int
        No field.
    """


class Base:
    """All of them.

    Parameters
    ----------
    c : float
        Third.

    Attributes
    ----------
    d_ : int
        Shared.

    Notes
    -----
    One note.
    """


def make(documented):
    @dataclass
    class Estimator(Base):
        __doc__ = documented
        c: float = 0.5
        b: str = "x"
        a: int = 1

    return Estimator


OWN = """One of them.

Attributes
----------
e_ : int
    Own.

Examples
--------
>>> 1
1
"""

COMPOSED = """One of them.

Parameters
----------
c : float, default=0.5
    Third.
b : str, default="x"
    Second.
a : int, default=1
    First, on
    two lines.

Attributes
----------
d_ : int
    Shared.
e_ : int
    Own.

Notes
-----
One note.

Examples
--------
>>> 1
1"""


def test_parameters_come_in_the_order_of_the_fields_with_their_defaults():
    composed = compose_docstring(function, Base)(make(OWN))
    assert inspect.getdoc(composed) == COMPOSED


def test_what_is_not_documented_is_left_out():
    bare = compose_docstring(lambda: None, object)(make(None))
    assert "Parameters" not in bare.__doc__
    assert compose_docstring(make, object)(make("Text {}.")).__doc__ == "Text {}."
