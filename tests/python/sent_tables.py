"""Tables as R sends them, made without R: each column's numbers, or codes from 1, as bytes."""

import numpy as np


def as_bytes(values):
    return np.asarray(values, dtype=np.float64).tobytes()


def sent_table(columns, *, vector=None, nameless=False, offset=None):
    """Each column is numbers, or a kind ("factor", "text", "logical"), codes and levels."""
    described, values = [], []
    for column in columns.values():
        kind, codes, levels = column if isinstance(column, tuple) else ("number", column, None)
        described.append({"levels": levels, "text": kind == "text", "logical": kind == "logical"})
        values.append(as_bytes(codes))
    table = {
        "names": None if nameless else [*columns],
        "columns": described,
        "rows": float(len(values[0]) // 8),
        "holder": None,
        "library": None,
        "values": values,
    }
    if vector is None:
        return table | {"offset": None if offset is None else as_bytes(offset)}
    return table | {"vector": vector}
