"""Run the examples of pages, and write what they print and draw into them.

``python scripts/pages.py docs/guides/tuning.md`` brings the page up to date. The examples of a
page run one after the other, those of a language in one session, in a folder of their own.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from website.running import run_file  # noqa: E402
from website.sessions import Sessions, environment_of  # noqa: E402


def main(files: list[str]) -> None:
    """Bring pages up to date."""
    sessions = Sessions(environment_of(ROOT))
    for file in map(Path, files):
        run_file(file, sessions).write(file)
        print(os.path.relpath(file))
    sessions.close()


if __name__ == "__main__":
    main(sys.argv[1:])
