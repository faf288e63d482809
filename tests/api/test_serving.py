"""The server as a process, with the bundled encoder, where HTTP itself is what matters."""

import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from processes import BIN, environment, free_port, running, until

from api.serving import _listening
from api.settings import ServerSettings
from rag.opening import open_collection
from rag.settings import load

SLOW = Path(__file__).parent / "slow_server.py"
SLOWLY = {"query": "Qu'est-ce que ViGen ?", "model": "slow"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture
def slow(data, tmp_path):
    """Start a server with a slow generator; ``slow(QUEUE=2)`` returns a client of one with this setting."""
    with ExitStack() as stack:

        def start(**server):
            variables = {f"RAG_SERVER_{name}": str(value) for name, value in server.items()}
            command, port = (sys.executable, SLOW), free_port()
            made = running(*command, port, tmp_path / "mark", port=port, data=data, **variables)
            return (*stack.enter_context(made), tmp_path / "mark")

        yield start


def told(mark, word):
    return mark.exists() and word in mark.read_text()


def events_of(lines):
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def running_work(client):
    (line,) = [x for x in client.get("/metrics").text.splitlines() if x.startswith("askpress_work_running ")]
    return float(line.split()[1])


def test_rag_serve_answers_from_the_seeds_and_logs_json(data):
    port = free_port()
    with running(BIN / "rag", "serve", "--port", port, port=port, data=data) as (client, process):
        answer = client.post("/v1/ask", json={"query": "越南驻旧金山总领事是谁?"}).json()
        assert answer["status"] == "answered"
        assert any("Hoang Anh Tuan" in citation["quote"] for citation in answer["citations"])
        with client.stream("POST", "/v1/ask", json={"query": "ViGen là gì?", "stream": True}) as response:
            names = [name for name, _ in events_of(response.iter_lines())]
        assert (names[0], names[-1]) == ("sources", "answer")
        refused = subprocess.run(
            [BIN / "rag", "serve", "--port", str(port)],
            env=environment(data),
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.returncode == 1
        assert f"port {port}" in refused.stderr.splitlines()[-1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)
    lines = [line for line in (data / "log").read_text().splitlines() if line.startswith("{")]
    logged = [json.loads(line) for line in lines]
    assert any(line["message"] == "ready" and line["url"].endswith(str(port)) for line in logged)
    assert any(line.get("path") == "/v1/ask" and line["status"] == 200 for line in logged)
    assert "ViGen" not in "".join(lines)


def test_what_keeps_it_from_starting_is_said(data):
    command = [BIN / "rag", "serve", "--port", str(free_port())]
    env = environment(data) | {"RAG_MODEL": "nobody"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "nobody" in done.stderr.splitlines()[-1]
    assert not done.stderr.splitlines()[-1].startswith("{")


def test_the_body_of_an_answer_does_not_wait_for_its_head_to_be_acknowledged():
    with (
        _listening(ServerSettings(port=0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_client_that_leaves_a_stream_ends_the_work(slow):
    client, _, mark = slow()
    with client.stream("POST", "/v1/ask", json=SLOWLY | {"stream": True}) as response:
        events = events_of(response.iter_lines())
        assert [next(events)[0], next(events)[0]] == ["sources", "token"]
    until(lambda: told(mark, "stopped"))
    until(lambda: running_work(client) == 0)


def test_a_client_that_does_not_wait_for_its_answer_ends_the_work(slow):
    client, _, mark = slow()
    body = json.dumps(SLOWLY)
    head = f"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    with socket.create_connection((client.base_url.host, client.base_url.port)) as own:
        own.sendall(f"{head}\r\n\r\n{body}".encode())
        until(lambda: told(mark, "begun"))
        assert not told(mark, "stopped")
    until(lambda: told(mark, "stopped"))
    until(lambda: running_work(client) == 0)


def test_sigterm_ends_a_stream_and_an_intake_in_order(slow, data):
    client, process, mark = slow(QUICK_SECONDS=0)
    articles = [{"id": f"a{i}", "text": f"Article {i} tells of {i} bridges and of much else. " * 40} for i in range(64)]
    client.put("/v1/collections/press")
    job = client.post("/v1/collections/press/articles", json={"articles": articles})
    assert job.status_code == 202, "otherwise nothing would be under way"
    with client.stream("POST", "/v1/ask", json=SLOWLY | {"stream": True}) as response:
        events = events_of(response.iter_lines())
        next(events)
        until(lambda: told(mark, "begun"))
        process.send_signal(signal.SIGTERM)
        *_, (name, problem) = events
    assert (name, problem["type"], problem["status"]) == ("error", "/problems/server_stopping", 503)
    until(lambda: told(mark, "stopped"))
    assert client.get("/readyz").status_code == 503
    assert process.wait(60) in (0, -signal.SIGTERM)
    with open_collection(load(data_dir=data, collection="press")) as store:
        assert store.check() == ()


def test_twice_the_load_is_refused_with_503_and_nothing_leaks(slow):
    client, process, _ = slow(CONCURRENCY=2, QUEUE=2)
    statuses, refusals = [], []

    def ask(number):
        with httpx.Client(base_url=client.base_url, timeout=60) as own:
            for step in range(10):
                response = own.post("/v1/ask", json={"query": f"Combien de délégués à Nanning en {number} {step} ?"})
                statuses.append(response.status_code)
                if response.status_code == 503:
                    refusals.append(response.headers["retry-after"])

    def crowd(first):
        """Twelve clients for a server that takes four; return its megabytes and its open files after them."""
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(first, first + 12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: running_work(client) == 0)
        status = Path(f"/proc/{process.pid}/status")
        if not status.exists():
            return 0, 0
        (memory,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS")]
        return int(memory) // 1024, len(list(Path(f"/proc/{process.pid}/fd").iterdir()))

    for number in (300, 301):
        ask(number)  # alone, so that what is opened for those who are alone counts in what comes first
    memory, files = crowd(0)
    later = [crowd(first) for first in (100, 200)][-1]
    assert {*statuses} <= {200, 503}
    assert statuses.count(200) > 0
    assert len(refusals) == statuses.count(503) > 0
    assert later[0] <= memory + 48
    assert later[1] <= files + 16


def test_eight_readers_are_each_answered_from_one_generation_while_articles_are_taken_in(slow):
    """Each intake sets one number in every article, so an answer of two generations shows two numbers."""
    client, _, _ = slow()
    seen, done, writes = [], threading.Event(), 6

    def write(number):
        text = f"Le pont numéro {number} a été ouvert par le maire de la ville en 2024. " * 3
        articles = [{"id": f"b{i}", "text": f"{text}Avis {i}.", "title": f"Pont {number}"} for i in range(4)]
        address, body = "/v1/collections/bridges/articles", {"articles": articles}
        response = client.post(address, json=body, headers={"Accept": "text/event-stream"})
        assert "event: report" in response.text

    def read():
        asked = {"query": "Quel pont a été ouvert par le maire ?", "collection": "bridges", "top_k": 4}
        with httpx.Client(base_url=client.base_url, timeout=60) as own:
            while not done.is_set():
                response = own.post("/v1/ask", json=asked)
                numbers = {source["excerpt"].split()[3] for source in response.json().get("sources", [])}
                seen.append((response.status_code, *sorted(numbers)))

    client.put("/v1/collections/bridges")
    write(0)
    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for number in range(1, writes):
        write(number)
    before = len(seen)
    until(lambda: len(seen) > before + 8)
    done.set()
    for reader in readers:
        reader.join()
    assert {*seen} <= {(200, str(number)) for number in range(writes)}
    assert (200, str(writes - 1)) in seen
