import re

import pytest
from press import fill
from starlette.routing import Route

from api.app import PARTS
from api.security import HEADERS, PUBLIC
from rag.errors import ServerError
from rag.tokens import Tokens

QUESTION = {"query": "Combien de délégués à Nanning ?"}


@pytest.fixture
def tokens(tmp_path):
    """Tokens for reading and for writing, as headers, of the data folder that ``serving`` uses."""
    made = Tokens(tmp_path / "data")
    return {role: {"Authorization": f"Bearer {made.create(role, role)}"} for role in ("read", "write")}


def requests_of(app):
    """Every route, described or not, as a request with what it needs in its path."""
    routes = [*app.routes, *(route for part in PARTS for route in part.router.routes)]
    for route in routes:
        if isinstance(route, Route):
            path = re.sub(r"{.*?}", "press", route.path)
            yield from ((method, path) for method in route.methods - {"HEAD"})


def test_every_route_that_is_not_public_asks_for_a_token(serving, tokens):
    client = serving(protect_reads=True)
    assert tokens
    seen = {}
    for method, path in requests_of(client.app):
        seen[path] = client.request(method, path).status_code
    assert {path for path, status in seen.items() if status != 401} == PUBLIC
    assert {"/mcp", "/metrics", "/v1/ask", "/v1/collections/press/articles/press"} <= seen.keys()
    assert client.get("/openapi.json").status_code == 200
    assert client.get("/nowhere").status_code == client.delete("/").status_code == 401


def test_roles_say_what_a_token_opens(serving, tokens):
    client = serving()
    fill(client, **tokens["write"])
    assert client.post("/v1/ask", json=QUESTION).status_code == 200, "reading is open on this machine"
    assert client.get("/metrics").status_code == client.put("/v1/collections/a").status_code == 401
    assert client.put("/v1/collections/a").headers["www-authenticate"] == "Bearer"
    assert client.get("/metrics", headers=tokens["read"]).status_code == 200
    refused = client.put("/v1/collections/a", headers=tokens["read"])
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/request_role_missing")
    for wrong in ("Bearer askpress_wrong", "Bearer ", "Basic eDp5", tokens["write"]["Authorization"][:-1], "é"):
        assert client.put("/v1/collections/a", headers={"Authorization": wrong.encode()}).status_code == 401


def test_reading_can_ask_for_a_token_too(serving, tokens):
    client = serving(protect_reads=True)
    assert client.post("/v1/ask", json=QUESTION).status_code == 401
    assert client.get("/v1/collections", headers=tokens["read"]).status_code == 200


def test_a_token_made_or_removed_counts_at_once(serving, tmp_path):
    client = serving()
    assert client.put("/v1/collections/press").status_code == 201
    made = Tokens(tmp_path / "data")
    secret = made.create("me", "write")
    assert client.put("/v1/collections/press").status_code == 401
    assert client.put("/v1/collections/press", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    made.remove("me")
    assert client.put("/v1/collections/press").status_code == 200


def test_a_damaged_file_of_tokens_closes_the_server(serving, tmp_path):
    client = serving()
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "tokens.json").write_text("[{]")
    assert client.get("/v1/collections").status_code == 500
    assert client.get("/livez").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10", "press.example"])
def test_an_address_that_others_reach_needs_a_token_first(serving, host, tmp_path):
    with pytest.raises(ServerError, match="rag token create"):
        serving(host=host)
    Tokens(tmp_path / "data").create("me", "write")
    client = serving(host=host)
    assert client.get("/v1/collections").status_code == 401, "reading is protected there"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io", "[::1", "evil@x:1"])
def test_a_name_that_is_not_ours_is_refused(client, host):
    response = client.get("/v1/collections", headers={"Host": host})
    assert (response.status_code, response.json()["type"]) == (421, "/problems/request_host_unknown")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST", "press.example"])
def test_a_name_that_is_ours_is_answered(serving, host):
    client = serving(allowed_hosts=("press.example",))
    assert client.get("/v1/collections", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://localhost:1", "http://localhost.evil", ""])
def test_a_page_of_another_origin_cannot_write(client, origin):
    for method, path in (("PUT", "/v1/collections/a"), ("DELETE", "/v1/collections/press"), ("POST", "/v1/ask")):
        response = client.request(method, path, headers={"Origin": origin})
        assert (response.status_code, response.json()["type"]) == (403, "/problems/request_origin_foreign")


def test_a_page_of_ours_can_write(serving):
    client = serving(allowed_origins=("https://press.example",))
    for origin in ("http://localhost", "https://press.example"):
        assert client.put("/v1/collections/a", headers={"Origin": origin}).status_code in (200, 201)


def test_no_other_site_may_read_and_every_response_has_a_policy(client):
    for path in ("/v1/collections", "/nowhere", "/openapi.json"):
        headers = client.get(path, headers={"Origin": "https://evil.example"}).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert not [name for name in headers if name.startswith("access-control")]
    assert client.options("/v1/ask", headers={"Origin": "https://evil.example"}).status_code == 403
