"""The command ``pytwolayer fit``: from a table in a file to the fit and files of results."""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pytwolayer.checks import quote_some, those_there
from pytwolayer.cli.common import (
    fitted,
    plain_warnings,
    with_missing_marks,
)
from pytwolayer.cli.data import open_file, outcome_of
from pytwolayer.errors import (
    ArgumentError,
    DivergenceError,
    PytwolayerError,
    PytwolayerWarning,
    WorkerError,
    named_as,
)
from pytwolayer.files.atomic_write import output_path, write_csv
from pytwolayer.files.column_types import ColumnTypes
from pytwolayer.files.new_data import open_typed
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.table_writer import table_path
from pytwolayer.fitting.fit_in_group import (
    agree_on_division,
    fit_in_group,
    is_launched,
    joined_group,
)
from pytwolayer.fitting.two_layer import two_layer
from pytwolayer.models.ensemble import TwoLayerEnsemble, models_of
from pytwolayer.models.predict_file import Asked, refuse_input, write_predictions
from pytwolayer.models.two_layer import TwoLayer, format_encoding, format_ends
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.outcome import Classes, Outcome
from pytwolayer.preprocessing.row_source import SourcedTable
from pytwolayer.preprocessing.table import column_names, columns_at
from pytwolayer.reports.plot import plot_path
from pytwolayer.runtime.process_group import GivenUpError, ProcessGroup
from pytwolayer.training.progress import READING, rows_bar
from pytwolayer.training.settings import SETTINGS

INTERRUPTED = 130  # the exit status of a program that Ctrl-C ends
_LAST_WORDS = 30.0  # most seconds until the launcher ends a process that has failed
# Options, by the names of the arguments that they are for.
_OPTIONS = {"x": "data", "y": "outcome", "sample_weight": "weights", "output": "predictions"}
# Settings whose options have another name.
_RENAMED = {name: s.option_name for name, s in SETTINGS.items() if s.option_name is not None}
_PATH_CHECKS: dict[str, Callable[[str, Any], Path]] = {
    "history": output_path,
    "plot": plot_path,
    "predictions": partial(table_path, any_text=True),
    "save": output_path,
}


@dataclass(frozen=True)
class _Task:
    """The input of the command, checked.

    Attributes
    ----------
    file : str
        Name of the data's file.
    x : SourcedTable or DataFrame
        Predictors.
    y : SourcedTable, Series or DataFrame
    outcome : list of str
        Columns that are the outcome.
    weights : array or None
        Of the rows.
    new_data : SourcedTable or DataFrame
        Table to predict.
    files : dict
        Paths of the results, by option.
    missing : tuple of str
        Marks for missing values that were given.
    """

    file: str
    x: Any
    y: Any
    outcome: list[str]
    weights: Any
    new_data: Any
    files: dict[str, Path]
    missing: tuple[str, ...] = ()

    def by_one_process(self) -> "_Task":
        """Return the task whose data are gone through by this process alone."""
        alone: dict[str, Any] = {}
        for name in ("x", "y", "weights", "new_data"):
            if isinstance(part := getattr(self, name), SourcedTable):
                alone[name] = replace(part, division=None)
        return replace(self, **alone)


def fit_file(given: argparse.Namespace, settings: Mapping[str, Any]) -> int:
    """Run the command; return its exit status."""
    with plain_warnings(), named_as(_OPTIONS):
        if not is_launched():
            return _fit(given, settings, lambda arguments: two_layer(**arguments))
        try:
            with joined_group() as group:
                division = agree_on_division(group, given.data)
                if group.rank == 0:
                    fit_with = partial(fit_in_group, group=group)
                    return _fit(given, settings, fit_with, division)
                status = _join(given, settings, group, division)
        except GivenUpError:  # which was said when it failed
            return 2
        if status:
            # The launcher ends all once one has ended; it is the first one that says why.
            time.sleep(_LAST_WORDS)
        return status


