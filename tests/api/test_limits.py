import time

import anyio
import pytest
from linearity import assert_linear
from press import events_of

from api.limits import DEPTH, Buckets, Gate, Limits, depth
from api.settings import load
from rag.errors import RequestError

JSON = {"content-type": "application/json"}


def test_a_client_has_a_burst_and_then_a_rate():
    now = 0.0
    buckets = Buckets(2.0, 3, clock=lambda: now)
    for _ in range(3):
        buckets.take("a")
    with pytest.raises(RequestError, match="1 s"):
        buckets.take("a")
    buckets.take("b")
    now = 0.5
    buckets.take("a")
    with pytest.raises(RequestError):
        buckets.take("a")


def test_too_many_requests_are_told_when_to_come_back(serving):
    client = serving(rate=0.1, burst=3)
    responses = [client.get("/v1/collections") for _ in range(4)]
    assert [response.status_code for response in responses] == [200, 200, 200, 429]
    assert int(responses[-1].headers["retry-after"]) >= 1
    assert client.get("/livez").status_code == client.get("/readyz").status_code - 303 == 200


def test_work_beyond_the_queue_is_refused():
    async def crowd():
        gate, refused = Gate(1, queue=2), []

        async def one():
            try:
                await gate.run(lambda: time.sleep(0.05))
            except RequestError as error:
                refused.append(error.key)

        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(one)
        return refused, gate.load

    assert anyio.run(crowd) == (["server_busy"] * 3, (0, 0))


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'"' + b"a" * 10_000_000 + b'"', JSON, 413),
        (b"[" * 100_000, JSON, 422),
        (b'{"query": ' * 200 + b"1" + b"}" * 200, JSON, 422),
        (b'{"query": "a"}', {"content-type": "text/plain"}, 415),
        (b'{"query": "a"}', {"content-type": "application/x-www-form-urlencoded"}, 415),
        (b'{"query": "a"}', {"content-type": "multipart/form-data; boundary=x"}, 415),
        (b'{"query": "a"}', {}, 415),
        (b'{"query": "\xff"}', JSON, 400),
        (b'{"query": NaN}', JSON, 422),
        (b"", JSON, 422),
    ],
)
def test_a_body_that_is_not_taken_is_a_problem(client, body, headers, status):
    response = client.post("/v1/ask", content=body, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_a_body_of_unknown_length_is_counted_as_it_comes(serving):
    client = serving(body_bytes=2000, upload_bytes=4000)

    def pieces():
        yield b'{"query": "'
        for _ in range(1000):
            yield b"a" * 100
        yield b'"}'

    assert client.post("/v1/ask", content=pieces(), headers=JSON).status_code == 413
    client.put("/v1/collections/press")
    files = {"files": ("a.txt", b"a" * 5000)}
    assert client.post("/v1/collections/press/articles", files=files).status_code == 413


def test_a_body_that_stops_coming_is_too_slow(client):
    limits = Limits(client.app, load(patience_seconds=1))
    headers = [(b"content-length", b"20"), (b"content-type", b"application/json")]
    scope = {"type": "http", "path": "/v1/ask", "method": "POST", "headers": headers, "state": {"client": "a"}}
    pieces = [{"type": "http.request", "body": b'{"query": ', "more_body": True}]
    sent = []

    async def receive():
        return pieces.pop() if pieces else await anyio.sleep_forever()

    async def send(message):
        sent.append(message)

    anyio.run(limits, scope, receive, send)
    assert (sent[0]["status"], b"request_too_slow" in sent[1]["body"]) == (408, True)


def test_brackets_in_strings_are_no_depth():
    assert depth(rb'{"a": "[[[[\"[[[", "b": [[]]}') == 3
    assert depth(b"") == depth(b"]]]][") == 0
    assert depth(b"[" * 50 + b'"' + b"[" * 50) >= DEPTH


def test_looking_at_a_body_takes_linear_time():
    assert_linear(lambda size: depth(b'"\\' * size), 100_000)


def test_an_answer_in_a_stream_is_not_cut(client):
    response = client.post("/v1/ask", content=b'{"query": "Nanning ?", "stream": true}', headers=JSON)
    assert events_of(response)[-1][0] == "answer"
