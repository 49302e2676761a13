"""Checksums of parts give that of the whole."""

import zlib

import numpy as np
import pytest

from pytwolayer.preprocessing.joined_checksums import joined_crc32


@pytest.mark.parametrize("length", [0, 1, 3, 8, 255, 8192, 65_537])
def test_two_checksums_are_joined_to_that_of_all_bytes(length):
    draw = np.random.default_rng(length)
    for before in (0, 1, 1000):
        first, second = draw.bytes(before), draw.bytes(length)
        joined = joined_crc32(zlib.crc32(first), zlib.crc32(second), length)
        assert joined == zlib.crc32(first + second)


def test_many_parts_are_joined_one_after_the_other():
    parts, total = [np.random.default_rng(n).bytes(n * n) for n in range(40)], 0
    for part in parts:
        total = joined_crc32(total, zlib.crc32(part), len(part))
    assert total == zlib.crc32(b"".join(parts))
