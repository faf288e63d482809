"""Spares a dead endpoint and its callers: the circuit breaker of M. Nygard, "Release It!", chapter 5."""

import time
from collections.abc import Callable
from threading import Lock

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

    @property
    def open(self) -> bool:
        """Whether the last calls failed; a call may be tried all the same."""
        return self._failures >= FAILURES

    def settle(self, healthy: bool | None) -> None:
        """Say how an admitted call ended; None where it was left before that could be told."""
        with self._lock:
            self._trying = False
            if healthy:
                self._failures = 0
            elif healthy is False:
                self._failures += 1
                self._closes = self._clock() + PAUSE


_CIRCUITS: dict[tuple[str, str], Circuit] = {}


def circuit_of(base_url: str, model: str) -> Circuit:
    """Return the circuit that this process has for an endpoint."""
    return _CIRCUITS.setdefault((base_url, model), Circuit())


def failing() -> list[str]:
    """Return the models whose endpoints are spared at present."""
    return sorted({model for (_, model), circuit in _CIRCUITS.items() if circuit.open})