def _fit(
    given: argparse.Namespace,
    settings: Mapping[str, Any],
    fit_with: Callable[[dict[str, Any]], Any],
    division: Division | None = None,
) -> int:
    task = _read(given, division)
    arguments = _arguments(task, given, settings)
    task = task.by_one_process()  # the others take part in the fit, and not in what follows
    try:
        with named_as(_RENAMED):
            fit = fit_with(arguments)
    except DivergenceError as problem:
        _write(task, problem.fit)
        print(
            f"pytwolayer: The loss is not finite in epoch {problem.epoch}, so training "
            "stopped. Try a smaller --learning-rate, or --gradient-clip 1.",
            file=sys.stderr,
        )
        return 2
    except WorkerError as problem:
        if problem.fit is not None:
            _write(task, problem.fit)
            problem.fit = None  # nobody here can ask the error for it
        raise
    _write(task, fit)
    if not given.quiet:
        print(_report(task, fit))
    return INTERRUPTED if fit.stopped == "interrupt" else 0


def _join(
    given: argparse.Namespace,
    settings: Mapping[str, Any],
    group: ProcessGroup,
    division: Division | None,
) -> int:
    """Take part in the fit of the first process, which alone prints and writes."""
    given.quiet = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PytwolayerWarning)
        try:
            fit_in_group(_arguments(_read(given, division), given, settings), group)
        except (PytwolayerError, OSError) as problem:
            group.tell_failure(problem)
            return 2
    return 0


def _arguments(
    task: _Task, given: argparse.Namespace, settings: Mapping[str, Any]
) -> dict[str, Any]:
    own = {"x": task.x, "y": task.y, "sample_weight": task.weights, "verbose": not given.quiet}
    return own | _settings(settings)


def _read(given: argparse.Namespace, division: Division | None) -> _Task:
    options = vars(given)
    files = {
        name: check(name, options[name]) for name, check in _PATH_CHECKS.items() if name in options
    }
    _refuse_same_file(files)
    for name, path in files.items():
        for source in ("data", "new_data"):
            if source in options:
                refuse_input(name, path, options[source])
    reading = FileOptions.from_arguments(given)
    display = None if given.quiet else partial(rows_bar, label=READING)
    table = open_file("data", given.data, reading, given.outcome, display, division)
    names = column_names("data", table)
    for name in ("outcome", "ignore", "weights"):
        if absent := [column for column in _several(options[name]) if column not in names]:
            received = quote_some(absent) + those_there(absent[0], names)
            raise ArgumentError(name, "names of columns of `data`", received)
    _refuse_overlap(given)
    left_out = {*given.outcome, *_several(given.ignore), *_several(given.weights)}
    x = columns_at(table, [place for place, name in enumerate(names) if name not in left_out])
    y = outcome_of(table, given.outcome, as_classes=given.classes)
    weights = None if given.weights is None else outcome_of(table, [given.weights])
    new_data = _new_data(options, x, reading)
    file = Path(given.data).name or str(given.data)
    return _Task(file, x, y, given.outcome, weights, new_data, files, reading.missing)


def _refuse_same_file(files: Mapping[str, Path]) -> None:
    """Raise if two results would be written to the same file."""
    taken: dict[Path, str] = {}
    for name, path in files.items():
        if path.resolve() in taken:
            expected = f"another file than `{taken[path.resolve()]}`"
            raise ArgumentError(name, expected, f'"{path}" too')
        taken[path.resolve()] = name


def _several(columns: str | list[str] | None) -> list[str]:
    return [] if columns is None else [columns] if isinstance(columns, str) else columns


def _refuse_overlap(given: argparse.Namespace) -> None:
    taken = [*given.outcome, *_several(given.weights), *_several(given.ignore)]
    twice = [name for name in dict.fromkeys(taken) if taken.count(name) > 1]
    if twice:
        expected = "columns each named once, as outcome, weights or ignored"
        raise ArgumentError("outcome", expected, f"{quote_some(twice)} twice")


