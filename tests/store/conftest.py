"""What the tests of the store share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.fixture
def small_lists(monkeypatch):
    """Have a few hundred rows searched approximately."""
    monkeypatch.setattr("rag.store.dense.EXACT", 300)
    monkeypatch.setattr("rag.store.dense._PROBED", 12)


@pytest.fixture
def child():
    """Start Python code in another process, with ``sys.argv[1:]`` as given; it ends with the test."""
    started = []

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
