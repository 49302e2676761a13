"""Build the site: ``python scripts/website/build.py`` writes build/site.

The pages of docs/ are run and put together in build/site-source, with what pkgdown makes of the
R package; Sphinx makes the site of them, and all links and anchors are looked up.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from website.blocks import differences, find_examples  # noqa: E402
from website.drawing import with_drawings  # noqa: E402
from website.links import broken_links, html_files  # noqa: E402
from website.needs import with_reasons  # noqa: E402
from website.r_pages import copy_pictures, write_r_pages  # noqa: E402
from website.running import run_file  # noqa: E402
from website.sessions import ExampleError, Sessions, environment_of  # noqa: E402
from website.tabs import OTHERS, with_links, with_tabs  # noqa: E402

SOURCE = ROOT / "build" / "site-source"
SITE = ROOT / "build" / "site"
DOCTREES = ROOT / "build" / "site-doctrees"
PKGDOWN = ROOT / "build" / "site-pkgdown"

LANES = 2  # pages run at the same time

# Pages that stand elsewhere in the repository, by their name on the site.
ORIGINS = {name: origin for origin, name in OTHERS.items()}


def _copy_source() -> list[Path]:
    """Copy the pages; give those that have examples to run."""
    for folder in (SOURCE, SITE, DOCTREES):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", SOURCE, ignore=shutil.ignore_patterns("site"))
    shutil.copytree(ROOT / "docs" / "site", SOURCE, dirs_exist_ok=True)
    for file in (ROOT / "examples").iterdir():
        if file.suffix != ".md":
            shutil.copy(file, SOURCE)
    for origin, name in OTHERS.items():
        shutil.copy(ROOT / origin, SOURCE / name)
    _name_further_pages()
    pages = sorted(SOURCE.rglob("*.md"))
    return [page for page in pages if find_examples(page.read_text(encoding="utf-8"))]


def _name_further_pages() -> None:
    """Name the pages of docs/ that topics.md does not, at its end, and guides in their order."""
    topics = SOURCE / "topics.md"
    text = topics.read_text(encoding="utf-8")
    named = text.split()
    further = [page.stem for page in sorted((ROOT / "docs").glob("*.md")) if page.stem not in named]
    if further:
        text += "\n## More\n\n```{toctree}\n:maxdepth: 1\n\n" + "\n".join(further) + "\n```\n"
    topics.write_text(text, encoding="utf-8")
    index = SOURCE / "guides" / "index.md"
    text = index.read_text(encoding="utf-8")
    guides = re.findall(r"^\* \[[^]]*\]\(([a-z-]+)\.md\)", text, re.MULTILINE)
    text += "\n```{toctree}\n:hidden:\n\n" + "\n".join(guides) + "\n```\n"
    index.write_text(text, encoding="utf-8")


def _taken(waiting: SimpleQueue[Path]) -> Iterator[Path]:
    """Take pages from those that wait, until none is left."""
    while True:
        try:
            yield waiting.get_nowait()
        except Empty:
            return


def _run_pages(waiting: SimpleQueue[Path]) -> list[str]:
    """Run the examples of pages, one page after the other, until none waits; give what is wrong."""
    sessions = Sessions(environment_of(ROOT))
    faults = []
    for page in _taken(waiting):
        name = page.relative_to(SOURCE)
        began = time.monotonic()
        try:
            ran = run_file(page, sessions)
        except ExampleError as problem:
            faults.append(str(problem))
            print(f"  {name}: failed", flush=True)
            continue
        faults += [f"{name}: {fault}" for fault in differences(page.read_text("utf-8"), ran.text)]
        ran.write(page)
        print(f"  {name}: {time.monotonic() - began:.0f} s", flush=True)
    sessions.close()
    return faults


def _run_pkgdown() -> list[str]:
    """Have pkgdown write R's pages; give what is wrong."""
    shutil.rmtree(PKGDOWN, ignore_errors=True)
    copy = ROOT / "build" / "site-r-source"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in ("DESCRIPTION", "NAMESPACE", "LICENSE", "LICENSE.md"):
        shutil.copy(ROOT / name, copy)
    for name in ("R", "man", "vignettes"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "docs" / "site" / "pkgdown.yml", copy / "_pkgdown.yml")
    script = ROOT / "scripts" / "website" / "pkgdown.R"
    ran = subprocess.run(
        ["Rscript", str(script), str(copy), str(PKGDOWN)],
        env=environment_of(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        return [f"pkgdown failed:\n{ran.stdout[-3000:]}"]
    print("  R reference: done", flush=True)
    return []


def _convert() -> None:
    """Make pages of the site of the pages of the repository."""
    sessions = Sessions(environment_of(ROOT))
    for page in SOURCE.rglob("*.md"):
        name = page.relative_to(SOURCE).as_posix()
        if name.startswith("r/"):
            continue
        folder = Path("docs", name).parent.as_posix()
        if name in ORIGINS:
            folder = Path(ORIGINS[name]).parent.as_posix().removeprefix(".")
        text = with_reasons(page.read_text(encoding="utf-8"), sessions.missing)
        text = with_tabs(with_drawings(text))
        page.write_text(with_links(text, folder), encoding="utf-8")


def _run_sphinx() -> list[str]:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    ran = subprocess.run(
        [*command, "-d", str(DOCTREES), str(SOURCE), str(SITE)],
        env={**os.environ, "PYTWOLAYER_ROOT": str(ROOT)},
        check=False,
    )
    return [] if ran.returncode == 0 else ["Sphinx warned or failed, see above"]


def _run_everything(pages: list[Path]) -> list[str]:
    """Run the examples of the pages and of R's reference at the same time; give what is wrong."""
    print("Running the examples ...", flush=True)
    waiting: SimpleQueue[Path] = SimpleQueue()
    for page in pages:
        waiting.put(page)
    with ThreadPoolExecutor(LANES + 1) as pool:
        work: list[Future[list[str]]] = [pool.submit(_run_pkgdown)]
        work += [pool.submit(_run_pages, waiting) for _ in range(LANES)]
        return [fault for future in work for fault in future.result()]


def main() -> int:
    """Build the site; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--run-nothing",
        action="store_true",
        help="take what the pages show, and R's reference as the last build left it",
    )
    run_nothing = parser.parse_args().run_nothing
    began = time.monotonic()
    pages = _copy_source()
    faults = [] if run_nothing else _run_everything(pages)
    if not (PKGDOWN / "articles" / "index.html").exists():
        print(*faults, "There is no reference of R to go on with.", sep="\n")
        return 1
    write_r_pages(PKGDOWN, SOURCE / "r")
    _convert()
    print("Building the pages ...", flush=True)
    faults += _run_sphinx()
    copy_pictures(PKGDOWN, SITE / "r")
    broken, looked_up = broken_links(SITE)
    faults += broken
    print(*faults, sep="\n", end="\n" if faults else "")
    built = len(html_files(SITE))
    seconds = time.monotonic() - began
    print(f"{built} pages, {looked_up} links, {len(faults)} faults, in {seconds:.0f} s")
    if not faults:
        print(f"The site is in {os.path.relpath(SITE / 'index.html')}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
