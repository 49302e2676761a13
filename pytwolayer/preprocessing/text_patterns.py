"""Recognising text that is a number, a date, a time, or a mark for a missing value."""

import re
from collections.abc import Callable, Sequence
from typing import Any

# Marks that mean a missing value in tables, and hardly anything else; compared ignoring case.
_SIGNS = "? - -- --- \u2013 \u2014 . .. ... ~ \\n"
_WORDS = "na n/a n.a. n.a #n/a #na <na> nan -nan +nan null (null) #null! k.a. #n/v"
_ERRORS = "#value! #ref! #div/0! #name? #num! 1.#ind -1.#ind 1.#qnan -1.#qnan"
_SURE = frozenset([*_SIGNS.split(), *_WORDS.split(), *_ERRORS.split(), "#n/a n/a"])
# Marks that can be names of levels too.
_NAMES = "none nil void missing (missing) [missing] unknown unk undefined * **"
_PHRASES = ("", "not available", "not applicable", "no data", "not reported")
_MARKS = _SURE.union(_NAMES.split(), _PHRASES)

_PLAIN = r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_GROUPED = r"\d{1,3}(,\d{3})+(\.\d+)?|\d{1,3}([.' \u00a0]\d{3})+(,\d+)?"
_DECIMAL_COMMA = r"\d+,\d+([eE][+-]?\d+)?"
_ANY = rf"({_GROUPED}|{_DECIMAL_COMMA}|{_PLAIN})"
_MONEY = r"(US\$|[$€£¥₹]|USD|EUR|GBP|CHF|JPY)"
_SIGN = "[+-]?"
_NUMBERS = {
    "numbers": rf"{_SIGN}{_PLAIN}",
    "numbers with separated thousands": rf"{_SIGN}({_GROUPED})",
    "numbers with a decimal comma": rf"{_SIGN}{_DECIMAL_COMMA}",
    "percentages": rf"{_SIGN}{_ANY}\s?%",
    "numbers with a unit": rf"{_SIGN}{_ANY}(\s[a-zA-Z°µ/²³]{{1,8}}|(k|m|c)?[gm]|°?[CF]|hp|cc|ml)",
    "amounts of money": rf"\(?{_SIGN}({_MONEY}\s?{_SIGN}{_ANY}[kKMm]?|{_ANY}\s?{_MONEY})\)?",
}
_MONTH = (
    r"(jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|sept|oct|okt|nov|dec|dez)"
    r"(uary|ruary|ch|il|e|y|ust|tember|ober|ember)?\.?"
)
_WEEKDAY = r"((mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(day|nesday|sday|urday)?\.?,?\s+)?"
_YEAR, _DAY, _NUMBER = r"\d{4}", r"([0-2]?\d|3[01])(st|nd|rd|th)?", r"(0?[1-9]|[12]\d|3[01])"
_CLOCK = r"([01]?\d|2[0-4]):[0-5]\d(:[0-5]\d([.,]\d+)?)?(\s?[ap]\.?m\.?)?"
_ZONE = r"(\s?(z|utc|gmt|[+-]\d\d:?(\d\d)?))?"
_DATE = (
    "|".join(
        (
            rf"{_YEAR}([-/.])(0?[1-9]|1[0-2])(\g<sep>{_NUMBER})?",
            rf"{_NUMBER}[-/.]{_NUMBER}[-/.]({_YEAR}|\d\d)",
            rf"(0?[1-9]|1[0-2])[-/]{_YEAR}",
            rf"{_DAY}[-/. ]*{_MONTH}[-/., ]*({_YEAR}|'?\d\d)",
            rf"{_MONTH}[-/. ]*{_DAY},?\s+{_YEAR}",
            rf"{_MONTH}[-/. ]*({_YEAR}|'?\d\d)",
            rf"{_YEAR}[-/. ]?{_MONTH}([-/. ]?{_DAY})?",
            rf"{_YEAR}[-/ ]?([qk][1-4]|w([0-4]?\d|5[0-3]))",
        )
    )
    .replace(r"([-/.])", r"(?P<sep>[-/.])", 1)
    .replace(r"\g<sep>", "(?P=sep)")
)
_TIMES = {
    "dates": rf"{_WEEKDAY}({_DATE})([T\s,]+{_CLOCK}{_ZONE})?",
    "times": rf"{_CLOCK}{_ZONE}",
}


def _compiled(patterns: dict[str, str], flags: int = 0) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern, flags) for name, pattern in patterns.items()}


_NUMBER_PATTERNS = _compiled(_NUMBERS, re.ASCII)
_TIME_PATTERNS = _compiled(_TIMES, re.IGNORECASE)
_CODE = re.compile(r"0\d+", re.ASCII)
_LONGEST = 40  # characters; longer text is of no format


def is_missing_mark(text: str, *, sure: bool = False) -> bool:
    """Tell whether text may mean a missing value; with ``sure``: and hardly anything else."""
    return text.strip().casefold() in (_SURE if sure else _MARKS)


def number_format(text: str) -> str | None:
    """Name the format of a number, a key of ``_NUMBERS``; None for other text."""
    return _format(text, _NUMBER_PATTERNS)


def time_format(text: str) -> str | None:
    """Return "dates" or "times"; None for other text."""
    return _format(text, _TIME_PATTERNS)


def _format(text: str, patterns: dict[str, re.Pattern[str]]) -> str | None:
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    return next((name for name, pattern in patterns.items() if pattern.fullmatch(text)), None)


def has_leading_zero(text: str) -> bool:
    """Tell whether it is digits with a leading zero, as of a postal code or an identifier."""
    return _CODE.fullmatch(text.strip()) is not None


def parse_number(text: str, decimal: str = ".") -> float | None:
    """Convert text to a number; None if it is none."""
    plain = text.strip()
    if decimal != ".":
        if "." in plain:
            return None
        plain = plain.replace(decimal, ".")
    return float(plain) if _NUMBER_PATTERNS["numbers"].fullmatch(plain) else None


def mostly(values: Sequence[Any], kind: Callable[[Any], Any], share: float) -> bool:
    """Tell whether ``kind(value)`` is not None for a share of the values."""
    # Of many values a sample decides whether it is worth looking at all of them.
    sample = values[:: max(1, len(values) // 500)]
    if sum(kind(value) is not None for value in sample) < len(sample) * share / 2:
        return False
    return sum(kind(value) is not None for value in values) >= len(values) * share
