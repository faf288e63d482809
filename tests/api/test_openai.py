"""OpenAI's dialect: with its own client and a real process where that matters, else in this process."""

import json

import openai
import pytest
from fakes import ScriptedGenerator

from rag.errors import GeneratorError
from rag.tokens import Tokens

ASKED = {"model": "askpress", "messages": [{"role": "user", "content": "Combien de délégués à Nanning ?"}]}


def chat(client, *messages, **members):
    said = [{"role": role, "content": content} for role, content in messages] or ASKED["messages"]
    return client.post("/v1/chat/completions", json={"model": "askpress", "messages": said} | members)


def chunks_of(response):
    *data, end = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line.startswith("data: ")]
    return [json.loads(text) for text in data], end


def text_of(chunks):
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])


@pytest.fixture
def drafting(serving, client, monkeypatch):
    """Start a server whose generator writes these pieces: ``drafting("A ", "b. [1]")``."""
    assert client
    monkeypatch.setenv("RAG_MODEL", "scripted")
    return lambda *pieces: serving(generators={"scripted": ScriptedGenerator(*pieces)})


@pytest.fixture
def process(seeds_server):
    """OpenAI's client of a real server with the seed collection."""
    server, _, secret = seeds_server
    return openai.OpenAI(base_url=f"{server.base_url}/v1", api_key=secret, max_retries=0)


def test_its_own_client_gets_a_cited_answer(process):
    done = process.chat.completions.create(
        model="askpress:seeds",
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "ViGen là gì?"}],
        temperature=0.2,
    )
    (choice,) = done.choices
    content, annotations = choice.message.content, choice.message.annotations
    assert (choice.finish_reason, choice.message.role, done.object) == ("stop", "assistant", "chat.completion")
    assert "projet d'AIV est ViGen" in content
    assert "[1] baoquocte.vn · 2025-12-07" in content
    citation = annotations[0].url_citation
    assert content[citation.start_index : citation.end_index] == citation.quote
    assert citation.url.startswith("https://baoquocte.vn/")
    assert content[citation.end_index :].startswith(" [1]")
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert done.usage.prompt_tokens > 5


def test_its_own_client_reads_the_stream_to_the_same_text(process):
    asked = {"model": "askpress", "messages": [{"role": "user", "content": "Qu'est-ce que ViGen ?"}]}
    whole = process.chat.completions.create(**asked)
    stream = process.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    *chunks, last = stream
    assert {chunk.id for chunk in chunks} == {last.id}
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"
    (annotations,) = [found for chunk in chunks if (found := getattr(chunk.choices[0].delta, "annotations", None))]
    assert annotations == [annotation.model_dump() for annotation in whole.choices[0].message.annotations]
    assert (last.choices, last.usage) == ([], whole.usage)


def test_its_own_client_knows_our_models_and_errors(process):
    assert {model.id for model in process.models.list()} == {"askpress", "askpress:seeds"}
    asked = ASKED["messages"]
    for model in ("gpt-5", "askpress:none", "askpress:../up", "askpress:", "askpress2"):
        with pytest.raises(openai.NotFoundError) as caught:
            process.chat.completions.create(model=model, messages=asked)
        assert caught.value.code in ("model_not_offered", "collection_unknown")
    with pytest.raises(openai.BadRequestError) as caught:
        process.chat.completions.create(model="askpress", messages=asked, n=2, stream=True)
    assert (caught.value.param, caught.value.code, caught.value.type) == (
        "n",
        "request_invalid",
        "invalid_request_error",
    )


def test_what_the_articles_do_not_say_is_the_text_without_annotations(drafting):
    client = drafting()
    message = chat(client).json()["choices"][0]["message"]
    assert message["content"].startswith("Les articles ne le disent pas.\n\nLes articles les plus proches")
    assert ("- Valley Post · The consul" in message["content"], message["annotations"]) == (True, [])
    chunks, end = chunks_of(chat(client, stream=True))
    assert (text_of(chunks), end) == (message["content"], "[DONE]")


def test_no_word_is_streamed_before_it_was_judged(drafting):
    client = drafting("Nanning a réuni 300 délégués en 2025. [1] ", "Oslo brûle depuis hier soir. [1] ", "Fin. [1]")
    chunks, _ = chunks_of(chat(client, stream=True))
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert chunks[1]["choices"][0]["delta"] == {"content": "Nanning a réuni 300 délégués en 2025. [1]"}
    assert "Oslo" not in json.dumps(chunks)
    assert text_of(chunks).splitlines()[2].endswith(": 2."), "that two sentences were left out is said"
    assert text_of(chunks) == chat(client).json()["choices"][0]["message"]["content"]
    assert "usage" not in chunks[-1]


