import json

import pytest
from press import events_of

QUESTION = "Combien de délégués à Nanning ?"


class Echo:
    """A generator that waits, and tells the history it was given as its draft."""

    name = "echo"

    def generate(self, request):
        yield ""
        if request.task == "answer":
            yield "Nanning a réuni 300 délégués en 2025. [1]"


class Broken:
    name = "broken"

    def generate(self, request):  # noqa: ARG002
        yield "Nanning"
        raise ZeroDivisionError


def test_an_answer_has_an_id_and_quotes_the_article(client):
    answer = client.post("/v1/ask", json={"query": QUESTION}).json()
    assert (answer["status"], answer["language"], answer["generator"]) == ("answered", "fr", "extractive")
    (citation, *_) = answer["citations"]
    article = client.get(f"/v1/collections/press/articles/{citation['article_id']}").json()
    assert article["text"][citation["start"] : citation["stop"]] == citation["quote"]
    assert "300 délégués" in citation["quote"]
    assert answer["id"]


def test_a_stream_tells_the_sources_the_claims_and_the_answer_of_ask(client):
    response = client.post("/v1/ask", json={"query": QUESTION, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (response.headers["x-accel-buffering"], response.headers["cache-control"]) == ("no", "no-store")
    names, data = zip(*events_of(response), strict=True)
    assert (names[0], names[-1], {*names}) == ("sources", "answer", {"sources", "token", "claim", "answer"})
    streamed, asked = json.loads(data[-1]), client.post("/v1/ask", json={"query": QUESTION}).json()
    for record in (streamed, asked):
        del record["id"], record["timings"]
    assert streamed == asked
    claims = [json.loads(text)["claim"] for name, text in events_of(response) if name == "claim"]
    assert claims == streamed["claims"]


def test_filters_and_top_k_reach_the_search(client):
    found = client.post("/v1/ask", json={"query": "consul délégués", "filters": {"language": ["en"]}}).json()
    assert {source["article_id"] for source in found["sources"]} == {"consul"}
    assert len(client.post("/v1/ask", json={"query": "consul délégués", "top_k": 1}).json()["sources"]) == 1
    passages = client.post("/v1/search", json={"query": "consul", "filters": {"source": ["Valley Post"]}}).json()
    assert {passage["article_id"] for passage in passages["passages"]} == {"consul"}
    dated = client.post("/v1/search", json={"query": "consul", "filters": {"since": "2025", "until": "2025-12"}}).json()
    assert {passage["article_id"] for passage in dated["passages"]} == {"nanning"}


def test_what_was_asked_before_completes_a_question(client):
    history = [{"question": QUESTION, "answer": "300 délégués."}]
    answer = client.post("/v1/ask", json={"query": "Et en quelle année ?", "history": history}).json()
    assert answer["sources"][0]["article_id"] == "nanning"


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [
        ({"query": "   "}, 422, "question_empty"),
        ({"query": "a" * 2001}, 422, "question_too_long"),
        ({"query": "a", "collection": "nowhere"}, 404, "collection_unknown"),
        ({"query": "a", "collection": "../press"}, 422, "request_invalid"),
        ({"query": "a", "model": "openai:gpt"}, 422, "model_not_offered"),
        ({"query": "a", "base_url": "http://evil"}, 422, "request_invalid"),
        ({"query": "a", "filters": {"since": "yesterday"}}, 422, "request_invalid"),
        ({"query": "a", "top_k": 0}, 422, "request_invalid"),
        ({"query": "a", "top_k": "3"}, 422, "request_invalid"),
        ({}, 422, "request_invalid"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_asked_is_a_problem_with_a_status(client, body, status, key, stream):
    response = client.post("/v1/ask", json=body | {"stream": stream})
    assert (response.status_code, response.json()["type"]) == (status, f"/problems/{key}")


@pytest.mark.usefixtures("client")
def test_a_model_is_one_of_those_offered(serving):
    other = serving(generators={"echo": Echo()})
    answer = other.post("/v1/ask", json={"query": QUESTION, "model": "echo"}).json()
    assert (answer["generator"], answer["status"]) == ("echo", "answered")
    assert other.post("/v1/ask", json={"query": QUESTION}).json()["generator"] == "extractive"


def test_a_generator_that_is_silent_keeps_the_connection_alive(serving, client, monkeypatch):
    monkeypatch.setattr("api.events.KEEP_ALIVE_SECONDS", 0)
    body = {"query": QUESTION, "stream": True}
    response = serving(generators={"echo": Echo()}).post("/v1/ask", json=body | {"model": "echo"})
    assert response.text.count(": keep-alive\n\n") == 1
    assert events_of(response)[-1][0] == "answer"
    assert "keep-alive" not in client.post("/v1/ask", json=body).text


@pytest.mark.usefixtures("client")
def test_a_stream_that_breaks_ends_in_one_error(serving):
    response = serving(generators={"broken": Broken()}).post(
        "/v1/ask", json={"query": QUESTION, "model": "broken", "stream": True}, headers={"Accept-Language": "fr"}
    )
    assert response.status_code == 200
    names = [name for name, _ in events_of(response)]
    assert names == ["sources", "token", "error"]
    problem = json.loads(events_of(response)[-1][1])
    assert (problem["type"], problem["status"]) == ("/problems/server_failed", 500)
    assert "ZeroDivision" not in response.text
    assert "serveur" in problem["detail"]
