"""Put what pkgdown wrote, the reference and the articles of R, into pages of the site.

Of pkgdown's pages the contents are taken: title, headings and what is between them. The site
lays them out like all others, so that they share its search, keyboard and colours.
"""

import re
import shutil
from pathlib import Path

from bs4 import BeautifulSoup, Tag

_INDEX = """# R reference

{introduction}

```{{toctree}}
:hidden:

{pages}
```

{body}
"""

_INTRODUCTION = """All functions of the R package, with examples and what they print. In R,
`?two_layer` shows the same page. Longer texts in R's own style are
[articles](articles/index.md)."""


def write_r_pages(pkgdown: Path, target: Path) -> None:
    """Write pages from the folder that pkgdown wrote into the site's source."""
    (target / "articles").mkdir(parents=True)
    _write_reference(pkgdown / "reference", target)
    _write_articles(pkgdown / "articles", target / "articles")


def copy_pictures(pkgdown: Path, target: Path) -> None:
    """Copy the pictures of these pages, of which Sphinx does not know, into the built site."""
    for folder, place in (
        (pkgdown / "reference", target),
        (pkgdown / "articles", target / "articles"),
    ):
        for picture in folder.rglob("*.png"):
            copy = place / picture.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(picture, copy)


def _write_reference(folder: Path, target: Path) -> None:
    names = []
    for file in sorted(folder.glob("*.html")):
        if file.stem == "index":
            continue
        _write_page(file, target)
        names.append(file.stem)
    index = _main(folder / "index.html")
    for heading in index.select("h1"):
        heading.decompose()
    body = _sections(index, target, "index")
    names.sort(key=str.lower)
    pages = "\n".join(["articles/index", *(f"{name} <{name}>" for name in names)])
    text = _INDEX.format(introduction=_INTRODUCTION, pages=pages, body=body)
    (target / "index.md").write_text(text, encoding="utf-8")


def _write_articles(folder: Path, target: Path) -> None:
    rows, names = [], []
    for file in sorted(folder.glob("*.html")):
        if file.stem == "index":
            continue
        title = _write_page(file, target)
        rows.append(f"* [{title}]({file.stem}.md)")
        names.append(file.stem)
    pages = "\n".join(names)
    text = f"# Articles in R\n\n{chr(10).join(rows)}\n\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n"
    (target / "index.md").write_text(text, encoding="utf-8")


def _main(file: Path) -> Tag:
    main = BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser").find("main")
    assert isinstance(main, Tag)
    for spare in main.select("a.anchor, img.logo, .d-none, script, button"):
        spare.decompose()
    for link in main.select("a[href]"):
        href = str(link["href"])
        if re.match(r"[a-z]+:", href) and link.find_parent(["pre", "code"]):
            link.unwrap()  # pages of base R: a reader would tab through dozens of them
        elif file.parent.name == "articles":
            link["href"] = re.sub(r"^\.\./articles/", "", re.sub(r"^\.\./reference/", "../", href))
        else:
            link["href"] = re.sub(r"^\.\./articles/", "articles/", href)
    return main


def _write_page(file: Path, target: Path) -> str:
    main = _main(file)
    heading = main.find("h1")
    assert isinstance(heading, Tag)
    title = heading.get_text().strip()
    heading.decompose()
    text = f"# {_escaped(title)}\n\n{_sections(main, target, file.stem)}"
    (target / f"{file.stem}.md").write_text(text, encoding="utf-8")
    return title


def _sections(main: Tag, target: Path, name: str) -> str:
    """Give headings as Markdown, and what is between as files of HTML that are taken in whole."""
    parts = []
    for part in re.split(r"(?s)(<h[23][ >].*?</h[23]>)", main.decode_contents()):
        heading = re.fullmatch(r"(?s)<h([23])(.*?)>(.*)</h\1>", part)
        if heading:
            inner = BeautifulSoup(heading[3], "html.parser").get_text()
            parts.append(f"{'#' * int(heading[1])} {_escaped(inner.strip())}\n")
        elif BeautifulSoup(part, "html.parser").get_text().strip() or "<img" in part:
            raw = target / "_parts" / f"{name}-{len(parts)}.html"
            raw.parent.mkdir(exist_ok=True)
            raw.write_text(_balanced(part), encoding="utf-8")
            parts.append(f"```{{raw}} html\n:file: _parts/{raw.name}\n```\n")
    return "\n".join(parts)


def _balanced(html: str) -> str:
    """Drop the tags of sections, which begin in one part and end in another."""
    soup = BeautifulSoup(html, "html.parser")
    for section in soup.select("div.section, div.page-header, div.ref-description"):
        section.unwrap()
    for block in soup.select("pre"):
        block["tabindex"] = "0"
    for coloured in soup.select("pre [style]"):
        del coloured["style"]  # colours of a terminal, too faint on a page
    for table in soup.select("table"):
        table["class"] = "table"
    return str(soup)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#$])", r"\\\1", text)