def test_a_stream_goes_on_with_another_generator_where_one_fails(drafting):
    quoted = "La ville accueille la conférence sur l'IA."
    client = drafting(f"{quoted} [1] ", "Nanning ", GeneratorError("model_failed", model="scripted", reason="x"))
    chunks, end = chunks_of(chat(client, stream=True))
    text = text_of(chunks)
    assert end == "[DONE]"
    assert text.startswith(f"{quoted} [1] ")
    assert text.count(quoted) == 2, "as a sentence and as the quote of its footnote, though both generators chose it"
    last = chunks[-2]["choices"][0]["delta"]["annotations"]
    for citation in (annotation["url_citation"] for annotation in last):
        assert text[citation["start_index"] : citation["end_index"]] == citation["quote"]


def test_an_unforeseen_failure_ends_the_stream_with_an_error_and_without_done(drafting):
    response = chat(drafting("Nanning ", ZeroDivisionError()), stream=True)
    error = json.loads(response.text.split("\n\n")[-2].removeprefix("data: "))["error"]
    assert (error["code"], error["type"]) == ("server_failed", "server_error")
    assert "[DONE]" not in response.text
    assert "ZeroDivision" not in response.text


def test_earlier_messages_are_the_history(drafting, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "rag.engine.Engine.stream", lambda _, question, **options: seen.append((question, options)) or iter(())
    )
    answer = "300 délégués. [1]\n\n[1] Nanning\n« 300 délégués »"
    said = [("system", "Answer in verse."), ("user", "Combien ?"), ("user", "À Nanning ?"), ("assistant", answer)]
    chat(drafting(), *said, ("user", [{"type": "text", "text": "Et en"}, {"type": "text", "text": "quelle année ?"}]))
    ((question, options),) = seen
    assert question == "Et en\nquelle année ?"
    assert [(turn.question, turn.answer) for turn in options["history"]] == [
        ("Combien ?", ""),
        ("À Nanning ?", "300 délégués. [1]"),
    ]


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages/0"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages/0/role"),
        ({"messages": [{"role": "system", "content": "x"}]}, None),
        ({"messages": [{"role": "user", "content": None}]}, None),
        ({"model": 1}, "model"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_not_offered_is_an_error_of_openai_s_shape(client, members, param, stream):
    response = client.post("/v1/chat/completions", json=ASKED | members | {"stream": stream})
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["param"] or "").startswith(param or "")
    assert (error["param"] is None) == (param is None)


def test_members_that_openai_s_clients_send_are_taken(client):
    more = {"temperature": 0, "max_tokens": 5, "user": "me", "tools": [], "n": 1, "stop": None, "stream_options": None}
    assert chat(client, **more).status_code == 200


def test_what_stops_a_request_on_its_way_has_openai_s_shape_too(serving, tmp_path):
    client = serving(protect_reads=True, body_bytes=1024)
    Tokens(tmp_path / "data").create("desk", "read")
    assert (chat(client).status_code, chat(client).json()["error"]["type"]) == (401, "authentication_error")
    assert client.get("/v1/models").json()["error"]["code"] == "request_token_missing"
    Tokens(tmp_path / "data").remove("desk")
    assert (chat(client, user="x" * 2000).status_code) == 413
    assert client.post("/v1/chat/completions", content="{", headers={"Content-Type": "application/json"}).json()[
        "error"
    ]
    refused = client.get("/v1/chat/completions")
    assert (refused.status_code, refused.json()["error"]["code"]) == (405, "request_method_unknown")


def test_an_article_without_an_address_is_cited_by_the_one_it_has_here(client):
    (annotation, *_) = chat(client, ("user", "The consul spoke in San Francisco?")).json()["choices"][0]["message"][
        "annotations"
    ]
    url = annotation["url_citation"]["url"]
    assert url == "http://localhost/v1/collections/press/articles/consul"
    assert annotation["url_citation"]["quote"] in client.get(url).json()["text"]


def test_what_an_article_says_is_no_markup_in_the_text(client):
    title = "![x](http://evil.example/x.png) <img src=x> [click](javascript:alert) http://evil.example/y"
    article = {
        "id": "evil",
        "title": title,
        "text": "The heron landed on the bridge at 9.",
        "url": "javascript:alert(1)",
    }
    assert client.post("/v1/collections/press/articles", json={"articles": [article]}).status_code == 201
    content = chat(client, ("user", "Where did the heron land?")).json()["choices"][0]["message"]["content"]
    assert "heron landed on the bridge" in content
    assert "x click" in content
    for markup in ("](", "<img", "evil.example", "javascript:"):
        assert markup not in content
