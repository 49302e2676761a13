"""The command ``pytwolayer fit``: its options."""

import argparse
from typing import Any

from pytwolayer.cli.file_options import add_file_options

_ABOUT = """\
Fit a network with one hidden layer to a table, and report how well it fits.

A numeric outcome means regression; text, or true and false, means classification. Columns
other than the outcome are the predictors: numbers are standardised, text is one-hot encoded."""

_EXAMPLES = """\
examples:
  pytwolayer fit mtcars.csv --outcome mpg --save cars.safetensors
  pytwolayer fit mtcars.csv --outcome cyl --classes --ignore model --plot loss.png
  pytwolayer fit train.parquet --outcome price --validation 0.2 --patience 20 \\
      --predictions prices.csv --new-data test.parquet

exit status: 0 if all went well, 2 after an error, 130 after Ctrl-C; what Ctrl-C leaves, and
what is left of a run whose loss is no longer finite, is written to the files asked for."""

FILE = "table with a header: .csv, .tsv or .parquet, or with --sep any text"
_DATA = (
    ("--outcome", "COLUMN", "column to predict; once for each of several numeric outcomes"),
    ("--ignore", "COLUMN", "column to leave out; may be given several times"),
    ("--weights", "COLUMN", "column with the rows' weights, numbers of at least 0"),
)
# Settings as two_layer() has them: option, what stands for its value, help, default.
SETTINGS = {
    "network": (
        ("--input-clip", "SDS", "cut numbers so many standard deviations from the mean", "5"),
        ("--hidden-units", "N", "width of the hidden layer", "64"),
        (
            "--activation",
            "NAME",
            "relu, leaky_relu, elu, silu, gelu, softplus, tanh, sigmoid or identity",
            "relu",
        ),
        ("--dropout", "SHARE", "share of hidden units left out at random in training", "0"),
    ),
    "training": (
        ("--epochs", "N", "passes over the data", "auto"),
        ("--batch-size", "N", "most rows of an update; all: all rows", "auto"),
        ("--optimizer", "NAME", "sgd, adam, adamw, rmsprop or lbfgs", "adam"),
        ("--learning-rate", "RATE", "step size", "auto"),
        ("--momentum", "SHARE", "momentum of sgd and rmsprop", "0"),
        ("--nesterov", None, "Nesterov's momentum, of sgd", "no"),
        (
            "--schedule",
            "NAME",
            "how the learning rate changes: constant, cosine, step or plateau",
            "auto",
        ),
        ("--weight-decay", "DECAY", "L2 penalty of the weights", "auto"),
        ("--gradient-clip", "NORM", "largest norm of the gradient", "none"),
        (
            "--loss",
            "NAME",
            "mse, mae, huber or poisson for numbers, cross_entropy for classes",
            "auto",
        ),
        ("--reduction", "NAME", "mean or sum of the rows' losses", "mean"),
        (
            "--validation",
            "SHARE",
            "share of rows held out to find the epoch with the best weights",
            "0",
        ),
        ("--patience", "N", "stop after so many epochs without a lower loss", "none"),
        (
            "--n-models",
            "N",
            "networks trained together; predictions are their mean, with an interval",
            "1",
        ),
        ("--bootstrap", None, "train each of several networks on a resample of the rows", "no"),
        (
            "--weight-type",
            "TYPE",
            "what --weights are: importance (proportions) or frequency (how many rows each is)",
            "importance",
        ),
        (
            "--class-weights",
            "CLASS=NUMBER",
            "weight of a class, once for each; or balanced",
            "none",
        ),
        ("--na-action", "NAME", "rows with missing values: omit, or fail", "omit"),
        ("--device", "NAME", "auto, cpu, cuda, cuda:1 or mps", "cpu"),
        (
            "--checkpoint",
            "FOLDER",
            "keep the run here: the same command goes on with it after whatever ended it",
            "none",
        ),
        ("--checkpoint-every", "N", "epochs from one checkpoint to the next", "auto"),
        ("--seed", "N", "of initial weights, order of rows, dropout", "drawn, and reported"),
    ),
}
_GROUPS = {
    "network": None,
    "training": "auto stands for what suits the data and the optimizer, none for no value",
}
_OUTPUT = (
    ("--save", "FILE", "write the fit, for pytwolayer predict, for Python and for R"),
    ("--history", "FILE", "write the loss of each epoch as CSV"),
    ("--plot", "FILE", "write the loss curve; .png, .svg or .pdf"),
    ("--predictions", "FILE", "write predictions as CSV, one row for each row of the data"),
    ("--new-data", "FILE", "table to predict instead of the data themselves"),
)


def add_fit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those that there are."""
    parser = commands.add_parser(
        "fit",
        help="fit a network to a table in a file",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
            prog, max_help_position=32
        ),
        usage="%(prog)s FILE --outcome COLUMN [options]",
    )
    parser.add_argument("data", metavar="FILE", help=FILE)
    _add_data(parser.add_argument_group("data"))
    for title, options in SETTINGS.items():
        group = parser.add_argument_group(title, _GROUPS[title])
        for option, value, text, default in options:
            _add_setting(group, option, value, f"{text} (default: {default})")
    output = parser.add_argument_group("output")
    for option, value, text in _OUTPUT:
        output.add_argument(option, metavar=value, default=argparse.SUPPRESS, help=text)
    output.add_argument(
        "--quiet", action="store_true", help="print no report, and show no progress"
    )
    parser.set_defaults(command=_run)


def _add_data(group: Any) -> None:
    outcome, ignore, weights = _DATA
    for option, value, text in (outcome, ignore):
        group.add_argument(
            option, metavar=value, action="append", help=text, required=option == "--outcome"
        )
    group.add_argument(weights[0], metavar=weights[1], help=weights[2])
    group.add_argument(
        "--classes",
        action="store_true",
        help="take a numeric outcome, such as 0 and 1 or the numbers of classes, as classes",
    )
    add_file_options(group)


def _add_setting(group: Any, option: str, value: str | None, text: str) -> None:
    given: dict[str, Any] = {"default": argparse.SUPPRESS, "help": text}  # the core's default
    if value is None:
        group.add_argument(option, action="store_true", **given)
    elif option == "--checkpoint":
        group.add_argument(option, metavar=value, **given)
    elif option == "--class-weights":
        group.add_argument(option, metavar=value, action="append", **given)
    else:
        group.add_argument(option, metavar=value, type=_setting, **given)


def _setting(text: str) -> int | float | str:
    """Read a setting; what it may be is the core's to say."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _run(arguments: argparse.Namespace) -> int:
    from pytwolayer.cli.fit import fit_file

    given = vars(arguments)
    names = [option[0][2:].replace("-", "_") for group in SETTINGS.values() for option in group]
    settings = {name: given[name] for name in names if name in given}
    return fit_file(arguments, settings)
