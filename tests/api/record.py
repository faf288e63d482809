"""Asks a server with the seed articles what the description of the API shows as examples.

``python tests/api/record.py`` writes ``api/examples.json``, and then the description to ``docs/openapi.json``; with
``--description`` it writes that alone.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from starlette.testclient import TestClient

from api.app import create_app
from api.openapi import EXAMPLES
from api.settings import load as load_server
from rag.settings import load

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"
QUESTION = "Qu'est-ce que ViGen ?"
SEEDS, PRESS = "/v1/collections/seeds", "/v1/collections/press"
ARTICLE = {
    "title": "Port de Brest",
    "text": "Le port de Brest a traité 70 000 conteneurs en mai.",
    "published": "2025-06",
}
EVENTS = {"Accept": "text/event-stream"}


class Recorder:
    """Asks a server, and keeps the first answer of each kind."""

    def __init__(self):
        self.kept = {}

    def ask(self, client, name, method, path, **sent):
        response = client.request(method, path, **sent)
        kept = self.kept.setdefault(name, {"responses": {}})
        if "json" in sent and response.is_success:
            kept.setdefault("request", sent["json"])
        media_type = response.headers.get("content-type", "").split(";")[0]
        if media_type:
            body = response.json() if media_type.endswith("json") else response.text
            kept["responses"].setdefault(str(response.status_code), {}).setdefault(media_type, body)
        return response


def record(folder):
    """Return what servers with a new data folder answer."""
    recorder, settings = Recorder(), load(data_dir=folder)
    with TestClient(create_app(settings, load_server()), "http://localhost") as client:
        _questions(recorder, client)
        _articles(recorder, client)
    with TestClient(create_app(settings, load_server(quick_seconds=0)), "http://localhost") as client:
        body = {"articles": [ARTICLE | {"id": "later"}]}
        job = recorder.ask(client, "add_articles", "POST", f"{PRESS}/articles", json=body).json()
        while client.get(f"/v1/jobs/{job['id']}").json()["status"] in ("waiting", "running"):
            time.sleep(0.1)
        recorder.ask(client, "get_job", "GET", f"/v1/jobs/{job['id']}")
    return recorder.kept


def _questions(recorder, client):
    body = {"query": QUESTION, "top_k": 1}
    answer = recorder.ask(client, "ask", "POST", "/v1/ask", json=body).json()
    recorder.ask(client, "ask", "POST", "/v1/ask", json=body | {"stream": True})
    recorder.ask(client, "ask", "POST", "/v1/ask", json=body | {"collection": "absent"})
    recorder.ask(client, "ask", "POST", "/v1/ask", json=body | {"query": " "})
    recorder.ask(client, "search", "POST", "/v1/search", json={"query": "délégués à Nanning", "top_k": 1})
    for kind in ("json", "markdown", "html"):
        recorder.ask(client, "get_answer", "GET", f"/v1/answers/{answer['id']}", params={"format": kind})
    rating = {"answer_id": answer["id"], "rating": "up", "reason": "Exact."}
    recorder.ask(client, "give_feedback", "POST", "/v1/feedback", json=rating)
    chat = {"model": "askpress", "messages": [{"role": "user", "content": "ViGen là gì?"}]}
    recorder.ask(client, "create_chat_completion", "POST", "/v1/chat/completions", json=chat)
    recorder.ask(client, "create_chat_completion", "POST", "/v1/chat/completions", json=chat | {"stream": True})
    recorder.ask(client, "create_chat_completion", "POST", "/v1/chat/completions", json=chat | {"n": 2})
    for name, path in {"list_models": "/v1/models", "get_about": "/v1/about", "livez": "/livez"}.items():
        recorder.ask(client, name, "GET", path)
    recorder.ask(client, "readyz", "GET", "/readyz")


def _articles(recorder, client):
    recorder.ask(client, "put_collection", "PUT", PRESS)
    recorder.ask(client, "put_collection", "PUT", PRESS)
    body = {"articles": [ARTICLE | {"id": "brest"}]}
    recorder.ask(client, "add_articles", "POST", f"{PRESS}/articles", json=body)
    recorder.ask(client, "add_articles", "POST", f"{PRESS}/articles", json=body, headers=EVENTS)
    recorder.ask(client, "put_article", "PUT", f"{PRESS}/articles/brest", json=ARTICLE)
    recorder.ask(client, "put_article", "PUT", f"{PRESS}/articles/brest-2", json=ARTICLE | {"title": "Brest"})
    recorder.ask(client, "get_article", "GET", f"{PRESS}/articles/brest")
    recorder.ask(client, "list_articles", "GET", f"{PRESS}/articles")
    recorder.ask(client, "get_collection", "GET", SEEDS)
    recorder.ask(client, "list_collections", "GET", "/v1/collections")


def main(*, recording):
    with tempfile.TemporaryDirectory() as folder:
        if recording:
            EXAMPLES.write_text(_text(record(Path(folder))), encoding="utf-8")
        app = create_app(load(data_dir=Path(folder)), load_server())
        SNAPSHOT.write_text(_text(app.openapi()), encoding="utf-8")


def _text(made):
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    main(recording=sys.argv[1:] != ["--description"])
