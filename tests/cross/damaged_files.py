"""Model files that are damaged in every way, with the right checksum where that is passed."""

import hashlib
import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

JUNK = [
    *(None, True, -1, 2, 1.5, 10**400, 2**40, "", "auto", "text", "\0", [], {}, [1], ["a"]),
    *([[]], {"a": 1}, {"levels": ["a"]}, [["loss"]], float("nan"), float("inf")),
]


def header_of(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Take the header and the tensors' bytes apart."""
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def with_header(header: dict[str, Any], rest: bytes) -> bytes:
    """Put them together again."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


def text_of(data: bytes) -> str:
    """Give the text without its checksum."""
    text: str = header_of(data)[0]["__metadata__"]["pytwolayer"]
    return text[: text.rindex(', "md5": ')] + "}"


def with_text(data: bytes, text: str) -> bytes:
    """Give the file again with another text."""
    header, rest = header_of(data)
    checksum = hashlib.md5(text.encode("utf-8", "surrogatepass") + rest).hexdigest()
    ending = f', "md5": "{checksum}"}}'
    header["__metadata__"]["pytwolayer"] = text[:-1] + ending if text.endswith("}") else text
    return with_header(header, rest)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the ways to all parts of what JSON holds."""
    yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Give it again with another part in one place."""
    if not path:
        return new
    value = value.copy()
    value[path[0]] = replaced(value[path[0]], path[1:], new)
    return value


def left_out(value: Any, path: tuple[Any, ...]) -> Any:
    """Give it again without one part."""
    value = value.copy()
    if len(path) == 1:
        del value[path[0]]
    else:
        value[path[0]] = left_out(value[path[0]], path[1:])
    return value


def bits(data: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Give the file with one bit changed, for every byte."""
    rng = np.random.default_rng(seed)
    for place in range(len(data)):
        value = data[place] ^ (1 << int(rng.integers(8)))
        yield f"bit in byte {place}", data[:place] + bytes([value]) + data[place + 1 :]


def truncations(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the file cut short, and with something behind it."""
    for length in range(0, len(data), 5):
        yield f"cut to {length}", data[:length]
    yield "longer", data + b"\0"


def junk_in_text(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the file with junk in every place of its text, and without every place."""
    content = json.loads(text_of(data))
    for path in places(content):
        for new in JUNK:
            text = json.dumps(replaced(content, path, new))
            yield f"{path} is {repr(new)[:20]}", with_text(data, text)
        if path:
            yield f"no {path}", with_text(data, json.dumps(left_out(content, path)))
            name = json.dumps(str(path[-1]))
            twice = text_of(data).replace(f"{name}: ", f"{name}: 1, {name}: ", 1)
            yield f"{path} twice", with_text(data, twice)
            more = text_of(data).replace(f"{name}: ", f'"more": 1, {name}: ', 1)
            yield f"more before {path}", with_text(data, more)


def junk_in_header(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the file with junk in every place of its header."""
    header, rest = header_of(data)
    for path in places(header):
        for new in JUNK:
            yield (
                f"header's {path} is {repr(new)[:20]}",
                with_header(replaced(header, path, new), rest),
            )
        if path:
            yield f"header without {path}", with_header(left_out(header, path), rest)


def hostile(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the file with text that parsers stumble on."""
    text = text_of(data)
    deep = "[" * 100_000 + "]" * 100_000
    for old, new in [
        ('"notes": {', '"notes": {"a": ' + deep),
        ('"notes": {', '"notes": {"a": ' + '{"a": ' * 9999 + "1" + "}" * 9999),
        ('"rows": ', '"rows": NaN'),
        ('"rows": ', '"rows": 1e400'),
        ('"rows": ', '"rows": ' + "9" * 5000),
        ('"rows": ', '"rows": 0'),
        ('"rows": ', '"rows": +'),
        ('"rows": ', '"rows": .'),
        ('"notes"', '/* a */ "notes"'),
        ('"notes"', '// a\n"notes"'),
        ('"cpu"', '"cpu\x01"'),
        ('"cpu"', '"cpu\n"'),
        ('"cpu"', "'cpu'"),
        ('"cpu"', '"\\x"'),
        ('"cpu"', "cpu"),
        ('"cpu"', "[" + "1," * 200_000 + "1]"),
        ('"kind": "model"', '"kind": "model",'),
        ("}", "}}"),
        ('"kind"', '\ufeff"kind"'),
    ]:
        yield f"{new[:20]} for {old}", with_text(data, text.replace(old, new, 1))
    for raw in (b"", b"{}", b"[]", b"\xff" * 50, b"\0" * 50, b'"' * 50, b"[" * 100_000):
        yield f"header {raw[:5]!r}", struct.pack("<Q", len(raw)) + raw
    for length in (0, 2**63, 2**64 - 1, 10**8, 10**8 + 1):
        yield f"header of length {length}", struct.pack("<Q", length) + data[8:]
    for number in range(256):
        yield f"header is byte {number}", data[:8] + bytes([number]) * (len(data) - 8)


def all_of(data: bytes, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Give all of them, and the file itself."""
    yield "the file itself", data
    for kind in (junk_in_text, junk_in_header, truncations, hostile):
        yield from kind(data)
    yield from bits(data, seed)
