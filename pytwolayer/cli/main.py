"""The command ``pytwolayer``."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytwolayer
from pytwolayer.cli.file_options import add_file_options
from pytwolayer.cli.fit_options import FILE, add_fit
from pytwolayer.errors import PytwolayerError
from pytwolayer.runtime.wait_policy import wait_passively

if TYPE_CHECKING:
    import pandas as pd

_ABOUT = "A two-layer neural network with one implementation for R and Python."


def main(argv: Sequence[str] | None = None, prog: str = "pytwolayer") -> int:
    """Run the command, which was called as ``prog``; return its exit status."""
    arguments = _parser(prog).parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        status = command(arguments)
        sys.stdout.flush()  # here, so that a closed pipe raises BrokenPipeError below
        return status
    except PytwolayerError as problem:
        print(f"pytwolayer: {problem}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as problem:
        print(f"pytwolayer: {problem}. See: pytwolayer doctor", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of the output has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as problem:
        print(f"pytwolayer: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("pytwolayer: interrupted", file=sys.stderr)
        return 130


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=_ABOUT)
    parser.add_argument("--version", action="version", version=pytwolayer.__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_fit(commands)
    _add_predict(commands)
    _add_chapter(commands)
    for name, command, text in (
        ("devices", _devices, "list the devices that there are, the best one first"),
        ("doctor", _doctor, "show what is installed and in use, and how to mend what is not right"),
        ("verify", _verify, "check that Python and R give the same losses, bit for bit"),
    ):
        commands.add_parser(name, help=text, description=_sentence(text)).set_defaults(
            command=command
        )
    return parser


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _add_predict(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "predict a table in a file with a saved fit"
    predict = commands.add_parser(
        "predict",
        help=text,
        description=_sentence(text)
        + " The fit may come from R, Python or `pytwolayer fit --save`. Whether a column is"
        + " numbers or text is as in training, whatever this file alone looks like; what `fit` was"
        + " told of with --na is missing here too. Rows are read, predicted and written part by"
        + " part, so that the data may be larger than memory.",
    )
    predict.add_argument("model", metavar="MODEL", help="file of the fit (.safetensors)")
    predict.add_argument("data", metavar="FILE", help=FILE)
    predict.add_argument(
        "--predictions",
        "--output",
        metavar="FILE",
        help="write them to a file, not to standard output: .tsv, .parquet, else with commas",
    )
    predict.add_argument(
        "--type",
        metavar="TYPE",
        help="what is predicted: numeric, class, prob, raw; of the loss quantile also quantile; of "
        "numbers pred_int, intervals of new outcomes; of several networks also conf_int and "
        "std_error, intervals of the mean, which do not hold new outcomes, and its error (default: "
        "numbers, or classes and their probabilities, with such intervals)",
    )
    predict.add_argument(
        "--level", metavar="SHARE", type=_number, default=0.95, help="of intervals (default: 0.95)"
    )
    predict.add_argument(
        "--columns",
        metavar="COLUMN",
        action="append",
        help="column of the data to copy before the predictions; may be given several times",
    )
    add_file_options(predict.add_argument_group("data"))
    predict.set_defaults(command=_predict)


def _predict(arguments: argparse.Namespace) -> int:
    from pytwolayer.cli.predict import predict_file

    return predict_file(arguments)


def _add_chapter(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "train the chapter's network and print the loss of every step"
    chapter = commands.add_parser(
        "chapter",
        help=text,
        description=_sentence(text) + " Rows are `iter loss`, at 3 significant digits.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    chapter.add_argument("--device", default="cpu", help="auto, cpu, cuda, cuda:1 or mps")
    chapter.add_argument("--steps", type=_number, default=500, help="number of updates")
    chapter.add_argument("--learning-rate", type=_number, default=1e-4, help="step size")
    chapter.add_argument("--seed", type=_number, default=0, help="of data and initial weights")
    none = argparse.SUPPRESS
    chapter.add_argument("--csv", metavar="F", default=none, help="write the full losses as CSV")
    chapter.add_argument("--html", metavar="F", default=none, help="write a table to browse")
    chapter.add_argument("--plot", metavar="F", default=none, help="write the loss curve")
    chapter.set_defaults(command=_chapter)


def _number(text: str) -> int | float:
    """Convert the text of a number; the core checks the value."""
    try:
        return int(text)
    except ValueError:
        return float(text)


_number.__name__ = "number"  # argparse prints it in errors


def _chapter(arguments: argparse.Namespace) -> int:
    wait_passively(os.environ)  # before torch is loaded
    from pytwolayer.chapter import chapter_losses
    from pytwolayer.files.atomic_write import output_path, write_csv
    from pytwolayer.reports.html_table import html_path, write_html
    from pytwolayer.reports.plot import plot_history, plot_path

    given = vars(arguments)
    # Paths are checked before the work whose results they will hold.
    outputs: dict[str, tuple[Callable[[str, str], Path], Callable[[pd.DataFrame, Path], object]]]
    outputs = {
        "csv": (output_path, write_csv),
        "html": (html_path, write_html),
        "plot": (plot_path, plot_history),
    }
    files = {
        name: check(name, given[name]) for name, (check, _) in outputs.items() if name in given
    }
    losses = chapter_losses(
        arguments.steps,
        arguments.learning_rate,
        seed=arguments.seed,
        device=arguments.device,
    )
    for name, path in files.items():
        outputs[name][1](losses, path)
    for row in losses.itertuples():
        print(f"{row.iter} {row.loss:.3g}")
    return 0


def _devices(arguments: argparse.Namespace) -> int:
    print("\n".join(pytwolayer.available_devices()))
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from pytwolayer.r_interop.doctor import doctor

    return _show(*doctor())


def _verify(arguments: argparse.Namespace) -> int:
    wait_passively(os.environ)  # before torch is loaded
    from pytwolayer.r_interop.verify import verify

    return _show(*verify())


def _show(page: str, well: bool) -> int:
    print(page)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
