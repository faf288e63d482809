"""The programs that are compared: their environments, their processes, and what these use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.peers.protocol import shortened

PROGRAMS = {
    "Askpress": "askpress",
    "Askpress without its reader": "askpress",
    "sentence-transformers + FAISS": "plain",
    "txtai": "txtai",
    "LangChain, FAISS and BM25": "langchain",
    "RAGLite": "raglite",
}
"""What runs each: a module of ``bench.peers``."""

UNREAD = {"RAG_WITHOUT": '["reader"]'}
SETTINGS = {"Askpress without its reader": UNREAD}
"""Environment variables of a program, of which another has none."""

TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_HERE = Path(__file__).parent
OMP = {"OMP_WAIT_POLICY": "passive"}
"""torch's threads sleep while they wait for each other. By default they spin, and a question of a program with torch
takes five times as long and more where other processes want the cores too."""

_OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "RAG_THRESHOLD": "0", "RAG_COLLECTION": "bench"}


class UnavailableError(Exception):
    """A program cannot be installed, started or used here; the message says why, in a line."""


def environment(module: str) -> Path:
    """Return the Python that runs a module, installing what it needs where that has not been done.

    The libraries that Askpress has too are its own, by a ``.pth`` file behind the program's. Raises UnavailableError.
    """
    requirements, folder = _HERE / "peers" / f"{module}.txt", Path("build/peers").resolve() / module
    if not requirements.exists():
        return Path(sys.executable)
    python, stamp = folder / "bin" / "python", folder / requirements.name
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return python
    uv, shared = Path(sys.executable).with_name("uv"), next(p for p in sys.path if p.endswith("site-packages"))
    commands: tuple[list[str | Path], ...] = (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder],
        [uv, "pip", "install", "--quiet", "--no-deps", "--python", python, "--requirements", requirements],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnavailableError(f"not installed: {_last_line(done.stderr)}")
    (next(folder.glob("lib/*/site-packages")) / "shared.pth").write_text(shared)
    stamp.write_bytes(requirements.read_bytes())
    return python


class Program:
    """A running program, asked as ``bench.peers.protocol`` has it. Raises UnavailableError wherever it fails."""

    def __init__(self, name: str, model: Path) -> None:
        module = PROGRAMS[name]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [environment(module), "-m", f"bench.peers.{module}", model],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=_HERE.parent,
            env=os.environ | _OFFLINE | OMP | SETTINGS.get(name, {}),
        )
        assert self._process.stdin
        assert self._process.stdout
        self._requests, self._replies = self._process.stdin, self._process.stdout

    def index(self, texts: list[str], folder: Path) -> float:
        """Index texts into a folder of their own; return the seconds that it took."""
        folder.mkdir(parents=True)
        return self._call({"index": texts, "folder": str(folder)})[0]

    def encode(self, texts: list[str]) -> float:
        """Make vectors of texts; return the seconds that it took."""
        return self._call({"encode": texts})[0]

    def open(self, folder: Path) -> None:
        self._call({"open": str(folder)})

    def ask(self, question: str) -> tuple[float, list[int]]:
        """Return the seconds to the reply, and the rows of the texts in it, best first."""
        seconds, reply = self._call({"ask": question})
        return seconds, reply["rows"]

    @property
    def cpu_seconds(self) -> float:
        return cpu_seconds(self._process.pid)

    @property
    def megabytes(self) -> float:
        return resident(self._process.pid)

    def close(self) -> None:
        """End the process."""
        self._requests.close()
        self._replies.close()
        self._process.wait()
        self._errors.close()

    def _call(self, request: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        began = time.perf_counter()
        try:
            print(json.dumps(request), file=self._requests, flush=True)
            line = self._replies.readline()
        except BrokenPipeError:
            line = ""
        seconds = time.perf_counter() - began
        if not line:
            self._errors.seek(0)
            raise UnavailableError(_last_line(self._errors.read()))
        reply = json.loads(line)
        if "error" in reply:
            raise UnavailableError(reply["error"])
        return seconds, reply


def cpu_seconds(process: int) -> float:
    """Return what a process has used so far, of all cores; 0 where the system does not tell (not Linux)."""
    stat = Path(f"/proc/{process}/stat")
    fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split() if stat.exists() else ["0"] * 13
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(process: int) -> float:
    """Return the memory that a process holds, mapped files included, in MB; 0 where the system does not tell."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def _last_line(errors: str) -> str:
    return shortened((errors.strip().splitlines() or ["no reason given"])[-1])
