import json
import logging

import pytest

from api.operation import JsonLines

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


def test_a_line_of_the_log_is_one_line_without_secrets():
    record = logging.LogRecord("askpress", logging.INFO, "", 0, "a\nb %s", (CANARY,), None)
    record.fields = {"authorization": "Bearer abcdefgh", "path": "/x\r\n{}", "own": "hunter22"}
    line = JsonLines(["hunter22"]).format(record)
    assert len(line.splitlines()) == 1
    assert not any(secret in line for secret in (CANARY, "abcdefgh", "hunter22"))
    assert json.loads(line)["path"] == "/x\r\n{}"
