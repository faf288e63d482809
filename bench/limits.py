"""What this machine can do at best, to hold the stages against: starts, imports, memory, disk.

Run by ``make bench``. Least and most tell how busy the machine was; the limit is the least of the times.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import numpy as np

from bench.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7
READ = 400_000_000  # bytes, more than any cache holds
LIBRARIES = "import numpy, onnxruntime, faiss, tantivy, apsw"


def main() -> None:
    vectors = np.ones(READ // 4, np.float32)
    with tempfile.NamedTemporaryFile(dir=".") as file:

        def commit() -> None:
            file.write(b"page" * 1024)
            file.flush()
            os.fsync(file.fileno())

        rows = (
            ("Python starts and ends, ms", _milliseconds(lambda: _python("pass"))),
            ("the same with the libraries of a question, ms", _milliseconds(lambda: _python(LIBRARIES))),
            ("a page is written and synced, ms", _milliseconds(commit)),
            ("one thread reads memory, GB/s", tuple(READ / ms / 1e6 for ms in _milliseconds(vectors.sum))),
        )
    Table("limits", "What the machine can do.", ("", "of one run"), rows, f"The libraries: {LIBRARIES[7:]}.").save()


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def _milliseconds(act: Callable[[], object]) -> tuple[float, ...]:
    spent = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        spent.append(1000 * (time.perf_counter() - began))
    return tuple(spent)


if __name__ == "__main__":
    main()
