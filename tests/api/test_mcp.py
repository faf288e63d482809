"""The Model Context Protocol with its own client: over HTTP, over stdio, and in this process."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager

import httpx2
import pytest
from fakes import ScriptedGenerator
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from press import CONSUL, NANNING
from processes import BIN, environment

from api.tools import AgentServer
from rag.tokens import Tokens

QUESTION = {"question": "Combien de délégués étaient présents à Nanning ?"}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@asynccontextmanager
async def over_http(address, secret, mode):
    headers = {"Authorization": f"Bearer {secret}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        yield client


async def look_around(client):
    """What an agent does: lists, asks, searches, and reads what is cited."""
    assert {tool.name for tool in (await client.list_tools()).tools} == {"ask", "search"}
    asked = await client.call_tool("ask", QUESTION | {"collection": "seeds"})
    assert not asked.is_error
    answer = asked.structured_content
    (citation, *_) = answer["citations"]
    assert (answer["status"], "300 délégués" in citation["quote"]) == ("answered", True)
    assert citation["quote"] in asked.content[0].text
    assert "\x1b" not in asked.content[0].text
    (article,) = (await client.read_resource(asked.content[1].uri)).contents
    assert citation["quote"] in article.text
    found = (await client.call_tool("search", QUESTION | {"top_k": 2})).structured_content
    assert len(found["passages"]) == 2
    (listing,) = (await client.list_resources()).resources
    assert listing.uri == "askpress://seeds/articles"
    (listed,) = (await client.read_resource(listing.uri)).contents
    assert asked.content[1].uri in {one["uri"] for one in json.loads(listed.text)["articles"]}
    assert {template.uri_template for template in (await client.list_resource_templates()).resource_templates} == {
        "askpress://{collection}/articles",
        "askpress://{collection}/articles/{article_id}",
    }


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_agent_asks_searches_and_reads_over_http(seeds_server, mode):
    server, _, secret = seeds_server

    async def visit():
        async with over_http(f"{server.base_url}/mcp", secret, mode) as client:
            await look_around(client)

    asyncio.run(visit())


def test_an_agent_asks_searches_and_reads_over_stdio(seeds_server):
    _, data, _ = seeds_server
    command = StdioServerParameters(command=str(BIN / "rag"), args=["mcp"], env=environment(data))

    async def visit():
        with open(os.devnull, "w") as nowhere:  # noqa: ASYNC230, PTH123 - handed to the process
            async with Client(stdio_client(command, errlog=nowhere)) as client:
                await look_around(client)

    asyncio.run(visit())


def test_the_door_is_that_of_the_whole_server(serving, tmp_path):
    client = serving(protect_reads=True)
    secret = Tokens(tmp_path / "data").create("agent", "read")
    allowed = ACCEPT | {"Authorization": f"Bearer {secret}"}
    assert client.post("/mcp", json=CALL, headers=ACCEPT).status_code == 401
    assert client.post("/mcp", json=CALL, headers=allowed | {"Host": "evil.example"}).status_code == 421
    assert client.post("/mcp", json=CALL, headers=allowed | {"Origin": "null"}).status_code == 403
    assert client.get("/mcp", headers=allowed).status_code == 405
    listed = client.post("/mcp", json=CALL, headers=allowed)
    assert {tool["name"] for tool in listed.json()["result"]["tools"]} == {"ask", "search"}
    assert client.post("/mcp", json=CALL, headers=allowed).status_code == 200, "and a second time"


@pytest.fixture
def agent(client):
    """Do something with a client in this process: ``agent(lambda client: client.list_tools())``."""

    def visit(do, client=client):
        async def visiting():
            async with Client(AgentServer(client.app.state.parts)) as inside:
                return await do(inside)

        return asyncio.run(visiting())

    return visit


def test_a_conversation_is_its_history(agent):
    history = [{"question": "Combien de délégués à Nanning ?", "answer": "300 délégués."}]
    done = agent(lambda c: c.call_tool("ask", {"question": "Et en quelle année ?", "history": history}))
    assert done.structured_content["sources"][0]["article_id"] == "nanning"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"question": " "}, "question is empty"),
        ({"question": "Who?", "collection": "nowhere"}, "nowhere"),
        ({"question": "Who?", "collection": "../up"}, "collection"),
        ({}, "question"),
    ],
)
@pytest.mark.parametrize("tool", ["ask", "search"])
def test_what_cannot_be_asked_is_told_to_the_agent(agent, tool, arguments, said):
    done = agent(lambda client: client.call_tool(tool, arguments))
    assert done.is_error
    assert said in done.content[0].text


@pytest.mark.parametrize(
    "uri", ["askpress://press/articles/none", "askpress://none/articles", "askpress://..%2Fup/articles"]
)
def test_what_is_not_there_cannot_be_read(agent, uri):
    async def read(client):
        with pytest.raises(MCPError):
            await client.read_resource(uri)

    agent(read)


def test_an_id_may_be_an_address(agent, client):
    made = client.put("/v1/collections/press/articles/https://press.example/a%3Fb", json={"text": "The heron landed."})
    assert made.status_code == 201
    done = agent(lambda c: c.call_tool("ask", {"question": "Where did the heron land?"}))
    uri = next(link.uri for link in done.content[1:])
    assert uri == "askpress://press/articles/https%3A%2F%2Fpress.example%2Fa%3Fb"
    (article,) = agent(lambda c: c.read_resource(uri)).contents
    assert "The heron landed." in article.text


def test_a_crash_tells_nothing_of_itself(agent, serving, monkeypatch):
    monkeypatch.setenv("RAG_MODEL", "scripted")
    broken = serving(generators={"scripted": ScriptedGenerator(ZeroDivisionError("secret"))})
    done = agent(lambda c: c.call_tool("ask", {"question": "Nanning ?"}), broken)
    assert done.is_error
    assert "secret" not in done.content[0].text


def test_the_sdk_is_loaded_by_those_who_use_it():
    probe = "import sys, api.app; assert 'mcp.server' not in sys.modules"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", probe]) == 0


def test_all_articles_are_listed(agent):
    (listed,) = agent(lambda client: client.read_resource("askpress://press/articles")).contents
    found = json.loads(listed.text)
    assert (found["total"], [one["id"] for one in found["articles"]]) == (2, ["nanning", "consul"])
    for one, text in zip(found["articles"], (NANNING, CONSUL), strict=True):
        (article,) = agent(lambda client, uri=one["uri"]: client.read_resource(uri)).contents
        assert text in article.text
