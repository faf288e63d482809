"""Whatever a model's server does, a question has one answer; where the model failed, it quotes and says so."""

import pytest
from fakes import MemoryStore, WordEncoder
from upstream_server import HANG, RESET, FakeUpstream, event, head, unused_url

from rag.answers import AnswerReady, SourcesFound
from rag.engine import Engine
from rag.generators import upstream
from rag.generators.circuit import Circuit
from rag.generators.openai import OpenAIGenerator
from rag.generators.upstream import Endpoint, Limits
from rag.settings import load

QUESTION = "Qui soutient ViGen ?"
SAID = event({"choices": [{"delta": {"content": "Meta soutient ViGen [1].\n"}}]})
CUT = [bytes([byte]) for byte in event('{"choices": [{"delta": {"content": "Meta soutient ViGen [1]. Việt 好"}}]}')]
LIMITS = Limits(connect=5.0, first_token=0.5, idle=0.5, total=2.0, max_tokens=400)

FAULTS = {
    "refused": None,
    "hang before the headers": [HANG],
    "hang after the headers": [head(), HANG],
    "hang in mid-answer": [head(), SAID, HANG],
    "a byte a second": [head(), *(part for byte in SAID for part in (bytes([byte]), 1.0))],
    "reset in mid-token": [head(), SAID, SAID[:20], RESET],
    "429": [head(429, Retry_After=0)],
    "529 with a long Retry-After": [head(529, Retry_After=60)],
    "500": [head(500), b"oops"],
    "malformed JSON": [head(), SAID, event('{"choices": [')],
    "wrong content type": [head(kind="text/html"), b"<html>"],
    "endless stream without a word": [head(), [event({"choices": [{"delta": {"reasoning": "Hm"}}]}), 0.02]],
    "end without stop": [head(), SAID],
    "an error in mid-stream": [head(), SAID, event({"error": {"message": "Overloaded"}})],
    "a character cut, then the end": [head(), *CUT[:-8]],
}


@pytest.fixture
def ask(tmp_path, monkeypatch):
    monkeypatch.setattr(upstream, "BACKOFF", 0.01)
    (tmp_path / "one.txt").write_text(
        "ViGen\n\nMeta soutient ViGen. Le projet réunit 300 délégués.\n", encoding="utf-8"
    )

    def stream(url):
        endpoint = Endpoint(f"{url}/v1", "some-model", "openai")
        generator = OpenAIGenerator(endpoint, name="openai:some-model", limits=LIMITS, circuit=Circuit())
        engine = Engine(load(threshold=0.0), WordEncoder(), MemoryStore(), generator)
        engine.sync(tmp_path)
        return list(engine.stream(QUESTION))

    return stream


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_in_one_answer_that_quotes_and_says_so(ask, fault):
    script = FAULTS[fault]
    with FakeUpstream(script or [RESET]) as server:
        events = ask(server.url if script else unused_url())
    assert isinstance(events[0], SourcesFound)
    assert [place for place, event in enumerate(events) if isinstance(event, AnswerReady)] == [len(events) - 1]
    answer = events[-1].answer
    assert (answer.status, answer.generator) == ("answered", "extractive")
    assert "some-model" in answer.notice
    assert [citation.quote for citation in answer.citations] == ["Meta soutient ViGen."]


def test_no_fault_ends_in_the_model_s_own_answer(ask):
    with FakeUpstream([head(), *CUT, event("[DONE]")], [head(), SAID, event("[DONE]")]) as server:
        assert [ask(server.url)[-1].answer.generator for _ in range(2)] == ["openai:some-model"] * 2
