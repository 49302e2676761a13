"""Run the examples of a page in the page's order."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from website.blocks import fill, find_examples
from website.needs import with_reasons
from website.sessions import ExampleError, Sessions, folder_of

DATA = Path(__file__).resolve().parents[2] / "docs" / "guides" / "data"


@dataclass(frozen=True)
class RunPage:
    """A page with what its examples gave, and the pictures that they drew, by name."""

    text: str
    pictures: dict[str, bytes]

    def write(self, file: Path) -> None:
        """Write the page to a file, and its pictures beside it."""
        file.write_text(self.text, encoding="utf-8")
        for name, picture in self.pictures.items():
            (file.parent / name).write_bytes(picture)


def run_page(
    page: str, sessions: Sessions, data: Path | None = None, languages: str = "r python sh"
) -> RunPage:
    """Run the examples of a page that are in one of the languages, one after the other.

    All of a language run in one session, and all of a page in one folder, so that one language
    reads what another has written.
    """
    examples = find_examples(with_reasons(page, sessions.missing))
    results = []
    pictures = {}
    with folder_of(data) as folder, tempfile.TemporaryDirectory() as scratch:
        sessions.begin(folder)
        for example in examples:
            if not example.run or example.language not in languages.split():
                results.append(None)
                continue
            result, drawn = sessions.run(example, Path(scratch))
            results.append(result)
            pictures.update(zip(example.pictures, drawn, strict=True))
    return RunPage(fill(page, results), pictures)


def run_file(file: Path, sessions: Sessions, languages: str = "r python sh") -> RunPage:
    """Run the examples of the page in a file, in a folder with the guides' data."""
    try:
        return run_page(file.read_text(encoding="utf-8"), sessions, DATA, languages)
    except ExampleError as problem:
        raise ExampleError(f"{file.name}: {problem}") from None
