from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.settings import COLLECTION_NAME
from rag.types import Article


def test_collections_are_made_listed_and_removed(client):
    assert client.put("/v1/collections/other").status_code == 201
    assert client.put("/v1/collections/other").status_code == 200
    names = [item["name"] for item in client.get("/v1/collections").json()["collections"]]
    assert names == ["other", "press"]
    state = client.get("/v1/collections/press").json()["state"]
    assert (state["articles"], state["languages"]) == (2, {"en": 1, "fr": 1})
    response = client.delete("/v1/collections/other")
    assert (response.status_code, response.content) == (204, b"")
    assert client.get("/v1/collections/other").status_code == client.delete("/v1/collections/other").status_code == 404
    assert client.post("/v1/ask", json={"query": "consul", "collection": "other"}).status_code == 404
    assert not (client.app.state.parts.settings.data_dir / "collections" / "other").exists()
    assert client.put("/v1/collections/other").status_code == 201


def test_the_collection_that_is_asked_by_default_stays(client):
    response = client.delete("/v1/collections/press")
    assert (response.status_code, response.json()["type"]) == (409, "/problems/collection_is_default")
    assert client.get("/readyz").status_code == 200


def test_a_collection_that_cannot_be_opened_can_be_removed(client):
    broken = client.app.state.parts.settings.data_dir / "collections" / "broken"
    broken.mkdir()
    (broken / "collection.sqlite3").write_text("no database")
    assert client.delete("/v1/collections/broken").status_code == 204
    assert not broken.exists()


@pytest.mark.parametrize("name", ["Press", "a" * 65, "-x", "..", "%2e%2e", "a%00b", "%2Fetc"])
def test_a_name_cannot_be_a_path(client, name, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    for method in ("GET", "PUT", "DELETE"):
        assert client.request(method, f"/v1/collections/{name}").status_code in (404, 405, 422)
    assert sorted(tmp_path.rglob("*")) == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.one_of(
        st.text(max_size=80), st.lists(st.sampled_from(["..", ".", "%2e%2e", "\0", "/", "press", "\\"])).map("/".join)
    )
)
def test_no_name_leads_out_of_the_collections(client, tmp_path, name):
    sentinel = tmp_path / "sentinel"
    sentinel.write_text("here")
    outside = {path for path in tmp_path.rglob("*") if "collections" not in path.parts}
    for method, sent in (("PUT", {}), ("DELETE", {}), ("PUT", {"json": {"text": "Twelve bridges."}})):
        for address in (quote(name, safe=""), f"press/articles/{quote(name, safe='')}"):
            client.request(method, f"/v1/collections/{address}", **sent)
    folders = {path.name for path in (tmp_path / "data" / "collections").iterdir()}
    assert all(COLLECTION_NAME.fullmatch(folder) for folder in folders)
    assert {path for path in tmp_path.rglob("*") if "collections" not in path.parts} == outside
    assert sentinel.read_text() == "here"


def test_a_collection_that_cannot_be_opened_is_listed_with_its_problem(client):
    broken = client.app.state.parts.settings.data_dir / "collections" / "broken"
    broken.mkdir()
    (broken / "collection.sqlite3").write_text("no database")
    listed = {item["name"]: item for item in client.get("/v1/collections").json()["collections"]}
    assert listed["press"]["problem"] is None
    assert listed["broken"]["state"] is None
    assert listed["broken"]["problem"]["key"].startswith(("database_", "collection_"))
    assert str(broken.parent) not in str(listed), "folders of this machine"


def test_a_collection_of_another_encoder_is_a_conflict_until_it_is_filled_again(client, serving):
    class Other(type(client.app.state.parts.library._encoder)):
        fingerprint = "words-2"

    other = serving(encoder=Other())
    assert other.post("/v1/ask", json={"query": "consul"}).status_code == 409
    assert other.get("/readyz").status_code == 503
    body = {"articles": [{"text": "A third article about the consul and the delegates."}]}
    assert other.post("/v1/collections/press/articles", json=body).status_code == 201
    assert other.post("/v1/ask", json={"query": "consul"}).status_code == 200
    assert other.get("/readyz").status_code == 200
    assert isinstance(other.app.state.parts.library._held["press"].store.article("nanning"), Article)
