import json
import re

import pytest
from record import SNAPSHOT

from api.openapi import EVENTS
from api.problems import OPENAI_PATHS

OPERATIONS = {
    "ask", "search", "get_answer", "give_feedback", "list_collections", "get_collection", "put_collection",
    "delete_collection", "list_articles", "add_articles", "get_article", "put_article", "delete_article", "get_job",
    "livez", "readyz", "metrics", "list_models", "create_chat_completion", "get_about",
}  # fmt: skip


@pytest.fixture
def described(client):
    return client.get("/openapi.json").json()


def test_operations_keep_their_names_and_tell_what_they_do(described):
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert described["openapi"].startswith("3.1")
    assert sorted(operation["operationId"] for operation in operations) == sorted(OPERATIONS)
    assert all(operation["summary"] for operation in operations)


def test_every_reference_leads_somewhere(described):
    found = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert found <= described["components"]["schemas"].keys()
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_every_error_is_a_problem(described):
    for path, operations in described["paths"].items():
        kind = "application/json" if path in OPENAI_PATHS else "application/problem+json"
        for operation in operations.values():
            errors = {status: said for status, said in operation["responses"].items() if int(status) >= 400}
            assert {"429", "500", "503", "421"} <= errors.keys()
            for said in errors.values():
                assert list(said["content"]) == [kind]


def test_streams_are_described(described):
    for name, path in (("ask", "/v1/ask"), ("add_articles", "/v1/collections/{name}/articles")):
        stream = described["paths"][path]["post"]["responses"]["200"]["content"]["text/event-stream"]
        kinds = [kind["properties"] for kind in stream["schema"]["oneOf"]]
        assert [kind["event"]["const"] for kind in kinds] == list(EVENTS[name])
        told = {line.removeprefix("event: ") for line in stream["example"].splitlines() if line.startswith("event: ")}
        assert told <= EVENTS[name].keys()
        assert len(told) > 1


def operations(described):
    for path, methods in described["paths"].items():
        for operation in methods.values():
            yield path, operation


def test_what_operations_answer_is_shown_by_an_example(described):
    silent = {"delete_collection", "delete_article", "metrics"}
    for _, operation in operations(described):
        shown = [
            kind["example"]
            for status, said in operation["responses"].items()
            for kind in said.get("content", {}).values()
            if status < "300" and "example" in kind
        ]
        assert bool(shown) != (operation["operationId"] in silent), operation["operationId"]


def test_the_examples_are_answers_of_the_seed_articles(described, seeds):
    article = seeds[1].read_text(encoding="utf-8")
    answer = described["paths"]["/v1/ask"]["post"]["responses"]["200"]["content"]["application/json"]["example"]
    assert answer["citations"]
    for citation in answer["citations"]:
        assert citation["quote"] in article
    assert answer.keys() == described["components"]["schemas"]["KeptAnswer"]["properties"].keys()


def test_the_committed_description_is_the_present_one(described):
    """If not: `python tests/api/record.py` makes both files again, with `--description` that one alone."""
    committed = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    for part in ("paths", "components"):
        for name, entry in described[part].items():
            assert committed[part].get(name) == entry, (
                f"{name}: {test_the_committed_description_is_the_present_one.__doc__}"
            )
    assert committed == described
