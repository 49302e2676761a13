"""Whether several processes that read Parquet files together have the same ones.

Compared are the files' sizes and footers, which have the numbers of rows, the types and of each
column's parts the sizes and mostly the smallest and largest value, and pieces of their bytes: all
bytes of files that are small together.
"""

import hashlib
from collections.abc import Sequence

from pytwolayer.files.parquet_batches import ParquetFile
from pytwolayer.preprocessing.division import Division

_PIECE, _PIECES = 2**16, 256  # bytes of a piece, and how many of all files; one of each at least


def have_same_files(
    argument: str, files: Sequence[ParquetFile], known: object, division: Division
) -> bool:
    """Tell whether all processes have these files and know the same of them otherwise."""
    step = max(_PIECE, sum(file.state.size for file in files) // _PIECES)
    total = hashlib.blake2b(repr(known).encode())
    for file in files:
        total.update(repr((file.groups, file.state.size, file.state.footer)).encode())
        for piece in file.pieces(argument, _PIECE, step):
            total.update(piece)
    digests = division.gather(total.digest())
    return all(each == digests[0] for each in digests)
