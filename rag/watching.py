"""A folder watched by looking at it again and again: it works on every file system, network drives included."""

import time
from collections.abc import Callable
from pathlib import Path

from rag.articles import find
from rag.errors import ArticleError

PAUSE = 1.0
"""Seconds between two looks, and how long a change has to rest: a file may still be being written."""
_PART = 20  # of the time that looks take to the time between them


def watch(root: Path, act: Callable[[], bool], pause: Callable[[float], None] = time.sleep) -> None:
    """Call ``act`` at once and after each change of a folder or a file; where it returns False, again after a pause.

    Ends only when something raises.
    """
    acted: object = None
    look: object = None
    while True:
        started = time.monotonic()
        before, look = look, _look(root)
        spent = time.monotonic() - started
        if acted is None or (look != acted and look == before):
            acted = look if act() else None
        pause(max(PAUSE, _PART * spent))


def _look(root: Path) -> object:
    """Return what differs once a file was added, written or removed."""
    try:
        paths = find(root)[0] if root.is_dir() else [root]
        states = ((path, path.stat()) for path in paths)
        return hash(tuple((path, state.st_size, state.st_mtime_ns) for path, state in states))
    except (ArticleError, OSError) as error:  # gone, or changing at this very moment
        return type(error)
