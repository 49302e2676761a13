"""The command ``pytwolayer``, where it is not on the path: ``python -m pytwolayer``."""

import sys

from pytwolayer.cli.main import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m pytwolayer"))
