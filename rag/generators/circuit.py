"""Spares a dead endpoint and its callers: the circuit breaker of M. Nygard, "Release It!", chapter 5."""

from __future__ import annotations

import time
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES = 3
PAUSE = 30.0


class Circuit:
    """Opens after FAILURES calls in a row that failed, for PAUSE seconds, and then lets one call try. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._closes = 0.0
        self._trying = False

    def admit(self) -> float:
        """Return 0.0 where a call may be made, which ``settle`` must follow; else the seconds until one may be."""
        with self._lock:
            if self._failures < FAILURES:
                return 0.0
            left = self._closes - self._clock()
            if left > 0 or self._trying:
                return max(left, 1.0)
            self._trying = True
            return 0.0

    def settle(self, healthy: bool | None) -> None:
        """Say how an admitted call ended; None where it was left before that could be told."""
        with self._lock:
            self._trying = False
            if healthy:
                self._failures = 0
            elif healthy is False:
                self._failures += 1
                self._closes = self._clock() + PAUSE


@cache
def circuit_of(base_url: str, model: str) -> Circuit:  # noqa: ARG001 - the key of the cache
    """Return the circuit that this process has for an endpoint."""
    return Circuit()
