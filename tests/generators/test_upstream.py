import contextlib
import json
import logging
import socket
import threading
import time
import traceback
from dataclasses import replace

import pytest
from upstream_server import HANG, RESET, FakeUpstream, event, head, unused_url

from rag.errors import GeneratorError
from rag.generators import upstream as module
from rag.generators.background import POLL
from rag.generators.circuit import FAILURES, PAUSE, Circuit
from rag.generators.upstream import Endpoint, Limits, Piece, Upstream

KEY = "canary-4711"
PATIENT = Limits(connect=5.0, first_token=10.0, idle=10.0, total=20.0, max_tokens=400)
HASTY = Limits(connect=5.0, first_token=1.0, idle=0.4, total=5.0, max_tokens=400)
HI, END = event({"text": "Hi"}), event({"end": True})
GOOD = [head(), HI, END]


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setattr(module, "BACKOFF", 0.01)


@pytest.fixture(autouse=True)
def _nothing_is_left_behind():
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name == "askpress-generator"] == []


def read(data):
    return Piece(data.get("text", ""), alive="text" in data or "thought" in data, ended=data.get("end", False))


def reach(url, limits=PATIENT, **options):
    endpoint = Endpoint(url, "some-model", "openai", KEY)
    headers = {"headers": lambda key: {"Authorization": f"Bearer {key}"}}
    return Upstream(endpoint, limits=limits, read=read, **({"circuit": Circuit()} | headers | options))


def told(upstream, body=None):
    """Return the text and the GeneratorError, or None, with which the answer ends."""
    pieces = []
    try:
        pieces.extend(upstream.stream("/answer", body or {}))
    except GeneratorError as error:
        return "".join(pieces), error
    return "".join(pieces), None


def test_text_is_streamed_as_it_comes():
    with FakeUpstream([head(), HI, event({"text": " there"}), END]) as server:
        assert told(reach(server.url), {"question": "?"}) == ("Hi there", None)
    [received] = server.requests
    assert (received.path, received.body) == ("/answer", {"question": "?"})
    assert received.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("script", "text", "key"),
    [
        pytest.param([HANG], "", "generator_no_token", id="hang before the headers"),
        pytest.param([head(), HANG], "", "generator_no_token", id="hang after the headers"),
        pytest.param([head(), *((bytes([b]), 0.1) for b in HI)], "", "generator_no_token", id="a byte at a time"),
        pytest.param([head(), [b": alive\n\n", 0.05]], "", "generator_no_token", id="comments alone"),
        pytest.param([head(), HI, HANG], "Hi", "generator_silent", id="hang in mid-answer"),
        pytest.param([head(), HI, [b": alive\n\n", 0.05]], "Hi", "generator_silent", id="comments in mid-answer"),
        pytest.param([head(), HI, HI[:9], RESET], None, "generator_broke_off", id="reset in mid-token"),
        pytest.param([head(), HI, HI[:9]], "Hi", "generator_broke_off", id="end without stop"),
        pytest.param([head(Content_Length=9999), HI], "Hi", "generator_broke_off", id="shorter than it says"),
        pytest.param([head()], "", "generator_broke_off", id="no event"),
        pytest.param([head(), HI, event("{")], "Hi", "generator_not_understood", id="malformed JSON"),
        pytest.param([head(), event("[" * 100_000)], "", "generator_not_understood", id="nested JSON"),
        pytest.param([head(), event("[1]")], "", "generator_not_understood", id="another form"),
        pytest.param([head(), b"data: " + b"x" * 1_100_000], "", "generator_not_understood", id="huge event"),
        pytest.param([head(kind="text/html"), HI, END], "", "generator_not_understood", id="wrong content type"),
        pytest.param([head(kind="application/json"), b"{"], "", "generator_not_understood", id="half a JSON body"),
        pytest.param([head(), HI, event({"error": {"message": "No."}})], "Hi", "generator_reported", id="error"),
        pytest.param([head(), END], "", "generator_empty", id="nothing written"),
        pytest.param([head(400), b'{"error": "bad"}'], "", "generator_status", id="400"),
        pytest.param([head(401), b'{"error": "who?"}'], "", "generator_key_refused", id="401"),
        pytest.param([head(403)], "", "generator_key_refused", id="403"),
        pytest.param([head(404)], "", "generator_model_unknown", id="404"),
    ],
)  # fmt: skip
def test_a_fault_ends_an_answer_once_and_is_not_tried_again(script, text, key):
    script = [step for part in script for step in (part if isinstance(part, tuple) else (part,))]
    with FakeUpstream(script) as server:
        found, error = told(reach(server.url, HASTY if key == "generator_no_token" else replace(PATIENT, idle=0.4)))
    assert error.key == key
    assert found == text or text is None  # a reset may overtake what was sent before it
    assert len(server.requests) == 1
    assert "some-model" in str(error) or key == "generator_model_unknown"
    assert server.url.removeprefix("http://") in str(error)


