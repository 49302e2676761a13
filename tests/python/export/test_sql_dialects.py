"""Names, text and numbers as SQL."""

import numpy as np
import pytest

from pytwolayer import PytwolayerError
from pytwolayer.export.sql_dialects import DIALECTS, number, total


@pytest.mark.parametrize("value", [0.0, -0.0, 1 / 3, -1e-320, 1e300, 5.0, np.float32(0.1)])
def test_numbers_are_read_back_to_the_last_bit(value):
    text = number(value)
    assert float(text.strip("()")).hex() == float(value).hex()
    assert "e" in text
    assert text.startswith("(") == (np.signbit(value))


def test_quotes_are_doubled_and_backslashes_are_what_they_are():
    for dialect in DIALECTS.values():
        assert dialect.identifier('a"b') == '"a""b"'
        assert dialect.literal("it's") == "'it''s'"
    assert DIALECTS["sqlite"].literal("\\'") == "'\\'''"
    assert DIALECTS["postgresql"].literal("\\'") == " E'\\\\'''"


def test_what_sql_cannot_hold_is_refused():
    for text in ("a\0b", "\ud800"):
        with pytest.raises(PytwolayerError, match="SQL cannot hold the text"):
            DIALECTS["duckdb"].literal(text)
    with pytest.raises(PytwolayerError, match="needs a name"):
        DIALECTS["duckdb"].identifier("")


def test_sums_are_no_deeper_than_the_logarithm_of_their_length():
    terms = [f"t{n}" for n in range(5000)]
    text = total(terms)
    assert [
        term for term in text.replace("(", " ").replace(")", " ").split() if term != "+"
    ] == terms
    assert len(text) - len(text.lstrip("(")) < 15
