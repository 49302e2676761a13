"""A fit as plain arrays: what other programs need in order to predict as it does.

``docs/model-file.md`` gives the same arithmetic in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from pytwolayer.checks import shorten
from pytwolayer.errors import PytwolayerError
from pytwolayer.export.expressions import Column, Expression, columns_of
from pytwolayer.preprocessing.block_writer import Coding, LevelCoding
from pytwolayer.preprocessing.column_reading import level_name
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.outcome import Classes, Numbers, Outcome
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.spread import LEAST_LOG_SD, theta_of
from pytwolayer.training.settings import Settings
from pytwolayer.training.trained_model import Model

# The links: how predictions come of the network's outputs.
IDENTITY, EXP, LOGIT, SOFTMAX = "identity", "log", "logit", "softmax"
LEAST_SD = float(np.exp(LEAST_LOG_SD))
_LONGEST_FORMULA = 200  # in messages
# All that an outcome of numbers is made of. With more, predictions may be made in another way.
_NUMBERS = {"names", "center", "scale", "log", "vector", "logit", "trials", "sd", "theta"}
_NUMBERS |= {"labels", "quantile_levels"}


@dataclass(frozen=True)
class PlainNetwork:
    """One network.

    Attributes
    ----------
    codings : tuple of NumberCoding, PiecewiseCoding or LevelCoding
        One for each column.
    first, second : array
        Weights, shape ``(hidden_units, inputs)`` and ``(outputs, hidden_units)``.
    first_bias, second_bias : array
    """

    codings: tuple[Coding, ...]
    first: Doubles
    first_bias: Doubles
    second: Doubles
    second_bias: Doubles

    def places(self) -> list[slice]:
        """Return for each column which inputs of ``first`` are its."""
        ends = np.cumsum([0, *(coding.width for coding in self.codings)]).tolist()
        return [slice(first, last) for first, last in pairwise(ends)]


@dataclass(frozen=True)
class PlainModel:
    """One network, or several whose mean is the prediction.

    Attributes
    ----------
    columns : tuple of Column
        Those of the data.
    sources : tuple of Expression
        What the network's columns are of these: for each coding of a network one.
    networks : tuple of PlainNetwork
    activation : str
    link : str
        ``IDENTITY``: ``output * scale + center``; ``EXP``: ``exp(output) * scale + center``;
        ``LOGIT``: ``1 / (1 + exp(-output))``; ``SOFTMAX``: probabilities of the classes.
    outputs : tuple of str
        Names of the outcomes, or the classes as text.
    scale, center : array
        For each network and outcome; of shape ``(networks, 0)`` for classes.
    offset : bool
        Whether predictions need an offset.
    quantiles : bool
        Whether the outputs are the quantiles of one outcome, which each network sorts.
    sd : bool
        Whether the second half of each network's outputs are logarithms of standard deviations of
        the scaled outcomes, at least that of ``LEAST_SD``.
    theta : array or None
        Where the variance is ``mean + mean ** 2 / theta``: of each network and outcome.
    labels : tuple of pairs of str
        Of outcomes that are labels, what each is called up to the probability 0.5, and above it.
    """

    columns: tuple[Column, ...]
    sources: tuple[Expression, ...]
    networks: tuple[PlainNetwork, ...]
    activation: str
    link: str
    outputs: tuple[str, ...]
    scale: Doubles
    center: Doubles
    offset: bool
    quantiles: bool = False
    sd: bool = False
    theta: Doubles | None = None
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def has_spread(self) -> bool:
        """Whether there are standard deviations."""
        return self.sd or self.theta is not None

    @property
    def single(self) -> bool:
        """Whether the outcome is one column of numbers."""
        return self.link != SOFTMAX and len(self.outputs) == 1 and not self.quantiles


def read_plain_model(
    models: Sequence[Model], computed: Sequence[Expression] | None = None
) -> PlainModel:
    """Take a fit's, or an ensemble's, models apart.

    ``computed`` are the fit's columns as a formula computes them.

    Raises
    ------
    PytwolayerError
        If a formula of R computes its columns, or the outcome is of a kind that is not known here.
    """
    first = models[0]
    if first.formula is not None and computed is None:
        formula = shorten(first.formula, _LONGEST_FORMULA)
        raise PytwolayerError(
            f"The fit cannot be exported: its columns are terms that the formula `{formula}` "
            "computes in R. Export it in R, or fit it to columns that the data have."
        )
    link = _link(first.outcome, first.settings)
    numbers = [m.outcome for m in models if isinstance(m.outcome, Numbers)]
    quantiles = bool(numbers and numbers[0].quantile_levels)
    outputs = numbers[0].predicted if numbers and not quantiles else first.outcome.outputs
    sources = _columns(first.inputs) if computed is None else tuple(computed)
    assert len(sources) == len(first.inputs.codings)
    sd = bool(numbers and numbers[0].sd)
    return PlainModel(
        columns=columns_of(sources),
        sources=sources,
        networks=tuple(_network(model, len(outputs) * (1 + sd)) for model in models),
        activation=first.settings.activation,
        link=link,
        outputs=tuple(outputs),
        scale=np.array([outcome.scale * _copies(outcome) for outcome in numbers]),
        center=np.array([outcome.center * _copies(outcome) for outcome in numbers]),
        offset=first.offset,
        quantiles=quantiles,
        sd=sd,
        theta=_thetas(models) if numbers and numbers[0].theta else None,
        labels=_labels(numbers[0]) if numbers else (),
    )


def _thetas(models: Sequence[Model]) -> Doubles:
    biases = [model.network.state_dict()["2.bias"].double().numpy() for model in models]
    return np.stack([theta_of(bias[len(bias) // 2 :]) for bias in biases])


def _labels(outcome: Numbers) -> tuple[tuple[str, str], ...]:
    return tuple((level_name(absent), level_name(present)) for absent, present in outcome.labels)


def _copies(outcome: Numbers) -> int:
    """Return how many of the network's outputs are of one outcome."""
    return len(outcome.quantile_levels) or 1


def _columns(inputs: Encoder) -> tuple[Expression, ...]:
    names = inputs.names or tuple(f"x{n + 1}" for n in range(len(inputs.codings)))
    pairs = zip(names, inputs.codings, strict=True)
    return tuple(Column(name, isinstance(coding, LevelCoding)) for name, coding in pairs)


def _link(outcome: Outcome, settings: Settings) -> str:
    is_usual = not isinstance(settings.loss, str) or settings.loss == "cross_entropy"
    if type(outcome) is Classes and is_usual:
        return SOFTMAX
    if type(outcome) is Numbers and _is_plain(outcome):
        link = IDENTITY if outcome.quantile_levels else outcome.link
        if link in (IDENTITY, EXP, LOGIT):
            return link
    raise PytwolayerError(f'Fits with the loss "{settings.loss_name}" cannot be exported.')


def _is_plain(outcome: Numbers) -> bool:
    others = [field for field in fields(outcome) if field.name not in _NUMBERS]
    return all(getattr(outcome, field.name) == field.default for field in others)


def _network(model: Model, outputs: int) -> PlainNetwork:
    """Take a network's weights; further outputs, of one ``theta`` for all rows, are left out."""
    weights = model.network.state_dict()
    names = ("0.weight", "0.bias", "2.weight", "2.bias")
    first, first_bias, *second = (weights[name].double().numpy() for name in names)
    own = (array[:outputs] for array in second)
    return PlainNetwork(model.inputs.codings, first, first_bias, *own)
