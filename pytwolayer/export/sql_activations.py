"""The activations as SQL.

NULL gives NULL. The limits keep ``exp()`` within the range of doubles: PostgreSQL raises an error
beyond. Of the results they change less than 1e-15.
"""

from pytwolayer.export.normal_tail import SHIFT, tail_coefficients
from pytwolayer.export.sql_dialects import number

_SIGMOID = (
    "CASE WHEN {h} > 40e0 THEN {one} WHEN {h} < -700e0 THEN 0e0 ELSE {one} / (1e0 + exp(-{h})) END"
)
_ELU = "CASE WHEN {h} > 0e0 THEN {h} WHEN {h} < -40e0 THEN -1e0 ELSE exp({h}) - 1e0 END"
_SOFTPLUS = "CASE WHEN {h} > 20e0 THEN {h} WHEN {h} < -40e0 THEN 0e0 ELSE ln(1e0 + exp({h})) END"
_TANH = (
    "CASE WHEN {h} > 20e0 THEN 1e0 WHEN {h} < -20e0 THEN -1e0 "
    "ELSE 1e0 - 2e0 / (exp(2e0 * {h}) + 1e0) END"
)


# Of "h", a hidden unit before the activation.
_ACTIVATIONS = {
    "relu": "CASE WHEN {h} <= 0e0 THEN 0e0 ELSE {h} END",
    "leaky_relu": "CASE WHEN {h} <= 0e0 THEN {h} * 0.01e0 ELSE {h} END",
    "elu": _ELU,
    "silu": _SIGMOID.replace("{one}", "{h}"),
    "softplus": _SOFTPLUS,
    "tanh": _TANH,
    "sigmoid": _SIGMOID.replace("{one}", "1e0"),
    "identity": "{h}",
}
SHIFTED = f"(abs({{h}}) - {number(SHIFT)}) / (abs({{h}}) + {number(SHIFT)})"


def activation_sql(name: str) -> str:
    """Return an activation, with ``{h}`` in the place of the unit's column before it.

    "gelu" has ``{t}``, too, which is ``SHIFTED``.
    """
    return _gelu() if name == "gelu" else _ACTIVATIONS[name]


def _gelu() -> str:
    first, *others = (number(coefficient) for coefficient in tail_coefficients())
    polynomial = first
    for coefficient in others:
        polynomial = f"({polynomial} * {{t}} + {coefficient})"
    falling = f"exp(-0.5e0 * {{h}} * {{h}}) / (abs({{h}}) + {number(SHIFT)})"
    tail = f"abs({{h}}) * {falling} * {polynomial}"
    return (
        "CASE WHEN {h} > 37e0 THEN {h} WHEN {h} < -37e0 THEN 0e0 "
        f"WHEN {{h}} > 0e0 THEN {{h}} - {tail} ELSE -({tail}) END"
    )
