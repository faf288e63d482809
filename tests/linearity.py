"""How the time of a function grows with the size of what it is given."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RATIO = 3.0  # of the times at 2n and n: 2 where they are linear, 4 where they are quadratic
LEAST = 0.03  # seconds at n; less is noise


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Compare the processor time of ``work(n)`` and ``work(2 * n)``, n being ``size`` or as much more as takes LEAST."""
    work(size)  # first calls import and compile
    gc.disable()  # it looks at all that other tests keep alive
    try:
        while (once := _best(work, size)) < LEAST:
            size *= 2
        assert _best(work, 2 * size) <= RATIO * once
    finally:
        gc.enable()


def _best(work: Callable[[int], object], size: int) -> float:
    return min(_seconds(work, size) for _ in range(3))


def _seconds(work: Callable[[int], object], size: int) -> float:
    begin = time.process_time()
    work(size)
    return time.process_time() - begin
