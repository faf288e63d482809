"""The question API under load, beside a bare FastAPI route that only encodes, and one of a plain program.

Run by ``make bench``, or ``python -m bench.serving``; the number after it is that of the rounds. Every question is a
new one, so no vector is remembered. The servers are asked in turn, each round; the articles are synthetic. CPU is what
the server used, so it tells the same on a machine that has other work.
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

from bench.corpus import texts, write_articles
from bench.peers.plain import Plain
from bench.programs import OMP, UNREAD, cpu_seconds, resident
from bench.questions import question
from bench.tables import Table, ratios
from rag.encoders import prepare, resolve
from rag.opening import open_engine
from rag.protocols import silent
from rag.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSAGES = 1000
CLIENTS = (1, 8, 32)
ROUNDS, SECONDS = 3, 1.5
STARTS, STREAMS = 3, 30
SERVE = (str(Path(sys.executable).with_name("rag")), "serve", "--port", "{port}")
BARE = (sys.executable, "-m", "bench.bare_server")


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
        answer = response.readline() if stream else response.read()
        elapsed = 1000 * (time.perf_counter() - began)
        response.read()
        assert response.status == 200, answer
        assert stream or self.path != "/v1/ask" or json.loads(answer)["status"] == "answered"
        return elapsed

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    @property
    def cpu_seconds(self) -> float:
        return cpu_seconds(self.process.pid)

    @property
    def megabytes(self) -> float:
        return resident(self.process.pid)


@dataclass(frozen=True, slots=True)
class Load:
    """What some clients got in a while: milliseconds of each request, requests a second, CPU milliseconds of each."""

    latencies: tuple[float, ...]
    rate: float
    cpu: float

    def quantile(self, part: int) -> float:
        return statistics.quantiles(self.latencies, n=100)[part - 1]


def main(rounds: int = ROUNDS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = load(data_dir=Path(folder) / "data", collection="bench", threshold=0.0)
        articles = Path(folder) / "articles.jsonl"
        write_articles(articles, PASSAGES)
        with open_engine(settings, create=True) as engine:
            engine.sync(articles)
            engine.store.snapshot()
        model = prepare(resolve("bundled"), settings.cache_dir, silent, "sentence-transformers") / "source"
        Plain(model).index(texts(PASSAGES), Path(folder))
        environment = (
            os.environ
            | OMP
            | {
                "RAG_DATA_DIR": str(settings.data_dir),
                "RAG_CACHE_DIR": str(settings.cache_dir),
                "RAG_COLLECTION": "bench",
                "RAG_THRESHOLD": "0",
                "RAG_SERVER_RATE": "1000000",
                "RAG_SERVER_BURST": "1000000",
            }
        )
        starts = [_start_seconds(environment) for _ in range(STARTS)]
        with (
            _running(environment) as ours,
            _running(environment | UNREAD) as unread,
            _running(environment, (*BARE, "{port}", "encode"), "/ask") as bare,
            _running(environment, (*BARE, "{port}", "plain", str(model), folder), "/ask") as plain,
        ):
            idle = ours.megabytes
            _measure([ours, unread, bare, plain], rounds)
            first = tuple(ours.ask(ours.connection(), number, stream=True) for number in range(STREAMS))
            rows = (
                ("ready to answer, s", tuple(starts)),
                ("first event of a stream, ms", first),
                ("memory idle, MB", (idle,)),
                ("memory after the load, MB", (ours.megabytes,)),
            )
        Table("server", "The server.", ("", f"with {PASSAGES} passages"), rows).save()


def _measure(servers: list[Server], rounds: int) -> None:
    rows = []
    for clients in CLIENTS:
        for server in servers:
            _drive(server, clients, 0.5)
        loads = [[_drive(server, clients, SECONDS) for server in servers] for _ in range(rounds)]
        by_server = list(zip(*loads, strict=True))
        bare, plain = (tuple(load.rate for load in column) for column in by_server[2:])
        for label, mine in zip((str(clients), f"{clients}, nothing read"), by_server[:2], strict=True):
            rates = tuple(load.rate for load in mine)
            rows.append(
                (
                    label,
                    rates,
                    tuple(load.quantile(50) for load in mine),
                    tuple(load.quantile(95) for load in mine),
                    tuple(load.cpu for load in mine),
                    bare,
                    ratios(rates, bare),
                    plain,
                    ratios(rates, plain),
                )
            )
    columns = ("clients", "answers/s", "p50, ms", "p95, ms", "CPU each, ms", "bare encoding/s", "×", "plain/s", "×")
    note = "× is Askpress's rate over the other's; plain is sentence-transformers and FAISS behind a FastAPI route."
    note += " Nothing read: without the reader, which reads passages for most questions of texts all alike."
    Table("serving", f"Answers a second, {PASSAGES} passages.", columns, tuple(rows), note).save()


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


def _start_seconds(environment: dict[str, str]) -> float:
    with _running(environment) as server:
        return server.started


@contextmanager
def _running(environment: dict[str, str], command: tuple[str, ...] = SERVE, path: str = "/v1/ask") -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    words = [word.format(port=port) for word in command]
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
    main(*map(int, sys.argv[1:]))
