"""The examples of a page, what they are to print, and what they print.

A page is Markdown as it is read in a repository. An example is a fenced block of R, Python or
the shell. What it prints stands in a fenced block without a language right after it, or, of R,
beneath each line behind ``#>``. Pictures right after an example are the last that it drew. An
example after ``<!-- not run: REASON -->`` is shown only. An example within a comment that begins
with ``<!-- before the examples:`` runs, and is not shown.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

EXAMPLE = re.compile(
    r"(?P<skipped><!-- not run: (?P<reason>[^\n]+) -->\n\n?)?"
    r"^```(?P<language>r|python|sh)\n(?P<code>.*?)^```\n"
    r"(?P<output>\n```\n(?P<shown>.*?)^```\n)?"
    r"(?P<drawn>\n(?:!\[[^\]]*\]\([^)]+\.png\)\n)+)?",
    re.DOTALL | re.MULTILINE,
)

UNSEEN = re.compile(r"^<!-- before the examples:\n.*?^-->\n\n?", re.DOTALL | re.MULTILINE)

_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Example:
    """One example of a page."""

    language: str
    code: str
    inline: bool  # R's output goes beneath its lines
    pictures: list[str]
    run: bool
    shown: str | None


@dataclass(frozen=True)
class Result:
    """What an example gave: its code, with the output in it if inline, and the output."""

    code: str
    output: str


def _example(found: re.Match[str]) -> Example:
    inline = found["language"] == "r" and found["output"] is None
    code = found["code"]
    if inline:
        code = "".join(line for line in code.splitlines(True) if not line.startswith("#>"))
    return Example(
        language=found["language"],
        code=code,
        inline=inline,
        pictures=re.findall(r"\(([^()]+\.png)\)\n", found["drawn"] or ""),
        run=found["skipped"] is None,
        shown=found["shown"],
    )


def find_examples(page: str) -> list[Example]:
    """Find the examples of a page, in its order."""
    return [_example(found) for found in EXAMPLE.finditer(page)]


def fill(page: str, results: Sequence[Result | None]) -> str:
    """Give the page with its examples' results; those that are None stay as they stand."""
    rest = iter(results)

    def filled(found: re.Match[str]) -> str:
        result = next(rest)
        if result is None:
            return found[0]
        parts = [found["skipped"] or "", f"```{found['language']}\n{result.code}```\n"]
        if result.output:
            parts.append(f"\n```\n{result.output}```\n")
        return "".join([*parts, found["drawn"] or ""])

    return EXAMPLE.sub(filled, page)


def differences(page: str, filled: str) -> list[str]:
    """Say where a page differs from what its examples gave, line by line.

    Numbers may differ by 2 in the last digit or by five per cent, since the last bits depend on
    the processor and on the number of threads. All else must be the same.
    """
    old, new = page.splitlines(), filled.splitlines()
    found = [
        f"line {number}: the page has\n    {a}\n  and the example gave\n    {b}"
        for number, (a, b) in enumerate(zip(old, new, strict=False), 1)
        if not _alike(a, b)
    ]
    if len(old) != len(new) and not found:
        found.append(f"the page has {len(old)} lines, with what the examples gave {len(new)}")
    return found[:3]


def _alike(a: str, b: str) -> bool:
    a, b = a.replace("\N{MULTIPLICATION SIGN}", "x"), b.replace("\N{MULTIPLICATION SIGN}", "x")
    if a == b:
        return True
    words = [" ".join(_NUMBER.sub(" 0 ", line).split()) for line in (a, b)]
    numbers = [_NUMBER.findall(line) for line in (a, b)]
    return words[0] == words[1] and all(_close(x, y) for x, y in zip(*numbers, strict=True))


def _close(a: str, b: str) -> bool:
    if "." not in a + b and "e" not in a + b:
        return a == b
    x, y = (float(number.replace(",", "")) for number in (a, b))
    digit = max(_last_digit(a), _last_digit(b))
    return abs(x - y) <= max(2.001 * digit, 0.05 * max(abs(x), abs(y)))


def _last_digit(number: str) -> float:
    mantissa, _, exponent = number.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(10.0 ** (int(exponent or 0) - decimals))
