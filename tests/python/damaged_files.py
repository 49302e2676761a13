"""Files of our formats, changed in ways that their checksum does not tell."""

import hashlib
import json
import struct

NAN, INF = float("nan"), float("inf")


def header_of(data: bytes) -> tuple[dict, bytes]:
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def with_metadata(data: bytes, change) -> bytes:
    """Give the bytes again with the text metadata changed, and the right checksum for it."""
    metadata = json.loads(header_of(data)[0]["__metadata__"]["pytwolayer"])
    metadata.pop("md5")
    changed = change(metadata)
    return with_text(data, json.dumps(changed))


def with_text(data: bytes, text: str) -> bytes:
    """Give the bytes again with another text, whose checksum is right if it is an object."""
    header, rest = header_of(data)
    checksum = hashlib.md5(text.encode() + rest).hexdigest()
    ending = f', "md5": "{checksum}"}}'
    header["__metadata__"]["pytwolayer"] = text[:-1] + ending if text.endswith("}") else text
    return with_header(header, rest)


def with_header(header: dict, rest: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


JUNK = [None, True, -1, 2, 1.5, NAN, INF, 10**400, "", "auto", [], {}, [1], ["a"], {"a": 1}]


def places(value, path=()):
    yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    value = value.copy()
    value[path[0]] = replaced(value[path[0]], path[1:], new)
    return value


def replaced_everywhere(data, junk=JUNK):
    """Give the bytes again and again, each time with junk at another place."""
    metadata = json.loads(header_of(data)[0]["__metadata__"]["pytwolayer"])
    del metadata["md5"]
    for path in places(metadata):
        for new in junk:
            yield with_metadata(data, lambda m: replaced(m, path, new))  # noqa: B023
