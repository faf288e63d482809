"""The machine that something was measured on: machines differ, and times tell nothing without."""

from __future__ import annotations

import os
import platform
from pathlib import Path


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
