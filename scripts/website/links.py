"""Check the links, anchors and pictures of the pages of a built site, without the internet."""

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class _Page(HTMLParser):
    """The anchors of a page, and what it refers to."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag has."""
        has = dict(attrs)
        for name in ("id", "name"):
            if has.get(name):
                anchor = str(has[name])
                if name == "id" and anchor in self.anchors:
                    self.faults.append(f"the id {anchor!r} is there twice")
                self.anchors.add(anchor)
        for name in ("href", "src"):
            if has.get(name) is not None:
                self.links.append(str(has[name]))
        if tag == "img" and has.get("alt") is None:
            self.faults.append(f"the picture {has.get('src')} has no words (alt)")


def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text(encoding="utf-8"))
    return page


def html_files(folder: Path) -> list[Path]:
    """Give the pages of a site; what the theme keeps beside its scripts is none."""
    return [file for file in sorted(folder.rglob("*.html")) if "_static" not in file.parts]


def broken_links(folder: Path) -> tuple[list[str], int]:
    """Give the faults of the site in a folder, and the number of links that were looked up."""
    pages = {file.resolve(): _read(file) for file in html_files(folder)}
    faults = []
    looked_up = 0
    for file, page in pages.items():
        name = file.relative_to(folder.resolve())
        faults += [f"{name}: {fault}" for fault in page.faults]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            looked_up += 1
            fault = _fault(file, unquote(parts.path), unquote(parts.fragment), pages)
            if fault:
                faults.append(f"{name}: {link} {fault}")
    return faults, looked_up


def _fault(file: Path, path: str, anchor: str, pages: dict[Path, _Page]) -> str | None:
    target = (file.parent / path).resolve() if path else file
    if target.is_dir():
        return "is a folder, which a browser shows without a server as a list of files"
    if not target.exists():
        return "is not there"
    if anchor and target in pages and anchor not in pages[target].anchors:
        return "has no such anchor"
    return None


def main() -> int:
    """Check the site in the folder that the command names; 1 if there is a fault."""
    faults, looked_up = broken_links(Path(sys.argv[1]))
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{looked_up} links looked up, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
