"""The commands through a running server, beside the same commands without it."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from processes import BIN, environment, free_port

from rag import cli
from rag.answers import TokenWritten, Waiting
from rag.errors import ServerError
from rag.remote import Remote
from rag.settings import load
from rag.tokens import Tokens

NOBODY = f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def server(seeds_server):
    return str(seeds_server[0].base_url)


@pytest.fixture
def run(seeds_server, monkeypatch, capsys):
    """Run a command in this process: ``run(server, "ask", "Qui ?")`` returns its code, stdout and stderr."""
    _, data, secret = seeds_server
    monkeypatch.setenv("RAG_DATA_DIR", str(data))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(data))
    monkeypatch.setenv("RAG_TOKEN", secret)

    def command(server, *words):
        monkeypatch.setenv("RAG_SERVER", server)
        monkeypatch.setattr("sys.argv", list(words))
        with pytest.raises(SystemExit) as stop:
            getattr(cli, words[0])()
        return (stop.value.code, *capsys.readouterr())

    return command


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("ask", "--json", "ViGen là gì?"), 0),
        (("ask", "--json", "--top-k", "1", "--lang", "vi", "--source", "baoquocte.vn", "ViGen?"), 0),
        (("ask", "Who won the 2022 FIFA World Cup?"), 3),
        (("rag", "search", "--json", "--top-k", "2", "délégués à Nanning"), 0),
        (("rag", "search", "--until", "2020", "délégués"), 3),
        (("rag", "list", "--json"), 0),
        (("rag", "list", "--since", "2025-12", "--article-lang", "fr"), 0),
        (("rag", "show", "--json", "004_a6f17d8585a5a710"), 0),
        (("rag", "show", "--removed", "004_a6f17d8585a5a710"), 0),
        (("ask", "--collection", "absent", "Quoi ?"), 1),
        (("ask", " "), 2),
        (("ask", "a" * 3000), 2),
    ],
)
def test_a_server_changes_nothing_of_what_is_written(run, server, words, code):
    here, there = run("", *words), run(server, *words)
    if words[:2] == ("ask", "--json"):
        here, there = ((code, *parted(out), err) for code, out, err in (here, there))
    assert there == here
    assert there[0] == code


def parted(out):
    """An answer as it was written, with its timings set apart."""
    before, timings = out.split('"timings": {')
    return before, sorted(json.loads("{" + timings.rpartition("}")[0]))


def test_a_conversation_goes_on_through_the_server(run, server):
    assert run(server, "ask", "Combien de délégués étaient présents à Nanning ?")[0] == 0
    _, out, _ = run(server, "ask", "--continue", "--json", "Et en quelle année ?")
    assert "Nanning" in json.loads(out)["read_as"]


def test_its_problems_speak_the_language_of_the_user(run, server, monkeypatch):
    monkeypatch.setenv("RAG_INTERFACE", "vi")
    code, _, complaint = run(server, "rag", "show", "absent")
    assert (code, "Không có bài absent" in complaint) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("ask", "--threshold", "0.1", "Quoi ?"),
        ("ask", "--unsupported", "mark", "Quoi ?"),
        ("rag", "sync", "."),
        ("rag", "remove", "a"),
    ],
)
def test_what_a_server_does_not_do_is_not_done_here_instead(run, words):
    code, out, complaint = run(NOBODY, *words)
    assert (code, out) == (2, "")
    assert words[1] in complaint


def test_a_server_that_is_gone_is_told(run):
    code, out, complaint = run(NOBODY, "ask", "Quoi ?")
    assert (code, out) == (1, "")
    assert NOBODY in complaint
    assert "rag serve" in complaint


def test_the_way_through_a_server_loads_no_engine(server, tmp_path):
    probe = (
        "import sys\nfrom rag import cli\n"
        "sys.argv = ['ask', 'ViGen là gì?']\n"
        "try:\n    cli.ask()\nfinally:\n    print(*sorted(sys.modules), file=sys.stderr)"
    )
    env = environment(tmp_path, RAG_SERVER=server)
    command = [BIN / "python", "-c", probe]
    loaded = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stderr.split()
    assert "httpx" in loaded
    assert not {"faiss", "onnxruntime", "tantivy", "rag.opening", "rag.engine", "torch"} & set(loaded)


def test_a_token_is_asked_for_and_sent(tmp_path):
    secret = Tokens(tmp_path).create("me", "read")
    seen = []

    def answer(handler):
        seen.append(handler.headers["Authorization"])
        return (
            (200, {"passages": []}) if seen[-1] == f"Bearer {secret}" else (401, {"type": "/problems/x", "detail": "-"})
        )

    with answering(answer) as address:
        with Remote(load(server=address, collection="press")) as remote, pytest.raises(ServerError, match="RAG_TOKEN"):
            remote.search("Quoi ?")
        with Remote(load(server=address, collection="press", token=secret)) as remote:
            assert remote.search("Quoi ?") == ()
    assert seen == [None, f"Bearer {secret}"]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>", "not Askpress"),
        (200, b"[]", "not Askpress"),
        (200, b'{"passages": [{"text": 1}]}', "not Askpress"),
        (200, b'{"passages": 1}', "not Askpress"),
        (302, b"", "status 302"),
        (500, b"oops", "status 500"),
        (500, b'{"type": "/problems/server_failed"}', "status 500"),
    ],
)
def test_what_is_no_server_of_ours_is_told(status, body, said):
    with (
        answering(lambda _: (status, body)) as address,
        Remote(load(server=address, collection="press")) as remote,
        pytest.raises(ServerError, match=said),
    ):
        remote.search("Quoi ?")


@pytest.mark.parametrize(
    "body", [b"", b'event: token\ndata: {"text": "x"}\n\n', b"data: {\n\n", b'data: {"claim": 1}\n\n']
)
def test_a_stream_that_ends_without_an_answer_is_an_error(body):
    with (
        answering(lambda _: (200, body)) as address,
        Remote(load(server=address, collection="press")) as remote,
        pytest.raises(ServerError),
    ):
        list(remote.stream("Quoi ?"))


def test_silence_is_time_to_show_the_draft(monkeypatch):
    monkeypatch.setattr("rag.remote.LOOK_SECONDS", -1)
    stream = b'event: token\ndata: {"text": "x"}\n\n'
    with answering(lambda _: (200, stream)) as address, Remote(load(server=address, collection="press")) as remote:
        events = remote.stream("Quoi ?")
        assert [next(events), next(events)] == [Waiting(), TokenWritten("x")]


class answering:  # noqa: N801 - read as a context manager
    """A server that answers each request with a status and a body."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                status, body = answer(self)
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *args):
        self._server.shutdown()
        self._server.server_close()
