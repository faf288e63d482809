"""Who computes on which of the processor's cores: a question alone on several, of several side by side each on one."""

from __future__ import annotations

import concurrent.futures
import contextlib
import math
import os
import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")

MOST = 4
"""Threads of one run. Its products are small, and the threads wait for each other after each."""

QUIET = 0.03
"""Seconds in which no other thread computed, after which one is alone.

Between what is computed of a question lie some milliseconds in which only Python works; nobody asks twice that soon.
"""


def usable() -> list[int]:
    """Return the numbers of the cores that this process may use; os.cpu_count() counts those of the whole machine."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


class Cores:
    """Tells each computing thread whether it is the only one. Safe to use from several threads.

    ``shares`` are the cores for each of the threads that one alone may have: ``shares[0]`` for itself, while it has
    them, and the others for its helpers. None has a core in common with another: a kernel that finds two threads on one
    core may leave them there for as long as a run takes, and those of virtual machines do. On a processor whose second
    half of numbers are the second threads of its cores, as Linux counts them, no share splits a core of four or more.
    """

    def __init__(self) -> None:
        cores = usable()
        threads = min(len(cores), MOST)
        self.shares = [set(cores[first::threads]) for first in range(threads)]
        self.pinned = threads > 1 and _may_be_pinned()
        self._helpers = concurrent.futures.ThreadPoolExecutor(threads)
        self._lock = threading.Lock()
        self._computing: dict[int, float] = {}  # until when, by thread

    @contextlib.contextmanager
    def taken(self) -> Iterator[bool]:
        """Compute something; gives whether no other thread does or has just done."""
        own, now = threading.get_ident(), time.monotonic()
        with self._lock:
            self._computing = {
                thread: until for thread, until in self._computing.items() if thread == own or until > now - QUIET
            }
            alone = self._computing.keys() <= {own}
            self._computing[own] = math.inf
        try:
            yield alone
        finally:
            with self._lock:
                self._computing[own] = time.monotonic()

    def side_by_side(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Return what ``work`` makes of each item, as many at once as there are shares, each on a share of its own.

        The calling thread works too. Raises what ``work`` raises.
        """
        many, found = len(self.shares), []
        for first in range(0, len(items), many):
            own, *others = items[first : first + many]
            started = [
                self._helpers.submit(self._on_share, share, work, other)
                for share, other in zip(self.shares[1:], others, strict=False)
            ]
            try:
                found.append(self._on_share(self.shares[0], work, own))
            finally:
                concurrent.futures.wait(started)
            found += [each.result() for each in started]
        return found

    def _on_share(self, share: set[int], work: Callable[[T], R], item: T) -> R:
        with self.on(share):
            return work(item)

    @contextlib.contextmanager
    def on(self, share: set[int]) -> Iterator[None]:
        """Keep the calling thread on a share, where threads can be told."""
        if not self.pinned:
            yield
            return
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, share & before or before)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)


def _may_be_pinned() -> bool:
    """Whether threads can be told their cores; some sandboxes do not let them, and only Linux has a call for it."""
    try:
        os.sched_setaffinity(0, os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return False
    return True
