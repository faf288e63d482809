"""The question API under load, beside a bare FastAPI route that only encodes with the same encoder.

Run by ``make bench``, or ``python -m bench.serving``. Every question is a new one, so no vector is remembered. The two
servers are asked in turn, each round; the articles are synthetic. CPU is what the server used, so it tells the same on
a machine that has other work.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from bench.corpus import write_articles
from bench.questions import question
from bench.timing import machine
from rag.engine import open_engine
from rag.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSAGES = 1000
CLIENTS = (1, 8, 32)
ROUNDS, SECONDS = 3, 4.0
STARTS, STREAMS = 3, 30
RAG = Path(sys.executable).with_name("rag")
BARE = [sys.executable, "-m", "bench.bare_server"]
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; ``started`` is how many seconds it took to be ready."""

    process: subprocess.Popen[bytes]
    port: int
    path: str
    started: float

    def ask(self, connection: HTTPConnection, number: int, *, stream: bool = False) -> float:
        """Ask a new question; return the milliseconds to the end of the answer, or to the first event of a stream."""
        body = {"query": question(number)} | ({"stream": True} if stream else {})
        began = time.perf_counter()
        connection.request("POST", self.path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if stream:
            response.readline()
        elapsed = 1000 * (time.perf_counter() - began)
        answer = response.read()
        assert response.status == 200, answer
        assert stream or self.path != "/v1/ask" or json.loads(answer)["status"] == "answered"
        return elapsed

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    @property
    def cpu_seconds(self) -> float:
        """What the process has used so far, of all cores; 0 where the system does not tell (not Linux)."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        fields = stat.read_text().rpartition(")")[2].split() if stat.exists() else ["0"] * 13
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


@dataclass(frozen=True, slots=True)
class Load:
    """What some clients got in a while: milliseconds of each request, requests a second, CPU milliseconds of each."""

    latencies: tuple[float, ...]
    rate: float
    cpu: float

    def quantile(self, part: int) -> float:
        return statistics.quantiles(self.latencies, n=100)[part - 1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = load(data_dir=Path(folder) / "data", collection="bench", threshold=0.0)
        articles = Path(folder) / "articles.jsonl"
        write_articles(articles, PASSAGES)
        with open_engine(settings, create=True) as engine:
            engine.sync(articles)
            engine.store.snapshot()
        environment = os.environ | {
            "RAG_DATA_DIR": str(settings.data_dir),
            "RAG_CACHE_DIR": str(settings.cache_dir),
            "RAG_COLLECTION": "bench",
            "RAG_THRESHOLD": "0",
            "RAG_SERVER_RATE": "1000000",
            "RAG_SERVER_BURST": "1000000",
        }
        print(f"{PASSAGES} passages, {machine()}, load {os.getloadavg()[0]:.1f}\n")
        starts = [_start_seconds(environment) for _ in range(STARTS)]
        with _running(environment) as ours, _running(environment, BARE, "/encode") as bare:
            idle = ours.megabytes
            _measure(ours, bare)
            _first_event(ours)
            print(f"ready after {statistics.median(starts):.2f} s ({min(starts):.2f}-{max(starts):.2f})")
            print(f"memory: {idle:.0f} MB idle, {ours.megabytes:.0f} MB after the load")


def _measure(ours: Server, bare: Server) -> None:
    print(
        f"{'clients':>7} {'answers/s':>10} {'p50':>8} {'p95':>8} {'CPU each':>9} {'bare/s':>8} {'CPU':>7} {'ratio':>6}"
    )
    for clients in CLIENTS:
        _drive(ours, clients, 1.0)
        _drive(bare, clients, 1.0)
        pairs = [(_drive(ours, clients, SECONDS), _drive(bare, clients, SECONDS)) for _ in range(ROUNDS)]
        ratio = statistics.median(mine.rate / theirs.rate for mine, theirs in pairs)
        mine = sorted((pair[0] for pair in pairs), key=lambda load: load.rate)[ROUNDS // 2]
        theirs = sorted((pair[1] for pair in pairs), key=lambda load: load.rate)[ROUNDS // 2]
        print(
            f"{clients:>7} {mine.rate:>10.1f} {mine.quantile(50):>5.0f} ms {mine.quantile(95):>5.0f} ms "
            f"{mine.cpu:>6.1f} ms {theirs.rate:>8.1f} {theirs.cpu:>4.1f} ms {ratio:>6.2f}"
        )


def _drive(server: Server, clients: int, seconds: float) -> Load:
    """Have clients ask one question after another for a while."""
    latencies: list[float] = []
    before, began = server.cpu_seconds, time.perf_counter()

    def client(number: int) -> None:
        connection = server.connection()
        for step in itertools.count():
            if time.perf_counter() - began > seconds:
                break
            latencies.append(server.ask(connection, number + step))
        connection.close()

    crowd = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    rate = len(latencies) / (time.perf_counter() - began)
    return Load(tuple(latencies), rate, 1000 * (server.cpu_seconds - before) / len(latencies))


def _first_event(server: Server) -> None:
    connection = server.connection()
    times = sorted(server.ask(connection, number, stream=True) for number in range(STREAMS))
    spread = f"({times[0]:.1f}-{times[-1]:.1f}, p95 {statistics.quantiles(times, n=100)[94]:.1f})"
    print(f"\nfirst event after {statistics.median(times):.1f} ms {spread}")


def _start_seconds(environment: dict[str, str]) -> float:
    with _running(environment) as server:
        return server.started


@contextmanager
def _running(environment: dict[str, str], command: list[str] | None = None, path: str = "/v1/ask") -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    words = [*command, str(port)] if command else [str(RAG), "serve", "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL)
    try:
        while not _ready(port):
            assert process.poll() is None, "the server did not start"
            time.sleep(0.01)
        yield Server(process, port, path, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait()


def _ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
