"""Two things measured in turn in one run, told as a ratio: machines are noisy, their ratios less so."""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds of ours and theirs, a pair a round."""

    name: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times faster ours is: median over median."""
        return statistics.median(self.theirs) / statistics.median(self.ours)

    def row(self) -> str:
        return f"{self.name:42} {_spread(self.ours):>24} {_spread(self.theirs):>24} {self.ratio:>8.1f}x"


def compare(name: str, ours: Callable[[int], object], theirs: Callable[[int], object], rounds: int) -> Comparison:
    """Call both with the number of the round, one after the other, ``rounds`` times."""
    pairs = [(_seconds(ours, number), _seconds(theirs, number)) for number in range(rounds)]
    return Comparison(name, tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))


def _seconds(call: Callable[[int], object], number: int) -> float:
    started = time.perf_counter()
    call(number)
    return time.perf_counter() - started


def _spread(seconds: tuple[float, ...]) -> str:
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{1000 * middle:.1f} ms ({1000 * low:.1f}-{1000 * high:.1f})"


def machine() -> str:
    """Return the processor's kind, the features that matter to an encoder, and the memory; never a machine's name."""
    flags, memory = "", ""
    if platform.system() == "Linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
        flags = next((line for line in lines if line.startswith("flags")), "")
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"
    features = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8") if f" {name}" in flags]
    kind = f"{os.cpu_count()} cores {platform.machine()}, {' '.join(features) or 'features unknown'}"
    return f"{kind}{memory}, Python {platform.python_version()}"
