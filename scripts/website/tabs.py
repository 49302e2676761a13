"""Turn pages as they are read in a repository into pages of the site.

Examples that follow one another, in more than one language, become a set of tabs. Links to files
outside the pages' folder become links to where the site has them.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from website.blocks import EXAMPLE, UNSEEN

_LABELS = {"r": "R", "python": "Python", "sh": "Command line"}

_LINK = re.compile(
    r"(?P<words>\[`?[\w./-]+\.md`?)?\]\("
    r"(?P<up>(?:\.\./)*)(?P<path>[A-Za-z][\w./-]*)(?P<anchor>#[\w-]+)?\)"
)

# Pages that stand elsewhere in the repository, from its root, and their names on the site.
OTHERS = {
    "NEWS.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE.md": "licence.md",
    "examples/README.md": "clusters.md",
}

_ELSEWHERE = {
    **OTHERS,
    "vignettes/pytwolayer.Rmd": "r/articles/pytwolayer.md",
    "vignettes/own-data.Rmd": "r/articles/own-data.md",
    "vignettes/coming-from-rtorch.Rmd": "r/articles/coming-from-rtorch.md",
}


def with_tabs(page: str) -> str:
    """Put neighbouring examples of several languages into tabs, and mark what they print."""
    page = _with_notes(UNSEEN.sub("", page))
    parts = []
    end = 0
    for group in _groups(page):
        parts.append(page[end : group[0].start()])
        parts.append(_tabs(group) if len({one["language"] for one in group}) > 1 else _plain(group))
        end = group[-1].end()
    return "".join([*parts, page[end:]])


def _with_notes(page: str) -> str:
    """Say of examples that are not run why, once for those in a row that have the same reason."""
    examples = list(EXAMPLE.finditer(page))
    parts = []
    end = 0
    for reason, row in groupby(examples, key=itemgetter("reason")):
        first, *others = row
        if reason:
            parts += [page[end : first.start()], _note(reason, len(others))]
            end = first.start() + len(first["skipped"])
        for other in others if reason else ():
            parts.append(page[end : other.start()])
            end = other.start() + len(other["skipped"])
    return "".join([*parts, page[end:]])


def _note(reason: str, others: int) -> str:
    after = {0: "", 1: " and the one after it"}.get(others, f" and the {others} after it")
    which = f"This example{after} {'are' if others else 'is'}"
    return f"{{.not-run}}\n{which} not run when this site is built: {reason}.\n\n"


def _groups(page: str) -> Iterator[list[re.Match[str]]]:
    group: list[re.Match[str]] = []
    for found in EXAMPLE.finditer(page):
        if group and page[group[-1].end() : found.start()].strip():
            yield group
            group = []
        group.append(found)
    if group:
        yield group


def _plain(group: list[re.Match[str]]) -> str:
    return "\n".join(map(_example, group))


def _tabs(group: list[re.Match[str]]) -> str:
    items = []
    for language, label in _LABELS.items():
        inside = "\n".join(_example(one) for one in group if one["language"] == language)
        if inside:
            items.append(f"`````{{tab-item}} {label}\n:sync: {language}\n\n{inside}\n`````\n")
    return "``````{tab-set}\n:sync-group: language\n\n" + "\n".join(items) + "``````\n"


def _example(found: re.Match[str]) -> str:
    parts = [f"```{found['language']}\n{found['code']}```\n"]
    if found["output"]:
        parts.append(f"\n```{{code-block}} text\n:class: output\n\n{found['shown']}```\n")
    return "".join([*parts, found["drawn"] or ""])


def with_links(page: str, folder: str) -> str:
    """Point links of a page, which is in a folder of the repository, to pages of the site.

    Words of a link that are the name of a file are left out; Sphinx puts the page's title there.
    """

    def pointed(link: re.Match[str]) -> str:
        path = _from_root(folder, link["up"], link["path"])
        if path in _ELSEWHERE:
            path = "docs/" + _ELSEWHERE[path]
        if not path.startswith("docs/"):
            return link[0]
        words = "[" if link["words"] else ""
        return f"{words}](/{path.removeprefix('docs/')}{link['anchor'] or ''})"

    return _LINK.sub(pointed, page)


def _from_root(folder: str, up: str, path: str) -> str:
    parts = folder.split("/") if folder else []
    kept = parts[: len(parts) - up.count("../")]
    return "/".join([*kept, path])
