"""Print the seconds of some runs of the chapter's 500 steps: ours, or the plain loop."""

import sys
import time

from pytwolayer.chapter import chapter_loop, chapter_losses

WAYS = {"ours": chapter_losses, "loop": chapter_loop}


def main(way: str, calls: int) -> None:
    """Time ``calls`` runs after one that is not counted."""
    WAYS[way](steps=5)
    for _ in range(calls):
        start = time.perf_counter()
        WAYS[way]()
        print("seconds", time.perf_counter() - start)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
