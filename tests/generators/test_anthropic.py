import json

import pytest
from upstream_server import HANG, FakeUpstream, head

from rag.errors import GeneratorError
from rag.generators.anthropic import AnthropicGenerator
from rag.generators.circuit import Circuit
from rag.generators.prompts import Prompt
from rag.generators.upstream import Endpoint, Limits

CHAT = Prompt(system="Be brief.", user="What is ViGen?")


def named(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n".encode()


def delta(kind, **fields):
    return named("content_block_delta", index=0, delta={"type": kind} | fields)


BEGIN = [named("message_start", message={"content": [], "usage": {}}), named("ping"),
         named("content_block_start", index=0, content_block={"type": "text", "text": ""})]  # fmt: skip
END = [named("content_block_stop", index=0), named("message_delta", delta={"stop_reason": "end_turn"}),
       named("message_stop")]  # fmt: skip


def written(script, prompt=CHAT, key="secret"):
    with FakeUpstream(script) as server:
        endpoint = Endpoint(server.url, "some-model", "anthropic", key)
        limits = Limits(first_token=5, max_tokens=60)
        generator = AnthropicGenerator(endpoint, name="anthropic:some-model", limits=limits, circuit=Circuit())
        text = "".join(generator.complete(prompt))
    return text, server.requests[0]


def test_a_message_is_streamed():
    thought = [delta("thinking_delta", thinking="Hm."), delta("signature_delta", signature="x")]
    text = [delta("text_delta", text="A data "), named("ping"), named("to_come"), delta("text_delta", text="set.")]
    text, request = written([head(), *BEGIN, *thought, *text, *END, HANG])
    assert text == "A data set."
    assert request.path == "/v1/messages"
    assert request.headers["x-api-key"] == "secret"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.body == {
        "model": "some-model",
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "What is ViGen?"}],
        "max_tokens": 60,
        "temperature": 0,
        "stream": True,
    }


def test_without_a_key_or_a_system_prompt_none_is_sent():
    _, request = written([head(), *BEGIN, delta("text_delta", text="Hi"), *END], Prompt(user="Hello"), key=None)
    assert "x-api-key" not in request.headers
    assert "system" not in request.body


def test_a_whole_message_is_read():
    body = {"type": "message", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Yes."}]}
    assert written([head(kind="application/json"), json.dumps(body).encode()])[0] == "Yes."


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([named("error", error={"type": "overloaded_error", "message": "Overloaded"})], "Overloaded"),
        ([delta("text_delta", text="Hi"), *END[:-1]], "broke off"),
        ([delta("text_delta", text=3)], "cannot be understood.*anthropic_base_url"),
        ([named("content_block_delta")], "cannot be understood"),
    ],
)
def test_a_fault_is_one_error(script, said):
    with pytest.raises(GeneratorError, match=said):
        written([head(), *BEGIN, *script])
