import json

import pytest
from upstream_server import HANG, FakeUpstream, event, head

from rag.errors import GeneratorError
from rag.generators.circuit import Circuit
from rag.generators.openai import OpenAIGenerator
from rag.generators.prompts import Prompt
from rag.generators.upstream import Endpoint, Limits

CHAT = Prompt(system="Be brief.", user="What is ViGen?")
COMPLETION = Prompt(completion="Q: What is ViGen?\nA:", stop=("\n",))


def generator(url, *, key=None, **options):
    endpoint = Endpoint(f"{url}/v1", "some-model", "openai", key)
    options = {"name": "openai:some-model", "limits": Limits(max_tokens=60), "circuit": Circuit()} | options
    return OpenAIGenerator(endpoint, **options)


def delta(finish=None, **fields):
    return event({"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]})


def written(script, prompt=CHAT, **options):
    with FakeUpstream([head(), *script]) as server:
        text = "".join(generator(server.url, **options).complete(prompt))
    return text, server.requests[0]


def test_a_chat_is_streamed():
    script = [delta(role="assistant", content=""), delta(content="A "), delta(content="data set."),
              delta(finish="stop"), event({"choices": [], "usage": {}}), event("[DONE]")]  # fmt: skip
    text, request = written(script, key="secret")
    assert text == "A data set."
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer secret"
    assert request.body == {
        "model": "some-model",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is ViGen?"}],
        "max_tokens": 60,
        "temperature": 0,
        "stream": True,
    }


def test_a_base_model_completes():
    script = [
        event({"choices": [{"text": " A data"}]}),
        event({"choices": [{"text": " set.", "finish_reason": "stop"}]}),
    ]
    text, request = written(script, COMPLETION, style="completion")
    assert text == " A data set."
    assert request.path == "/v1/completions"
    assert (request.body["prompt"], request.body["stop"]) == (COMPLETION.completion, ["\n"])
    assert "messages" not in request.body


def test_without_a_key_or_a_system_prompt_none_is_sent():
    _, request = written([delta(content="Hi", finish="stop")], Prompt(user="Hello"))
    assert "authorization" not in request.headers
    assert request.body["messages"] == [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    "thought",
    [{"reasoning_content": "Hm.", "content": None}, {"reasoning": "Hm."}, {"content": None}, {},
     {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}],
)  # fmt: skip
def test_what_a_model_thinks_is_no_part_of_its_answer(thought):
    script = [delta(**thought), delta(content=[{"type": "text", "text": "Yes"}]), delta(content=".", finish="stop")]
    assert written(script)[0] == "Yes."


@pytest.mark.parametrize("finish", ["stop", "length"])
def test_the_end_is_not_waited_for(finish):
    assert written([delta(content="Yes.", finish=finish), HANG])[0] == "Yes."


def test_a_whole_answer_is_read():
    for choice in ({"message": {"content": "Yes."}}, {"text": "Yes."}):
        script = [head(kind="application/json"), json.dumps({"choices": [choice | {"finish_reason": "stop"}]}).encode()]
        with FakeUpstream(script) as server:
            assert "".join(generator(server.url).complete(CHAT)) == "Yes."


@pytest.mark.parametrize("data", [{}, {"choices": 3}, {"choices": [3]}, {"choices": [{"delta": {"content": 3}}]}])
def test_an_event_of_another_form_is_an_error(data):
    with pytest.raises(GeneratorError, match=r"cannot be understood.*openai_base_url"):
        written([event(data)])


def test_tokens_are_counted_by_a_server_that_can_and_guessed_elsewhere():
    with FakeUpstream([head(kind="application/json"), b'{"tokens": [1, 2, 3]}']) as server:
        assert generator(server.url, tokenizes=True).count_tokens("a b") == 3
        assert (server.requests[0].path, server.requests[0].body) == ("/tokenize", {"content": "a b"})
        assert generator(server.url).count_tokens("a b") == 1
        assert len(server.requests) == 1
