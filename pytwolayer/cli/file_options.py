"""The options for reading text files, which the commands share.

They are apart from ``FileOptions``, whose import would take longer than the command's start.
"""

from typing import Any

OPTIONS = (
    ("--sep", "CHARACTER", "what separates the columns of a text file: a character, tab or space"),
    ("--dec", "CHARACTER", "decimal mark of its numbers: . or ,"),
    ("--na", "TEXT", "also a missing value, in all columns; may be given several times"),
    ("--encoding", "NAME", "encoding of its text, such as latin-1"),
)


def add_file_options(group: Any) -> None:
    """Add the options to a group of a command's parser."""
    for option, value, text in OPTIONS:
        action = "append" if option == "--na" else "store"
        group.add_argument(option, metavar=value, action=action, help=text)
