"""How names, text and numbers are written for each database."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytwolayer.checks import quote
from pytwolayer.errors import PytwolayerError


@dataclass(frozen=True)
class Dialect:
    """One database's SQL.

    Attributes
    ----------
    name : str
        As its makers write it.
    double, text : str
        The types of numbers and of text.
    common_table : str
        What follows ``AS`` in ``WITH name AS``.
    fence : str
        Ends a SELECT so that the optimiser does not write its columns into the SELECT outside,
        where they would be computed as often as they are used.
    collation : str
        Makes text be compared byte by byte.
    infinity : str
        The infinite number.
    most_columns : int or None
        Of a SELECT.
    ignores_case : bool
        Whether names that differ in the case of ASCII letters alone are one name.
    """

    name: str
    double: str
    text: str
    common_table: str = ""
    fence: str = ""
    collation: str = ""
    infinity: str = "CAST('Infinity' AS double precision)"
    most_columns: int | None = None
    ignores_case: bool = False

    def constant(self, value: float) -> str:
        """Write a double, also an infinite one, or NULL for one that is missing."""
        if math.isnan(value):
            return f"CAST(NULL AS {self.double})"
        if math.isinf(value):
            return self.infinity if value > 0 else f"(- {self.infinity})"
        return number(value)

    def identifier(self, name: str) -> str:
        """Write the name of a column or a table.

        Raises
        ------
        PytwolayerError
            If there is no such name in SQL.
        """
        if not name:
            raise PytwolayerError("In SQL every column and table needs a name, but one has none.")
        return '"' + _checked(name).replace('"', '""') + '"'

    def literal(self, text: str) -> str:
        """Write text."""
        quoted = _checked(text).replace("'", "''")
        if self is POSTGRESQL and "\\" in quoted:  # else a setting decides what a backslash is
            escaped = quoted.replace("\\", "\\\\")
            return f" E'{escaped}'"
        return f"'{quoted}'"


def _checked(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        raise PytwolayerError(f"SQL cannot hold the text {quote(ascii(text))}.") from problem
    if "\0" in text:
        raise PytwolayerError(f"SQL cannot hold the text {quote(ascii(text))}.")
    return text


POSTGRESQL = Dialect(
    "PostgreSQL",
    "double precision",
    "text",
    fence=" OFFSET 0",
    collation=' COLLATE "C"',
    most_columns=1600,
)
DIALECTS = {
    "duckdb": Dialect(
        "DuckDB",
        "DOUBLE",
        "VARCHAR",
        common_table="NOT MATERIALIZED ",
        collation=" COLLATE C",
        ignores_case=True,
    ),
    "postgresql": POSTGRESQL,
    "sqlite": Dialect(
        "SQLite",
        "REAL",
        "TEXT",
        fence=" LIMIT -1 OFFSET 0",
        collation=" COLLATE BINARY",
        infinity="9e999",
        most_columns=2000,
        ignores_case=True,
    ),
}


def number(value: float) -> str:
    """Write a double so that it is read back to the last bit.

    With an exponent it is a double everywhere, and no decimal number or whole number; in
    parentheses a minus sign cannot become part of a comment.
    """
    text = repr(float(value))
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if text.startswith("-") else text


def total(terms: Sequence[str]) -> str:
    """Add terms in pairs, and these in pairs: databases limit how deep an expression may be."""
    return _in_pairs(terms, "{} + {}")


def _in_pairs(terms: Sequence[str], form: str) -> str:
    if len(terms) == 1:
        return terms[0]
    if len(terms) <= 8:
        return f"({' + '.join(terms)})"
    half = len(terms) // 2
    return "(" + form.format(_in_pairs(terms[:half], form), _in_pairs(terms[half:], form)) + ")"
