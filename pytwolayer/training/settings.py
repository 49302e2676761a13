"""The settings of a fit in one table, and those that a fit keeps.

The checks, the estimators and the command line take their settings from the table, and tests
compare the written signatures of both languages with it. This module must not import PyTorch,
for which the command line's help would wait: checks import the network's tables when they run.
"""

import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from functools import cache
from itertools import pairwise
from numbers import Real
from typing import TYPE_CHECKING, Any

from pytwolayer import checks
from pytwolayer.errors import ArgumentError, Text

if TYPE_CHECKING:
    from pytwolayer.optim.optimizer import OptimizerEntry, OptimizerOptions

AUTO = "auto"
QUANTILE, QUANTILE_LEVELS = "quantile", (0.05, 0.5, 0.95)  # the loss, and its usual levels
DECAY = 3.0  # the summed loss's weight decay where none is given or searched
LARGEST_RATE = float.fromhex("0x1.fffffep+127")  # of single precision
_Check = Callable[[str, Any], Any]


@cache
def _choices() -> dict[str, list[str]]:
    """Return the names that the settings with a table of their own accept.

    A fit asks some thirty times, which would take as long as its epochs if they are few.
    """
    from pytwolayer.network.activations import ACTIVATIONS
    from pytwolayer.network.losses import LOSSES, REDUCTIONS
    from pytwolayer.optim.lr_schedule import SCHEDULES
    from pytwolayer.optim.optimizer import OPTIMIZERS
    from pytwolayer.preprocessing.encoder import ENCODINGS

    return {
        "activation": [*ACTIVATIONS],
        "encoding": [AUTO, *ENCODINGS],
        "loss": [AUTO, *LOSSES],
        "optimizer": [*OPTIMIZERS],
        "reduction": [*REDUCTIONS],
        "schedule": [AUTO, *SCHEDULES],
    }


def _choice(argument: str, value: Any) -> str:
    return checks.one_of(argument, value, _choices()[argument])


def _auto_or(check: _Check) -> _Check:
    def checked(argument: str, value: Any) -> Any:
        if _is_auto(value):
            return AUTO
        try:
            return check(argument, value)
        except ArgumentError as problem:
            if not isinstance(value, str):  # a wrong number needs no word about text
                raise
            expected = f'"{AUTO}" or {problem.expected}'
            raise ArgumentError(argument, expected, problem.received) from None

    return checked


def _none_or(check: _Check) -> _Check:
    return lambda argument, value: None if value is None else check(argument, value)


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == AUTO


def _rate(argument: str, value: Any) -> float:
    return checks.positive(argument, value, maximum=LARGEST_RATE)


def _decay(argument: str, value: Any) -> float:
    return checks.between(argument, value, 0, LARGEST_RATE)


def _pieces(argument: str, value: Any) -> int:
    from pytwolayer.preprocessing.piecewise import LEAST_PIECES, MOST_PIECES

    return checks.count(argument, value, minimum=LEAST_PIECES, maximum=MOST_PIECES)


def _quantile_levels(argument: str, value: Any) -> tuple[float, ...]:
    given = value.tolist() if hasattr(value, "tolist") else value
    given = given if isinstance(given, (list, tuple)) else [given]
    numbers = all(isinstance(each, Real) and not isinstance(each, bool) for each in given)
    levels = tuple(float(each) for each in given) if numbers else ()
    ascending = all(low < high for low, high in pairwise((0.0, *levels, 1.0)))
    if not levels or not ascending:
        expected = "numbers above 0 and below 1 in ascending order, each once"
        received = ", ".join(f"{each:g}" for each in levels[:10]) or checks.describe(value)
        raise ArgumentError(argument, expected, received)
    return levels


