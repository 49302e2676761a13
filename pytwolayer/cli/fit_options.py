"""The options of the command ``pytwolayer fit``."""

import argparse
from typing import Any

from pytwolayer.cli.file_options import add_file_options
from pytwolayer.training.settings import SETTINGS, Setting

_ABOUT = """\
Fit a network with one hidden layer to a table, and report how well it fits.

A numeric outcome means regression; text, or true and false, means classification. Columns
other than the outcome are the predictors: numbers are standardised, text is one-hot encoded.
A folder of Parquet files is one table. Data are read in blocks of rows, so that a file may be
larger than memory."""

_EXAMPLES = """\
examples:
  pytwolayer fit mtcars.csv --outcome mpg --save cars.safetensors
  pytwolayer fit mtcars.csv --outcome cyl --classes --ignore model --plot loss.png
  pytwolayer fit folder/ --outcome price --weights w --predictions fitted.parquet
  pytwolayer fit train.parquet --outcome price --validation 0.2 --patience 20 \\
      --predictions prices.csv --new-data test.parquet

exit status: 0 if all went well, 2 after an error, 130 after Ctrl-C; what Ctrl-C leaves, and
what is left of a run whose loss is no longer finite, is written to the files asked for.
Under torchrun (torchrun ... -m pytwolayer fit ...) it is torchrun's own: 1 after any error."""

FILE = "table with a header: .csv, .tsv, .parquet or a folder of .parquet; with --sep any text"
_DATA = (
    ("--outcome", "COLUMN", "column to predict; once for each of several numeric outcomes"),
    ("--ignore", "COLUMN", "column to leave out; may be given several times"),
    ("--weights", "COLUMN", "column with the rows' weights, numbers of at least 0"),
)
# The settings that are options, by group of the help; those not named here are of training.
_NETWORK = ("input_clip", "encoding", "pieces", "hidden_units", "activation", "dropout")
_OPTIONS = [name for name, setting in SETTINGS.items() if setting.help is not None]
_OPTION_NAMES = {name: SETTINGS[name].option_name or name for name in _OPTIONS}
_GROUPS = {
    "network": (None, _NETWORK),
    "training": (
        "auto stands for what suits the data and the optimizer, none for no value",
        tuple(name for name in _OPTIONS if name not in _NETWORK),
    ),
}
_OUTPUT = (
    ("--save", "FILE", "write the fit, for pytwolayer predict, for Python and for R"),
    ("--history", "FILE", "write the loss of each epoch as CSV"),
    ("--plot", "FILE", "write the loss curve; .png, .svg or .pdf"),
    (
        "--predictions",
        "FILE",
        "write predictions, one row for each row of the data; .csv, .tsv or .parquet",
    ),
    ("--new-data", "FILE", "table to predict instead of the data themselves"),
)


def add_fit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
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
    for title, (text, names) in _GROUPS.items():
        group = parser.add_argument_group(title, text)
        for name in names:
            _add_setting(group, name, SETTINGS[name])
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


def _add_setting(group: Any, name: str, setting: Setting) -> None:
    text = f"{setting.help} (default: {_default_words(setting)})"
    given: dict[str, Any] = {"default": argparse.SUPPRESS, "help": text}  # the core's default
    if isinstance(setting.default, bool):
        given["action"] = "store_true"
    else:
        given |= {"metavar": setting.stands_for} | _PARSING[setting.option]
    group.add_argument(f"--{_OPTION_NAMES[name].replace('_', '-')}", **given)


def _default_words(setting: Setting) -> str:
    default = setting.default
    if setting.default_words is not None:
        return setting.default_words
    if default is None or isinstance(default, bool):
        return "none" if default is None else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)


def _setting(text: str) -> int | float | str:
    """Convert the text of a setting; the core checks the value."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _numbers(text: str) -> list[int | float | str]:
    return [_setting(part) for part in text.split(",")]


# Arguments of ``add_argument()``, by ``Setting.option``.
_PARSING: dict[str, dict[str, Any]] = {
    "value": {"type": _setting},
    "text": {},
    "several": {"action": "append"},
    "numbers": {"type": _numbers},
}


def _run(arguments: argparse.Namespace) -> int:
    from pytwolayer.cli.fit import fit_file

    given = vars(arguments)
    settings = {name: given[option] for name, option in _OPTION_NAMES.items() if option in given}
    return fit_file(arguments, settings)