def test_a_character_may_be_cut_anywhere():
    raw = event({"text": "Việt 中文 🙂"}) + '\ndata: {"text": " é"}\r\n\r\n'.encode() + END
    with FakeUpstream([head(), *(bytes([byte]) for byte in raw)]) as server:
        assert told(reach(server.url)) == ("Việt 中文 🙂 é", None)


def test_half_a_surrogate_pair_is_replaced():
    with FakeUpstream([head(), event({"text": "\ud83d"}), event({"text": "!"}), END]) as server:
        assert told(reach(server.url)) == ("�!", None)


def test_done_is_an_end():
    with FakeUpstream([head(), HI, event("[DONE]"), HANG]) as server:
        assert told(reach(server.url)) == ("Hi", None)


def test_a_whole_answer_is_taken_where_a_stream_was_asked_for():
    with FakeUpstream([head(kind="application/json; charset=utf-8"), b'{"text": "Hi"}']) as server:
        assert told(reach(server.url)) == ("Hi", None)


def test_thinking_is_no_silence():
    with FakeUpstream([head(), *[event({"thought": "…"}), 0.1] * 10, HI, END]) as server:
        assert told(reach(server.url, replace(PATIENT, idle=0.7))) == ("Hi", None)


def test_an_endless_answer_meets_the_limit_of_time_or_of_length():
    with FakeUpstream([head(), [event({"thought": "…"}), 0.01]]) as server:
        assert told(reach(server.url, replace(PATIENT, total=1.0)))[1].key == "generator_too_long"
        assert server.left.wait(1)
    with FakeUpstream([head(), [HI]]) as server:
        assert told(reach(server.url, replace(PATIENT, max_tokens=3))) == ("Hi" * 12, None)
        assert server.left.wait(1)


def test_an_unreachable_server_is_told_with_its_reason():
    text, error = told(reach(unused_url()))
    assert (text, error.key) == ("", "generator_refused")
    assert "openai_base_url" in str(error)


def test_a_connection_has_a_limit_of_its_own_even_where_a_name_is_not_resolved(monkeypatch):
    resolved = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolved.wait(10) and [])
    started = time.monotonic()
    assert told(reach("http://example.invalid", replace(PATIENT, connect=0.3)))[1].key == "generator_connect_slow"
    assert time.monotonic() - started < 5
    resolved.set()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_a_passing_failure_is_tried_again_and_no_more_than_twice(status):
    with FakeUpstream([head(status)], [head(status)], GOOD) as server:
        assert told(reach(server.url)) == ("Hi", None)
        assert len(server.requests) == 3
    with FakeUpstream([head(status), b'{"error": {"message": "Over\\u0007loaded."}}']) as server:
        error = told(reach(server.url))[1]
        assert len(server.requests) == 3
    assert error.key == "generator_status"
    assert f"{status}: Over loaded." in str(error)


def test_a_connection_that_ends_before_a_response_is_tried_again():
    with FakeUpstream([RESET], [], GOOD) as server:
        assert told(reach(server.url)) == ("Hi", None)
        assert len(server.requests) == 3


@pytest.mark.parametrize(("after", "requests"), [("0", 2), ("100", 1), ("9" * 5000, 1), ("soon", 2)])
def test_retry_after_is_honoured_where_there_is_time(after, requests):
    with FakeUpstream([head(529, Retry_After=after)], GOOD) as server:
        error = told(reach(server.url))[1]
    assert (len(server.requests), error is None) == (requests, requests == 2)


def test_retry_after_is_waited_for():
    started = time.monotonic()
    with FakeUpstream([head(429, Retry_After=1)], GOOD) as server:
        assert told(reach(server.url)) == ("Hi", None)
    assert time.monotonic() - started >= 1


def test_what_a_model_refuses_is_left_out_of_the_next_try():
    no_tokens = b'{"error": {"message": "Use \'max_completion_tokens\' instead."}}'
    no_warmth = b'{"error": {"message": "\'temperature\' does not support 0."}}'
    with FakeUpstream([head(400), no_tokens], [head(400), no_warmth], GOOD) as server:
        assert told(reach(server.url), {"max_tokens": 9, "temperature": 0}) == ("Hi", None)
    assert server.requests[-1].body == {"max_completion_tokens": 9}


@pytest.mark.parametrize("script", [[HANG], [head(), HI, HANG], [head(), [HI, 0.01]]])
@pytest.mark.parametrize("leave", [lambda stream: stream.close(), lambda stream: stream.throw(KeyboardInterrupt)])
def test_leaving_closes_the_connection_within_a_second(script, leave):
    with FakeUpstream(script) as server:
        upstream = reach(server.url, replace(PATIENT, max_tokens=100_000))
        stream = upstream.stream("/answer", {})
        next(stream)
        while not server.requests:
            next(stream)
        with contextlib.suppress(KeyboardInterrupt):
            leave(stream)
        assert server.left.wait(1)


