import inspect

import pytest

import rag.errors
from api.problems import BY_CLASS, BY_KEY, details, language_of, status_of
from rag.errors import AskpressError, CollectionNotFound, StorageFull, StoreError
from rag.messages import LANGUAGES, catalogue

KINDS = [kind for _, kind in inspect.getmembers(rag.errors, inspect.isclass)]


def test_every_problem_is_said_in_the_language_of_the_client(client):
    seen = set()
    for language in LANGUAGES:
        response = client.get("/nowhere", headers={"Accept-Language": f"de, {language}-XX;q=0.9, en;q=0.1"})
        problem = response.json()
        assert response.status_code == problem["status"] == 404
        assert problem["type"] == "/problems/request_path_unknown"
        assert problem["instance"] == response.headers["x-request-id"]
        assert response.headers["content-language"] == language
        seen.add(problem["detail"])
    assert len(seen) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "en"), ("vi", "vi"), ("fr;q=0.5, zh-CN;q=0.8", "zh"), ("de", "en"), ("*", "en"), ("fr;q=x,vi", "vi")],
)
def test_the_preferred_of_our_languages_is_spoken(header, language):
    assert language_of(header) == language


def test_a_method_that_is_not_there_is_told_with_those_that_are(client):
    response = client.delete("/v1/ask")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["type"] == "/problems/request_method_unknown"
    assert client.delete("/v1/collections/press/articles").headers["allow"] == "GET, POST", "of two routes"


def test_what_is_invalid_is_pointed_at_and_not_repeated(client):
    body = {"query": "a", "filters": {"since": "canary"}, "canary": 1}
    problem = client.post("/v1/ask", json=body).json()
    assert [item["pointer"] for item in problem["errors"]] == ["#/body/filters/since", "#/body/canary"]
    assert problem["detail"].count("canary") == 0


def test_a_malformed_body_is_a_bad_request(client):
    response = client.post("/v1/ask", content=b'{"query":', headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["type"]) == (400, "/problems/request_json_malformed")


def test_every_kind_of_error_has_a_status_and_every_key_a_message():
    for kind in KINDS:
        assert 400 <= status_of(kind("server_failed")) < 600
    assert status_of(StoreError("x")) == 500
    assert status_of(StorageFull("x")) == 507
    assert set(BY_KEY) <= catalogue("en").keys()
    assert all(issubclass(kind, AskpressError) for kind in BY_CLASS)


def test_a_problem_does_not_tell_the_folders_of_this_machine(tmp_path):
    error = CollectionNotFound("collection_folder_empty", folder=tmp_path / "press")
    told = details({"state": {"language": "en", "request_id": "1"}}, error)
    assert str(tmp_path) not in str(told)
    assert "press" in told["detail"]