def _new_data(options: Mapping[str, Any], x: Any, reading: FileOptions) -> Any:
    if "new_data" not in options:
        return x
    if "predictions" not in options:
        expected = "the path of a file where `new_data` is given"
        raise ArgumentError("predictions", expected, "missing")
    types = ColumnTypes.from_table("x", x)
    new_data = open_typed("new_data", Path(options["new_data"]), types, reading)
    there = {*(new_data.names or ())}
    missing = [name for name in types.names or () if name not in there]
    if missing:
        expected = "a table with all columns of the data"
        raise ArgumentError("new_data", expected, f"one without {quote_some(missing)}")
    return new_data


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Convert words of the command line to arguments of the core."""
    settings: dict[str, Any] = {
        name: None if value == "none" else value for name, value in given.items()
    }
    if settings.get("batch_size") == "all":
        settings["batch_size"] = None
    if "class_weights" in settings:
        settings["class_weights"] = _class_weights(settings["class_weights"])
    return settings


def _class_weights(words: list[str]) -> str | dict[str, float]:
    if words == ["balanced"]:
        return "balanced"
    weights = {}
    for word in words:
        name, _, number = word.rpartition("=")
        try:
            weights[name] = float(number)
        except ValueError:
            expected = '"balanced", or CLASS=NUMBER for each class'
            raise ArgumentError("class_weights", expected, f'"{word}"') from None
    return weights


def _write(task: _Task, fit: TwoLayer | TwoLayerEnsemble) -> None:
    files = task.files
    if "save" in files:
        with_missing_marks(fit, task.missing).save(files["save"])
    if "history" in files:
        write_csv(fit.history, files["history"])
    if "plot" in files:
        fit.plot(files["plot"])
    if "predictions" in files:
        asked = Asked(verbose=False)
        write_predictions(fitted(fit), task.new_data, files["predictions"], asked)


def _words(outcome: Outcome) -> tuple[str, str]:
    """Name the kind of an outcome, and what score() gives of it."""
    if isinstance(outcome, Classes):
        return f"{outcome.width} classes", "Accuracy"
    if outcome.labels:  # right are rows of which all labels are
        return f"{outcome.width} label{'s' if outcome.width > 1 else ''}", "Accuracy"
    return "successes, failures" if outcome.trials else "numeric", "R squared"


def _report(task: _Task, fit: TwoLayer | TwoLayerEnsemble) -> str:
    kind, score_name = _words(fit.outcome)
    models = models_of(fit)
    one, settings, history = models[0], fit.settings, models[0].history
    ends = format_ends([model.stopped for model in models])
    lines = [
        f"Data      {task.file}: {one.rows:,} rows, {len(one.inputs.codings):,} predictors",
        f"Outcome   {', '.join(task.outcome)} ({kind})",
        f"Network   {one.architecture} ({settings.activation}{format_encoding(settings)}), "
        f"{one.n_parameters:,} parameters",
        f"Training  {settings.optimizer}, learning rate {settings.learning_rate:g}, "
        f"{len(history):,} epochs on {one.device}, seed {settings.seed}{ends}",
    ]
    if isinstance(fit, TwoLayerEnsemble):
        how = "on bootstrap resamples" if fit.bootstrap else "with different seeds"
        lines.append(f"Models    {fit.n_models} {how}; the losses are those of the first")
    tuned = fit.tuning_report.words()
    if tuned:
        lines.append(f"Tuning    {tuned}")
    for column, title in (("loss", "Loss"), ("valid_loss", "Held out")):
        if column in history and len(history):
            losses = history[column]
            lines.append(
                f"{title:<9} {settings.loss_name} {losses.iloc[0]:.4g} at first, "
                f"{losses.iloc[-1]:.4g} at last, lowest {losses.min():.4g} "
                f"in epoch {losses.argmin() + 1:,}"
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about rows left out, which the fit has given already
        score = fit.score(task.x, task.y, task.weights)
    also = ", held-out ones too" if "valid_loss" in history else ""
    lines.append(f"{score_name} {score:.4g} on these rows{also}")
    return "\n".join(lines)