def _loss(argument: str, value: Any) -> Any:
    return value if callable(value) else _choice(argument, value)


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes
    ----------
    default : Any
        As in the signatures of ``two_layer()`` in both languages.
    check : callable or None
        ``check(name, value)`` returns the value in its proper type, or raises. None: it is
        checked later, where data or device are read.
    help : str or None
        Its text in the command line's help; None: it is no option there.
    stands_for : str
        The placeholder of the value in the help.
    option : str
        How the option is read: "value", "text" (also if it looks like a number), "several" (given
        once for each) or "numbers" (with commas between them); a setting whose default is False or
        True is a switch.
    default_words : str or None
        The default in the help, if not the value itself.
    option_name : str or None
        The option's name, where the setting's own is that of another option.
    """

    default: Any
    check: _Check | None
    help: str | None = None
    stands_for: str = "N"
    option: str = "value"
    default_words: str | None = None
    option_name: str | None = None


# In the order of the signatures.
SETTINGS: dict[str, Setting] = {
    "hidden_units": Setting(64, checks.size, "width of the hidden layer"),
    "activation": Setting(
        "relu",
        _choice,
        "relu, leaky_relu, elu, silu, gelu, softplus, tanh, sigmoid or identity",
        "NAME",
    ),
    "epochs": Setting(AUTO, _auto_or(checks.size), "passes over the data"),
    "batch_size": Setting(
        AUTO, _auto_or(_none_or(checks.size)), "most rows of an update; all: all rows"
    ),
    "optimizer": Setting("adam", _choice, "sgd, adam, adamw, rmsprop or lbfgs", "NAME"),
    "learning_rate": Setting(AUTO, _auto_or(_rate), "step size", "RATE"),
    "momentum": Setting(0.0, checks.share, "momentum of sgd and rmsprop", "SHARE"),
    "nesterov": Setting(False, checks.flag, "Nesterov's momentum, of sgd"),
    "schedule": Setting(
        AUTO,
        _choice,
        "how the learning rate changes: constant, cosine, step or plateau",
        "NAME",
    ),
    "weight_decay": Setting(AUTO, _auto_or(_decay), "L2 penalty of the weights", "DECAY"),
    "dropout": Setting(
        0.0, checks.share, "share of hidden units left out at random in training", "SHARE"
    ),
    "gradient_clip": Setting(None, _none_or(_rate), "largest norm of the gradient", "NORM"),
    "input_clip": Setting(
        5.0, _none_or(_rate), "cut numbers so many standard deviations from the mean", "SDS"
    ),
    "encoding": Setting(
        AUTO,
        _choice,
        "how numbers are encoded: linear (as they are) or piecewise (between quantiles)",
        "NAME",
        option_name="input_encoding",  # --encoding is that of the file's text
    ),
    "pieces": Setting(8, _pieces, "most inputs of a number that is encoded piecewise"),
    "loss": Setting(
        AUTO,
        _loss,
        "mse, mae or huber for numbers, normal to estimate their standard deviation too, quantile "
        "for quantiles, poisson or negative_binomial for counts, gamma for numbers above 0, "
        "binomial for shares or successes and failures, cross_entropy for classes, "
        "binary_cross_entropy for several labels at once",
        "NAME",
    ),
    "quantile_levels": Setting(
        None,
        _none_or(_quantile_levels),
        "of the loss quantile: the shares of outcomes below what is predicted, with commas between",
        "LEVELS",
        "numbers",
        default_words=",".join(f"{level:g}" for level in QUANTILE_LEVELS),
    ),
    "reduction": Setting("mean", _choice, "mean or sum of the rows' losses", "NAME"),
    "validation": Setting(
        0.0, None, "share of rows held out to find the epoch with the best weights", "SHARE"
    ),
    "patience": Setting(
        None, _none_or(checks.size), "stop after so many epochs without a lower loss"
    ),
    "n_models": Setting(
        1, checks.size, "networks trained together; predictions are their mean, with an interval"
    ),
    "bootstrap": Setting(
        False, checks.flag, "train each of several networks on a resample of the rows"
    ),
    "sample_weight": Setting(None, None),
    "weight_type": Setting(
        "importance",
        None,
        "what --weights are: importance (proportions) or frequency (how many rows each is)",
        "TYPE",
    ),
    "class_weights": Setting(
        None, None, "weight of a class, once for each; or balanced", "CLASS=NUMBER", "several"
    ),
    "na_action": Setting("omit", None, "rows with missing values: omit, or fail", "NAME"),
    "device": Setting(
        "cpu", None, "auto, cpu, cuda (with --workers a GPU for each), cuda:1 or mps", "NAME"
    ),
    "shards": Setting(
        1, checks.size, "parts of each batch, which workers compute and add up in a fixed order"
    ),
    "workers": Setting(1, checks.size, "processes that train together, a divisor of --shards"),
    "checkpoint": Setting(
        None,
        None,
        "keep the run here: the same command goes on with it after whatever ended it",
        "FOLDER",
        "text",
    ),
    "checkpoint_every": Setting(AUTO, None, "epochs from one checkpoint to the next"),
    "cache": Setting(
        None,
        None,
        "keep the encoded rows here, for the next fit to the same data",
        "FOLDER",
        "text",
    ),
    "on_epoch": Setting(None, checks.function),
    "verbose": Setting(True, None),
    "seed": Setting(
        None,
        checks.seed,
        "of initial weights, order of rows, dropout",
        default_words="drawn, and reported",
    ),
}


def checked(name: str, value: Any) -> Any:
    """Check a value of a setting of the table.

    Raises
    ------
    ArgumentError
    """
    check = SETTINGS[name].check
    return value if check is None else check(name, value)


# Settings that clash with others: name, whether it does, and the expected value for the error,
# which names the first one that clashes.
_CLASHES: "tuple[tuple[str, Callable[[Settings, OptimizerEntry], Any], str], ...]" = (
    ("momentum", lambda s, entry: s.momentum and not entry.momentum, '0 with optimizer "{}"'),
    (
        "nesterov",
        lambda s, entry: s.nesterov and not (entry.nesterov and s.momentum),
        '{1} but with optimizer "sgd" and momentum above 0',
    ),
    ("dropout", lambda s, entry: s.dropout and entry.make is None, '0 with optimizer "{}"'),
    (
        "batch_size",
        lambda s, entry: s.batch_size not in (AUTO, None) and entry.make is None,
        '"auto" or all rows with optimizer "{}"',
    ),
    (
        "gradient_clip",
        lambda s, entry: s.gradient_clip is not None and entry.make is None,
        'not given with optimizer "{}"',
    ),
)


@dataclass(frozen=True)
class Settings:
    """The settings that a fit keeps, checked; "auto" is replaced once the data are read."""

    hidden_units: int
    activation: str
    epochs: Any
    batch_size: Any
    optimizer: str
    learning_rate: Any
    momentum: float
    nesterov: bool
    schedule: str
    weight_decay: Any
    dropout: float
    gradient_clip: float | None
    input_clip: float | None
    encoding: str
    pieces: int
    loss: Any
    quantile_levels: tuple[float, ...] | None = field(default=None, kw_only=True)
    reduction: str
    patience: int | None
    shards: int = field(default=1, kw_only=True)
    seed: int

    def __post_init__(self) -> None:
        self._check(KEPT)

    def with_values(self, **values: Any) -> "Settings":
        """Return the same settings with some other values, which alone are checked.

        ``replace()`` checks all, which a fit of some milliseconds would do for each "auto".
        """
        other = object.__new__(Settings)
        vars(other).update(vars(self) | values)
        other._check(values)
        return other

    def _check(self, names: Iterable[str]) -> None:
        for name in names:
            object.__setattr__(self, name, checked(name, getattr(self, name)))
        if self.loss == QUANTILE and self.quantile_levels is None:
            object.__setattr__(self, "quantile_levels", QUANTILE_LEVELS)
        self._refuse_clashes()

    def _refuse_clashes(self) -> None:
        from pytwolayer.optim.optimizer import OPTIMIZERS

        for name, clashes, expected in _CLASHES:
            if clashes(self, OPTIMIZERS[self.optimizer]):
                expected = Text(expected, self.optimizer, False)
                raise ArgumentError(name, expected, checks.describe(getattr(self, name)))
        if self.quantile_levels is not None and self.loss != QUANTILE:
            expected = f'left out but with the loss "{QUANTILE}"'
            raise ArgumentError("quantile_levels", expected, "given")

    def __getstate__(self) -> dict[str, Any]:
        """Replace a loss that cannot be pickled, such as a lambda, by its name.

        Only training needs the function.
        """
        from pytwolayer.network.losses import ForgottenLoss

        return {
            **vars(self),
            "loss": self.loss if _pickles(self.loss) else ForgottenLoss(self.loss_name),
        }

    def __copy__(self) -> "Settings":
        return self  # immutable

    def __deepcopy__(self, memo: Any) -> "Settings":
        return self

    @property
    def optimizer_options(self) -> "OptimizerOptions":
        """The settings that an optimiser takes besides its name."""
        from pytwolayer.optim.optimizer import OptimizerOptions

        return OptimizerOptions(
            self.learning_rate,
            self.momentum,
            self.nesterov,
            self.weight_decay,
            self.gradient_clip,
        )

    @property
    def loss_name(self) -> str:
        """The name of the loss; of a function its own."""
        return self.loss if isinstance(self.loss, str) else function_name(self.loss)

    def plain(self) -> dict[str, Any]:
        """Return the settings as text and numbers; levels and shards only where there are some."""
        plain = {**vars(self), "loss": self.loss_name}
        levels, shards = plain.pop("quantile_levels"), plain.pop("shards")
        if levels is not None:
            plain["quantile_levels"] = [*levels]
        return plain if shards == 1 else {**plain, "shards": shards}


KEPT = tuple(each.name for each in fields(Settings))
# Settings that files of earlier versions lack, with the values that these fits had.
ADDED_LATER: dict[str, Any] = {"encoding": "linear", "pieces": 8}


def _pickles(function: Any) -> bool:
    try:
        pickle.dumps(function)
    except Exception:  # noqa: BLE001 - whatever a function of the user's raises there
        return False
    return True


def function_name(function: Any) -> str:
    """Return the name of a user's function, or of its type."""
    return getattr(function, "__name__", type(function).__name__)