def test_leaving_between_two_tries_ends_the_wait():
    with FakeUpstream([head(429, Retry_After=8)]) as server:
        stream = reach(server.url).stream("/answer", {})
        while not server.requests:
            next(stream)
        started = time.monotonic()
        stream.close()
        assert time.monotonic() - started < 1


def test_an_empty_piece_comes_twice_a_second_while_there_is_none():
    assert POLL <= 0.5
    with FakeUpstream([head(), HANG]) as server:
        stream = reach(server.url).stream("/answer", {})
        assert [next(stream) for _ in range(3)] == [""] * 3
        stream.close()


def test_a_redirect_is_not_followed_and_the_key_stays():
    with FakeUpstream(GOOD) as thief, FakeUpstream([head(302, Location=thief.url)]) as server:
        assert told(reach(server.url))[1].key == "generator_redirected"
    assert thief.requests == []


def test_no_proxy_comes_between_the_caller_and_its_own_machine(monkeypatch):
    with FakeUpstream(GOOD) as proxy, FakeUpstream(GOOD) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert told(reach(server.url)) == ("Hi", None)
    assert proxy.requests == []


ECHO = json.dumps({"error": {"message": f"{'x' * 290} Bearer {KEY} is bad"}}).encode()


@pytest.mark.parametrize(
    "script",
    [*([head(status), ECHO] for status in (302, 400, 401, 403, 404, 429, 500)),
     [head(500), f"\n\x07{KEY}".encode()],
     [head(), b"data: " + ECHO + b"\n\n"], [head(), f"data: {KEY}\n\n".encode()], [head(kind=f"text/{KEY}")],
     [head(), HI, RESET], [f"HTTP/1.1 {KEY}\r\n\r\n".encode()], [HANG]],
)  # fmt: skip
def test_the_key_is_in_no_message_repr_or_log(script, caplog):
    caplog.set_level(logging.INFO)
    with FakeUpstream(script) as server:
        upstream = reach(server.url, HASTY)
        error = told(upstream)[1]
    shown = [str(error), repr(error), repr(error.values), repr(upstream.endpoint), repr(upstream), caplog.text]
    shown += [*traceback.format_exception(error), error.said("zh")]
    assert [text for text in shown if KEY in text or "canary" in text] == []
    assert len(str(error)) < 700
    assert server.requests[0].headers["authorization"].endswith(KEY)


def test_a_circuit_opens_after_failures_in_a_row_and_closes_after_one_good_try():
    now = [0.0]
    with FakeUpstream(*[[head()]] * FAILURES, GOOD) as server:
        upstream = reach(server.url, circuit=Circuit(lambda: now[0]))
        assert [told(upstream)[1].key for _ in range(FAILURES)] == ["generator_broke_off"] * FAILURES
        assert told(upstream)[1].key == "generator_circuit_open"
        assert len(server.requests) == FAILURES
        now[0] += PAUSE
        assert told(upstream) == ("Hi", None)
        assert told(upstream) == ("Hi", None)


@pytest.mark.parametrize("script", [[head(401)], [head(404)], [head(400)], [head(302)], [head(), END]])
def test_a_server_that_refuses_a_request_is_not_dead(script):
    with FakeUpstream(script) as server:
        upstream = reach(server.url)
        assert "generator_circuit_open" not in [told(upstream)[1].key for _ in range(FAILURES + 1)]


def test_an_endpoint_has_one_circuit():
    url = unused_url()
    for _ in range(FAILURES):
        assert told(reach(url, circuit=None))[1].key == "generator_refused"
    assert told(reach(url, circuit=None))[1].key == "generator_circuit_open"


def test_an_endpoint_may_move_before_each_try():
    with FakeUpstream(GOOD) as server:
        places = [Endpoint(unused_url(), "m", "openai"), Endpoint(server.url, "m", "openai")]
        assert told(reach(unused_url(), before=lambda: places.pop(0))) == ("Hi", None)
    assert places == []


def test_a_failure_to_bring_an_endpoint_up_is_told_as_it_is():
    def fail():
        raise GeneratorError("generator_empty", model="m", host="h")

    assert told(reach(unused_url(), before=fail))[1].key == "generator_empty"


def test_a_short_request_goes_to_the_root_of_the_server():
    with FakeUpstream([head(kind="application/json"), b'{"tokens": [1, 2]}']) as server:
        assert reach(f"{server.url}/v1").call("/tokenize", {"content": "Hi"}, lambda data: data["tokens"]) == [1, 2]
        assert server.requests[0].path == "/tokenize"


@pytest.mark.parametrize(
    ("script", "key"),
    [([head(500)], "generator_not_understood"), ([head(), b"{}"], "generator_not_understood"),
     ([head(), b"{"], "generator_not_understood"), ([RESET], "generator_refused"), ([HANG], "generator_refused")],
)  # fmt: skip
def test_a_short_request_fails_as_an_answer_does(script, key):
    with FakeUpstream(script) as server, pytest.raises(GeneratorError) as caught:
        reach(server.url, replace(HASTY, connect=0.4)).call("/tokenize", {}, lambda data: data["tokens"])
    assert caught.value.key == key
