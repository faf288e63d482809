import json
import threading

import documents
import pytest
from fakes import WordEncoder
from press import NANNING, events_of

from rag.tokens import Tokens

ARTICLES = "/v1/collections/press/articles"


class Slow(WordEncoder):
    """Encodes passages only once it is let go."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()

    def encode_passages(self, texts, languages, progress=lambda *_: None):
        if len(texts) > 1:
            assert self.go.wait(30)
        return super().encode_passages(texts, languages, progress)


def test_a_page_of_the_articles_newest_first(client):
    page = client.get(ARTICLES, params={"limit": 1}).json()
    assert (page["total"], page["limit"], page["offset"]) == (2, 1, 0)
    assert [article["id"] for article in page["articles"]] == ["nanning"]
    assert client.get(ARTICLES, params={"offset": 1}).json()["articles"][0]["id"] == "consul"
    assert client.get(ARTICLES, params={"language": "en"}).json()["total"] == 1
    assert client.get(ARTICLES, params=[("source", "Valley Post"), ("source", "baoquocte.vn")]).json()["total"] == 2
    assert client.get(ARTICLES, params={"since": "2026"}).json()["total"] == 0
    for wrong in ({"limit": 0}, {"offset": -1}, {"since": "soon"}, {"language": "French"}):
        assert client.get(ARTICLES, params=wrong).status_code == 422


def test_an_article_is_read_with_its_passages(client):
    article = client.get(f"{ARTICLES}/nanning").json()
    assert article["text"] == NANNING
    assert article["passages"][0] == {"start": 0, "stop": len(NANNING)}
    assert client.get(f"{ARTICLES}/none").json()["type"] == "/problems/article_not_found"


def test_only_who_may_write_sees_the_folders_that_articles_came_from(client, tmp_path):
    def origins(**headers):
        read = client.get(f"{ARTICLES}/nanning", headers=headers).json()
        listed = client.get(ARTICLES, headers=headers).json()["articles"]
        return read["origin"], next(one["origin"] for one in listed if one["id"] == "nanning")

    assert origins() == ("upload/articles.jsonl:1", "upload/articles.jsonl:1")
    secret = Tokens(tmp_path / "data").create("me", "write")
    assert origins() == ("articles.jsonl:1", "articles.jsonl:1")
    assert origins(Authorization=f"Bearer {secret}") == ("upload/articles.jsonl:1", "upload/articles.jsonl:1")


def test_put_twice_is_put_once_and_delete_removes(client):
    body = {"title": "Mayor", "text": "The mayor spoke of 12 bridges."}
    address = f"{ARTICLES}/https://press.example/a%3Fb"
    assert client.put(address, json=body).status_code == 201
    generation = client.get("/v1/collections/press").json()["state"]["generation"]
    response = client.put(address, json=body)
    assert (response.status_code, response.json()["id"]) == (200, "https://press.example/a?b")
    assert client.get("/v1/collections/press").json()["state"]["generation"] == generation
    changed = client.put(address, json=body | {"text": "The mayor spoke of 13 bridges."})
    assert (changed.status_code, "13 bridges" in changed.json()["text"]) == (200, True)
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == client.delete(address).status_code == 404
    assert client.put(f"{ARTICLES}/a", json=body | {"id": "b"}).json()["type"] == "/problems/article_id_differs"
    assert client.put(f"{ARTICLES}/%20a", json=body).status_code == 422
    assert client.put("/v1/collections/none/articles/a", json=body).status_code == 404


def test_an_article_of_a_file_is_not_replaced_over_the_api(client, tmp_path):
    (tmp_path / "mayor.txt").write_text("The mayor\n\nThe mayor spoke of 12 bridges and 3 tunnels.\n", encoding="utf-8")
    with client.app.state.parts.library.engine("press") as engine:
        engine.sync(tmp_path / "mayor.txt")
    response = client.put(f"{ARTICLES}/mayor", json={"text": "No bridges."})
    assert (response.status_code, response.json()["type"]) == (409, "/problems/id_taken")


def test_files_are_read_as_rag_sync_reads_them(client, tmp_path):
    before = sorted(tmp_path.rglob("*.txt"))
    files = [
        ("files", ("mayor.txt", b"The mayor\n\nThe mayor spoke of 12 bridges.\n")),
        ("files", ("..\\..\\mayor.md", b"---\ntitle: M\nid: md\n---\nThe mayor spoke of tunnels.\n")),
        ("files", ("/etc/passwd", b"root")),
        ("files", ("many.jsonl", b'{"id": "one", "text": "One article about bridges."}\n{"text": ""}\n')),
    ]
    report = client.post(ARTICLES, files=files).json()
    assert sorted(report["added"]) == ["mayor", "md", "one"]
    assert sorted(failure["key"] for failure in report["failures"]) == ["article_suffix_unknown", "json_without_text"]
    assert sorted(tmp_path.rglob("*.txt")) == before


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        ({"json": {"articles": []}}, "request_invalid"),
        ({"json": {"articles": [{"text": "x", "path": "/etc"}]}}, "request_invalid"),
        ({}, "articles_missing"),
        ({"files": [("files", ("a.txt", b""))]}, "articles_refused"),
        ({"files": [("files", ("a.exe", b"MZ"))]}, "articles_refused"),
    ],
)
def test_what_holds_no_article_is_refused(client, request_, key):
    response = client.post(ARTICLES, **request_)
    assert (response.status_code, response.json()["type"]) == (422, f"/problems/{key}")


def test_files_of_other_formats_are_taken_and_a_quote_names_its_page(client):
    first, second = ([(50, 700, 10, f"Sentence {n} of a page that says nothing else.")] for n in (1, 2))
    second.append((50, 600, 10, "The tunnel under Mount Kessler cost 48 million euros."))
    page = "<title>Lake permits</title><p>The minister resigned over 31 permits.</p>"
    files = [
        ("files", ("report.pdf", documents.pdf(first, second))),
        ("files", ("page.html", page.encode())),
        ("files", ("bomb.docx", documents.zipped({"word/document.xml": bytes(8 << 20)}))),
    ]
    taken = client.post(ARTICLES, files=files, headers={"Accept": "text/event-stream"})
    report = json.loads(dict(events_of(taken))["report"])["report"]
    assert len(report["added"]) == 2
    assert [failure["key"] for failure in report["failures"]] == ["document_bomb"]
    asked = {"query": "How much did the tunnel under Mount Kessler cost?", "language": "en"}
    answer = client.post("/v1/ask", json={**asked, "collection": "press"}).json()
    best = answer["citations"][0]
    assert (best["page"], best["quote"]) == (2, "The tunnel under Mount Kessler cost 48 million euros.")


@pytest.mark.parametrize(
    ("kind", "key"), [("multipart/form-data", "request_malformed"), ("application/json", "request_json_malformed")]
)
def test_a_body_that_cannot_be_read_is_malformed(client, kind, key):
    response = client.post(ARTICLES, content=b"{x", headers={"content-type": kind})
    assert (response.status_code, response.json()["type"]) == (400, f"/problems/{key}")


def test_long_work_becomes_a_job(serving):
    encoder = Slow()
    client = serving(encoder=encoder, quick_seconds=0)
    client.put("/v1/collections/press")
    accepted = client.post(ARTICLES, json={"articles": [{"id": "a", "text": "One sentence. Another sentence."}]})
    assert accepted.status_code == 202
    address = accepted.headers["location"]
    assert client.get(address).json()["status"] in ("waiting", "running")
    encoder.go.set()
    job = client.app.state.parts.jobs.find(accepted.json()["id"])
    client.portal.call(job.ended.wait)
    told = client.get(address).json()
    assert (told["status"], told["report"]["added"], told["problem"]) == ("done", ["a"], None)
    assert client.get("/v1/jobs/none").json()["type"] == "/problems/job_not_found"


def test_progress_comes_as_events(client):
    body = {"articles": [{"id": "mayor", "text": "The mayor spoke of 12 bridges."}]}
    response = client.post(ARTICLES, json=body, headers={"Accept": "text/event-stream"})
    names = [name for name, _ in events_of(response)]
    assert (names[-1], {*names} <= {"progress", "report"}) == ("report", True)
    assert '"mayor"' in events_of(response)[-1][1]


def test_an_intake_ends_between_transactions_when_the_server_stops(serving):
    encoder = Slow()
    client = serving(encoder=encoder, quick_seconds=0)
    client.put("/v1/collections/press")
    posted = client.post(ARTICLES, json={"articles": [{"id": "a", "text": "One sentence. Another sentence."}]})
    job = client.app.state.parts.jobs.find(posted.json()["id"])
    client.app.state.parts.stopping.set()
    encoder.go.set()
    client.portal.call(job.ended.wait)
    assert (job.status, job.error.key) == ("failed", "server_stopping")
    assert client.get("/v1/collections/press").json()["state"]["articles"] == 0
