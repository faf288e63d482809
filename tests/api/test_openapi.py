import json
import re

import pytest

OPERATIONS = {
    "ask", "search", "get_answer", "give_feedback", "list_collections", "get_collection", "put_collection",
    "delete_collection", "list_articles", "add_articles", "get_article", "put_article", "delete_article", "get_job",
    "livez", "readyz", "metrics",
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
    for path in described["paths"].values():
        for operation in path.values():
            errors = {status: said for status, said in operation["responses"].items() if int(status) >= 400}
            assert {"429", "500", "503", "421"} <= errors.keys()
            for said in errors.values():
                assert list(said["content"]) == ["application/problem+json"]


def test_streams_are_described(described):
    for path, method, status in (
        ("/v1/ask", "post", "200"),
        ("/v1/collections/{name}/articles", "post", "201"),
    ):
        assert "text/event-stream" in described["paths"][path][method]["responses"][status]["content"]
