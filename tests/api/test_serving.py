"""The server as a process, with the bundled encoder, where HTTP itself is what matters."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from processes import BIN, environment, free_port, running, until

SLOW = Path(__file__).parent / "slow_server.py"
SLOWLY = {"query": "Qu'est-ce que ViGen ?", "model": "slow"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture
def slow(data, tmp_path):
    port = free_port()
    with running(sys.executable, SLOW, port, tmp_path / "mark", port=port, data=data) as (client, process):
        yield client, process, tmp_path / "mark"


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


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_ends_the_work(slow, stream):
    client, _, mark = slow
    if stream:
        with client.stream("POST", "/v1/ask", json=SLOWLY | {"stream": True}) as response:
            events = events_of(response.iter_lines())
            assert [next(events)[0], next(events)[0]] == ["sources", "token"]
    else:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/ask", json=SLOWLY, timeout=2)
    until(mark.exists)
    until(lambda: running_work(client) == 0)


def test_sigterm_ends_a_stream_and_an_intake_in_order(slow):
    client, process, mark = slow
    articles = [{"id": f"a{i}", "text": f"Article {i} tells of {i} bridges and of much else. " * 40} for i in range(64)]
    client.put("/v1/collections/press")
    job = client.post("/v1/collections/press/articles", json={"articles": articles})
    assert job.status_code == 202, "otherwise nothing would be under way"
    with client.stream("POST", "/v1/ask", json=SLOWLY | {"stream": True}) as response:
        events = events_of(response.iter_lines())
        next(events)
        process.send_signal(signal.SIGTERM)
        *_, (name, problem) = events
    assert (name, problem["type"], problem["status"]) == ("error", "/problems/server_stopping", 503)
    assert mark.exists()
    assert client.get("/readyz").status_code == 503
    assert process.wait(60) in (0, -signal.SIGTERM)


def test_twice_the_load_is_refused_with_503_and_nothing_leaks(slow):
    client, process, _ = slow
    descriptors = Path(f"/proc/{process.pid}/fd")
    before = len(list(descriptors.iterdir())) if descriptors.exists() else 0
    statuses, refusals = [], []

    def ask():
        with httpx.Client(base_url=client.base_url, timeout=60) as own:
            for _ in range(10):
                response = own.post("/v1/ask", json={"query": "Combien de délégués à Nanning ?"})
                statuses.append(response.status_code)
                if response.status_code == 503:
                    refusals.append(response.headers["retry-after"])

    crowd = [threading.Thread(target=ask) for _ in range(12)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert {*statuses} <= {200, 503}
    assert statuses.count(200) > 0
    assert len(refusals) == statuses.count(503) > 0
    until(lambda: running_work(client) == 0)
    if before:
        until(lambda: len(list(descriptors.iterdir())) <= before + 16)


def test_questions_are_answered_while_articles_are_taken_in(slow):
    client, _, _ = slow
    articles = [
        {"id": f"b{i}", "text": f"Le pont numéro {i} a été ouvert par le maire en 2024. " * 3} for i in range(24)
    ]
    job = client.post("/v1/collections/seeds/articles", json={"articles": articles})
    statuses, generations = [], set()
    ended = False
    while not ended:
        answer = client.post("/v1/ask", json={"query": "Combien de délégués étaient présents à Nanning ?"})
        statuses.append((answer.status_code, answer.json()["status"]))
        generations.add(client.get("/v1/collections/seeds").json()["state"]["generation"])
        ended = job.status_code == 201 or client.get(job.headers["location"]).json()["status"] not in (
            "waiting",
            "running",
        )
    assert {*statuses} == {(200, "answered")}
    assert client.get("/v1/collections/seeds").json()["state"]["articles"] == 26
