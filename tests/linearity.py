"""How the time of a function grows with the size of what it is given."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GROWTH = 4
RATIO = 7.0  # of the times at 4n and n: 4 where they are linear, 16 where they are quadratic
LEAST = 0.03  # seconds at n; less is noise
RUNS = 4


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Compare the processor time of ``work(n)`` and ``work(GROWTH * n)``, n being ``size`` or what takes LEAST."""
    gc.disable()  # it looks at all that other tests keep alive
    try:
        _seconds(work, size)  # first calls import and compile
        while _seconds(work, size) < LEAST:
            size *= 2
        # Of a pair taken at once: a neighbour on the same core halves its speed for longer than a run takes.
        ratios: list[float] = []
        while len(ratios) < RUNS and min(ratios, default=RATIO + 1) > RATIO:
            ratios.append(_seconds(work, GROWTH * size) / _seconds(work, size))
    finally:
        gc.enable()
    assert min(ratios) <= RATIO, f"from {size} to {GROWTH} times of it, times grow by {ratios}"


def _seconds(work: Callable[[int], object], size: int) -> float:
    begin = time.process_time()
    work(size)
    return time.process_time() - begin
