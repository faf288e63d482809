import asyncio
import json

import pytest
import uvicorn
from uvicorn.server import ServerState

from api.connection import Connection
from api.security import HEADERS

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(scope, receive, send):
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def _exchange(*pieces, patience):
    config = uvicorn.Config(app, log_config=None, timeout_keep_alive=patience)
    made = lambda: Connection(config, ServerState(), {})  # noqa: E731
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    received = await reader.read()  # until the server closes
    writer.close()
    server.close()
    return received


def exchange(*pieces, patience=1):
    """What a server sends to a client that sends these pieces, and then nothing, until it closes the connection."""
    return asyncio.run(asyncio.wait_for(_exchange(*pieces, patience=patience), 60))


def problem_of(received):
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers["connection"] == "close"
    assert headers["content-type"] == "application/problem+json"
    assert {name: headers[name] for name in HEADERS} == HEADERS
    problem = json.loads(body)
    assert problem["instance"] == headers["x-request-id"]
    assert status == f"HTTP/1.1 {problem['status']} {problem['title']}"
    return problem["status"], problem["type"]


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/1.1\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000],
)  # fmt: skip
def test_what_is_not_http_is_a_problem(sent):
    assert problem_of(exchange(sent + b"\r\n\r\n", patience=60)) == (400, "/problems/request_malformed")


def test_a_head_that_stops_coming_is_a_problem():
    assert problem_of(exchange(REQUEST[:20])) == (408, "/problems/request_too_slow")


def test_a_client_that_asks_nothing_is_left():
    assert exchange() == b""


def test_a_connection_is_kept_for_a_while_between_requests():
    received = exchange(REQUEST, REQUEST)
    assert received.count(b"HTTP/1.1 200") == received.count(b"\r\n\r\nok") == 2


def test_a_head_may_not_take_longer_because_another_came_before():
    first, second = exchange(REQUEST, REQUEST[:20]).split(b"\r\n\r\nok")
    assert first.startswith(b"HTTP/1.1 200")
    assert problem_of(second) == (408, "/problems/request_too_slow")


def test_a_body_that_breaks_the_rules_ends_the_request():
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert problem_of(exchange(head, b"nonsense\r\n", patience=60)) == (400, "/problems/request_malformed")
