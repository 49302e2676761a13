"""What a peer predicted for a fold, kept in a folder so that a second run need not fit again.

The name of a file is a digest of the peer's own name (with its version), the rows that it is
trained on and those that it predicts.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

Answer = tuple[np.ndarray, float]  # what was predicted, the seconds of the fit


class Cache:
    """A folder of answers; without one nothing is kept. ``only`` computes nothing."""

    def __init__(self, folder: Path | None, only: bool = False) -> None:
        self.folder, self.only = folder, only
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def file(self, *parts: object) -> Path | None:
        """Name the file of an answer."""
        return self.folder / f"{digest(*parts)}.npz" if self.folder else None

    def answer(self, file: Path | None, compute: Callable[[], Answer]) -> Answer | None:
        """Read the answer, or compute it and keep it; None where it may not be computed."""
        if file and file.exists():
            with np.load(file) as kept:
                return kept["predicted"], float(kept["seconds"])
        if self.only:
            return None
        predicted, seconds = compute()
        if file:
            written = file.with_suffix(f".{os.getpid()}.npz")
            np.savez(written, predicted=predicted, seconds=seconds)
            written.replace(file)
        return predicted, seconds


def digest(*parts: object) -> str:
    """Shorten texts, arrays and frames to one name."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(content(part))
    return hashed.hexdigest()[:32]


def content(part: object) -> bytes:
    """Give what tells one part from another."""
    if isinstance(part, pd.DataFrame):
        return pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes()
    if isinstance(part, np.ndarray):
        return part.tobytes()
    return repr(part).encode()


def sources(package: Path) -> str:
    """Digest the sources of a package: what it fits may change with any of them."""
    return digest(*(file.read_bytes() for file in sorted(package.rglob("*.py"))))
