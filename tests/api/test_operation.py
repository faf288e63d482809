import json
import logging

import pytest

from api.operation import JsonLines
from rag.generators.circuit import FAILURES, circuit_of
from rag.tokens import Tokens

CANARY = "sk-canary-0123456789"


class Failing:
    name = "failing"

    def generate(self, request):  # noqa: ARG002
        raise ZeroDivisionError(CANARY)
        yield


@pytest.fixture
def lines(caplog):
    """What the server wrote into its log since, as it would write it."""
    caplog.set_level(logging.INFO, logger="askpress")
    return lambda: [json.loads(JsonLines([CANARY]).format(record)) for record in caplog.records]


def test_it_is_alive_and_ready(client):
    assert client.get("/livez").json()["status"] == "ok"
    ready = client.get("/readyz").json()
    assert (ready["collection"], ready["generation"] >= 1) == ("press", True)


def test_a_language_model_that_fails_is_told_and_does_not_make_it_unready(client, monkeypatch):
    monkeypatch.setattr("rag.generators.circuit._CIRCUITS", {})
    assert client.get("/readyz").json()["degraded"] == []
    broken = circuit_of("http://127.0.0.1:1", "remote")
    for _ in range(FAILURES):
        assert broken.admit() == 0.0
        broken.settle(healthy=False)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["degraded"]) == (200, ["remote"])
    broken.settle(healthy=True)
    assert client.get("/readyz").json()["degraded"] == []


def test_it_is_not_ready_without_its_collection_or_when_it_stops(serving):
    client = serving()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["type"]) == (503, "/problems/server_not_ready")
    client.put("/v1/collections/press")
    assert client.get("/readyz").status_code == 200
    client.app.state.stopping.set()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["type"]) == (503, "/problems/server_stopping")
    assert int(response.headers["retry-after"]) > 0
    assert client.post("/v1/ask", json={"query": "consul"}).status_code == 503


def test_a_thousand_questions_and_paths_add_no_series(client):
    def series():
        return {line.rpartition(" ")[0] for line in client.get("/metrics").text.splitlines() if line[0] != "#"}

    def ask(number):
        client.post("/v1/ask", json={"query": f"consul {number}"}, headers={"X-Request-ID": f"id-{number}"})
        client.get(f"/{number}")
        client.get(f"/v1/collections/press/articles/{number}")
        client.request(f"M{number}", "/v1/ask")

    ask(0)
    series()
    before = series()
    for number in range(1, 30):
        ask(number)
    assert series() == before
    assert any('route="/v1/ask"' in name for name in before)
    assert any('route="/v1/collections/{name}/articles/{article_id}"' in name for name in before), before
    assert 'askpress_answers_total{status="answered"}' in before


def test_the_log_has_one_object_a_request_and_no_question(client, lines):
    client.post("/v1/ask", json={"query": "secret consul"}, headers={"X-Request-ID": "mine"})
    (line,) = [line for line in lines() if line["message"] == "request"]
    assert (line["request_id"], line["method"], line["path"], line["status"]) == ("mine", "POST", "/v1/ask", 200)
    assert "secret" not in json.dumps(lines())


def test_questions_are_logged_where_the_settings_say_so(serving, lines):
    client = serving(log_questions=True)
    client.put("/v1/collections/press")
    client.post("/v1/ask", json={"query": "secret consul"})
    assert lines()[-1]["question"] == "secret consul"


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 65, "é"])
def test_a_request_id_that_could_hurt_the_log_is_replaced(client, given):
    assert client.get("/livez", headers={"X-Request-ID": given.encode()}).headers["x-request-id"] != given


def test_an_unforeseen_error_is_a_problem_and_its_cause_is_in_the_log_alone(serving, lines, client):
    failing = serving(generators={"failing": Failing()})
    response = failing.post(
        "/v1/ask", json={"query": "consul", "model": "failing"}, headers={"X-Request-ID": "r1", "Authorization": CANARY}
    )
    assert (response.status_code, response.json()["instance"]) == (500, "r1")
    assert response.headers["content-security-policy"]
    (told,) = [line for line in lines() if line["level"] == "error"]
    assert (told["request_id"], "ZeroDivisionError" in told["error"]) == ("r1", True)
    assert CANARY not in response.text + json.dumps(lines()) + client.get("/metrics").text


def test_no_error_tells_a_secret_that_was_sent_with_the_request(serving, lines, tmp_path):
    client = serving(generators={"failing": Failing()}, rate=0.001, burst=16, body_bytes=2000)
    client.put("/v1/collections/press")
    Tokens(tmp_path / "data").create("me", "write")
    json_body = {"query": "consul", "token": CANARY}
    requests = [
        ("POST", "/v1/ask", {"json": json_body}, 422),
        ("POST", "/v1/ask", {"json": {"query": "consul", "model": "failing"}}, 500),
        ("POST", "/v1/ask", {"json": {"query": "consul", "collection": "none"}}, 404),
        ("POST", "/v1/ask", {"content": f'{{"query": "{CANARY}', "headers": {"content-type": "application/json"}}, 400),
        ("POST", "/v1/ask", {"content": CANARY, "headers": {"content-type": "text/plain"}}, 415),
        ("POST", "/v1/ask", {"json": {"query": CANARY * 200}}, 413),
        ("POST", "/v1/chat/completions", {"json": {"model": "askpress", "messages": [], "api_key": CANARY}}, 400),
        ("PUT", "/v1/collections/a", {}, 401),
        ("GET", "/v1/ask", {}, 405),
        ("GET", "/nowhere", {"params": {"key": CANARY}}, 404),
        ("GET", "/livez", {"headers": {"host": "evil.example"}}, 421),
        ("PUT", "/v1/collections/a", {"headers": {"origin": "https://evil.example"}}, 403),
        ("POST", "/v1/collections/press/articles", {"json": {"articles": [{"text": "x", "key": CANARY}]}}, 401),
    ]
    seen = ""
    for method, path, sent, status in requests:
        headers = {"Authorization": f"Bearer {CANARY}", "Cookie": f"key={CANARY}"} | sent.pop("headers", {})
        response = client.request(method, path, headers=headers, **sent)
        assert response.status_code == status, (method, path, response.text)
        seen += response.text + str(response.headers)
    while (response := client.post("/v1/search", json={"query": CANARY})).status_code != 429:
        seen += response.text
    told = json.dumps(lines())
    assert (CANARY in seen + response.text + told, told.count("ZeroDivisionError") > 0) == (False, True)


def test_a_line_of_the_log_is_one_line_without_secrets():
    record = logging.LogRecord("askpress", logging.INFO, "", 0, "a\nb %s", (CANARY,), None)
    record.fields = {"authorization": "Bearer abcdefgh", "path": "/x\r\n{}", "own": "hunter22"}
    line = JsonLines(["hunter22"]).format(record)
    assert len(line.splitlines()) == 1
    assert not any(secret in line for secret in (CANARY, "abcdefgh", "hunter22"))
    assert json.loads(line)["path"] == "/x\r\n{}"
