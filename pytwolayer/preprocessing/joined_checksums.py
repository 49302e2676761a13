"""The CRC-32 of bytes of which only the checksums of their parts are known.

A CRC-32 is the remainder of a division of polynomials over the numbers 0 and 1, in which the bytes
are the coefficients. So appending bytes multiplies it by a power of x and adds the checksum of
what is appended; zlib's ``crc32_combine()``, which Python does not have, does the same.
"""

from functools import cache

_POLYNOMIAL = 0xEDB88320  # of CRC-32, the coefficient of the lowest power first
_ONE = 1 << 31
_BITS = 8  # of a byte


def joined_crc32(first: int, second: int, length: int) -> int:
    """Return the CRC-32 of bytes of this CRC-32, followed by ``length`` bytes of the second."""
    return _product(_power_of_x(_BITS * length), first) ^ second


@cache
def _power_of_x(exponent: int) -> int:
    """Return a power of x modulo the polynomial, by repeated squaring."""
    result, square = _ONE, _ONE >> 1
    while exponent:
        if exponent & 1:
            result = _product(square, result)
        square = _product(square, square)
        exponent >>= 1
    return result


def _product(one: int, other: int) -> int:
    """Multiply polynomials modulo that of CRC-32."""
    result, bit = 0, _ONE
    while one:
        if one & bit:
            result ^= other
            one ^= bit
        bit >>= 1
        other = (other >> 1) ^ _POLYNOMIAL if other & 1 else other >> 1
    return result
