"""The commands as a person runs them: real processes, the bundled encoder, the seed articles."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "onnx",
    "sklearn",
    "scipy",
    "lxml",
    "trafilatura",
    "pypdfium2",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data folder in which the seed collection was made, by the first question."""
    data = tmp_path_factory.mktemp("home") / "data"
    assert run("ask", "Qu'est-ce que ViGen ?", data=data).returncode == 0
    return data


def environment(data, **more):
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("RAG_") or name == "RAG_CACHE_DIR"
    }
    return clean | {"RAG_DATA_DIR": str(data), "LC_ALL": "C.UTF-8", "XDG_CONFIG_HOME": str(data)} | more


def run(command, *words, data, stdin="", **more):
    return subprocess.run(
        [BIN / command, *words], env=environment(data, **more), input=stdin, capture_output=True, text=True, check=False
    )


def test_an_answer_names_its_source_and_shows_the_words(home):
    done = run("ask", "Qu'est-ce que ViGen ?", data=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Le premier projet d'AIV est ViGen" in done.stdout
    assert "[1] baoquocte.vn · 2025-12-07" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("question", "evidence"),
    [
        ("Combien de délégués étaient présents à Nanning ?", "300 délégués"),
        ("Who suggested that Vietnam build a website to attract talent?", "Le Ba Tiep"),
        ("Tập đoàn nào sẽ tài trợ hai sự kiện?", "Viettel"),
        ("越南驻旧金山总领事是谁?", "Hoang Anh Tuan"),
    ],
)
def test_json_is_one_answer_whose_quotes_are_slices(home, question, evidence):
    answer = json.loads(run("ask", "--json", question, data=home).stdout)
    assert answer["status"] == "answered"
    assert any(evidence in citation["quote"] for citation in answer["citations"])
    for citation in answer["citations"]:
        article = json.loads(run("rag", "show", "--json", citation["article_id"], data=home).stdout)
        assert article["text"][citation["start"] : citation["stop"]] == citation["quote"]
    for claim in answer["claims"]:
        assert answer["text"][claim["start"] : claim["stop"]] == claim["text"]


@pytest.mark.parametrize("question", ["Quelle est la capitale de l'Australie ?", "Who won the 2022 FIFA World Cup?"])
def test_what_the_articles_do_not_say_is_declined(home, question):
    done = run("ask", question, data=home)
    assert done.returncode == 3
    assert done.stdout.splitlines()[0] in {"Les articles ne le disent pas.", "The articles do not say."}
    assert "baoquocte.vn" in done.stdout


def test_the_question_may_come_through_a_pipe(home):
    assert "ViGen" in run("ask", data=home, stdin="ViGen là gì?\n").stdout
    assert "ViGen" in run("ask", "-", data=home, stdin="ViGen là gì?\n").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ask", ""), 2, "question is empty"),
        (("ask", "   "), 2, "question is empty"),
        (("ask", "a" * 100_000), 2, "100000 characters"),
        (("ask", "--since", "soon", "Quoi ?"), 2, "--since"),
        (("ask", "--nonsense", "Quoi ?"), 2, "--nonsense"),
        (("ask", "--collection", "absent", "Quoi ?"), 1, "absent"),
        (("ask", "--collection", "../up", "Quoi ?"), 2, "collection"),
        (("rag", "sync", "/nowhere/at/all"), 1, "/nowhere/at/all"),
        (("rag", "show", "absent"), 1, "absent"),
        (("rag", "remove", "absent"), 1, "absent"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(home, words, code, said):
    done = run(*words, data=home)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_errors_speak_the_language_of_the_user(home):
    assert "question est vide" in run("ask", " ", data=home, LC_ALL="fr_FR.UTF-8").stderr
    assert "Câu hỏi" in run("ask", " ", data=home, RAG_INTERFACE="vi").stderr


def test_the_language_of_the_question_can_be_told(home):
    assert "Các bài báo" in run("ask", "--lang", "vi", "Who won the 2022 World Cup?", data=home).stdout
    assert run("ask", "--lang", "english", "ViGen?", data=home).returncode == 2


def test_filters_narrow_the_articles(home):
    assert run("ask", "--article-lang", "vi", "ViGen là gì?", data=home).returncode == 3
    assert run("ask", "--until", "2024", "ViGen là gì?", data=home).returncode == 3
    assert run("ask", "--source", "baoquocte.vn", "--since", "2025-12", "ViGen là gì?", data=home).returncode == 0


def test_a_closed_pipe_is_quiet(home):
    command = f"'{BIN}/rag' list | head -c 1"
    done = subprocess.run(["bash", "-c", command], env=environment(home), capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_one_s_own_articles_are_synced_listed_shown_searched_and_removed(tmp_path):
    press, data = tmp_path / "press", tmp_path / "data"
    press.mkdir()
    line = {
        "id": "a1",
        "title": "Port",
        "text": "Le port de Brest a traité 70 000 conteneurs en mai.",
        "outlet": "Ouest",
    }
    (press / "lines.jsonl").write_text(json.dumps(line) + "\n{bad\n", encoding="utf-8")
    (press / "note.md").write_text("---\ntitle: Note\ndate: 2024-05-02\n---\nThe mayor\x1b[31m resigned.\n", "utf-8")

    def rag(*words):
        return run("rag", *words, "--collection", "press", data=data)

    done = rag("sync", str(press))
    assert done.returncode == 1, "one line could not be taken"
    assert "2 added" in done.stdout
    assert "lines.jsonl:2" in done.stdout
    listed = rag("list").stdout
    assert "a1" in listed
    assert "2024-05-02" in listed
    note = next(line.split("\t")[0] for line in listed.splitlines() if "Note" in line)
    shown = rag("show", note).stdout
    assert "The mayor resigned." in shown
    assert "\x1b" not in shown
    assert "70 000 conteneurs" in rag("search", "combien de conteneurs à Brest").stdout
    assert rag("remove", "a1").returncode == 0
    assert "a1" not in rag("list").stdout


def test_a_dry_run_tells_what_it_would_do_and_does_nothing(tmp_path):
    (tmp_path / "press").mkdir()
    (tmp_path / "press" / "note.txt").write_text("The mayor resigned.\n", encoding="utf-8")
    command = ("rag", "sync", str(tmp_path / "press"), "--collection", "press", "--dry-run")
    done = run(*command, data=tmp_path / "data")
    assert done.returncode == 0
    assert done.stdout.startswith("+ note  new  ")
    assert not (tmp_path / "data").exists()
    plan = json.loads(run(*command, "--json", data=tmp_path / "data").stdout)
    assert [(change["action"], change["why"], change["id"]) for change in plan["changes"]] == [("added", "new", "note")]


def test_a_folder_that_is_watched_stays_in_step(tmp_path):
    press = tmp_path / "press"
    press.mkdir()
    (press / "one.txt").write_text("The mayor resigned.\n", encoding="utf-8")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it ignored
    process = subprocess.Popen(
        [BIN / "rag", "sync", press, "--collection", "press", "--watch"],
        env=environment(tmp_path / "data", PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    try:
        assert "1 added" in process.stdout.readline()
        (press / "two.txt").write_text("The port was closed.\n", encoding="utf-8")
        assert "1 added, 0 updated, 0 removed, 1 unchanged" in process.stdout.readline()
        (press / "one.txt").unlink()
        assert "0 added, 0 updated, 1 removed, 1 unchanged" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in complaint
    finally:
        process.kill()
    assert run("rag", "list", "--collection", "press", data=tmp_path / "data").stdout.startswith("two")


def test_a_collection_is_exported_backed_up_imported_listed_and_removed(home, tmp_path):
    def rag(*words, **given):
        return run("rag", *words, data=home, **given)

    archive, backup = str(tmp_path / "seeds.zip"), str(tmp_path / "seeds.sqlite3")
    assert rag("export", "seeds", "--output", archive).returncode == 0
    assert rag("backup", "seeds", backup).returncode == 0
    again = rag("backup", "seeds", backup)
    assert (again.returncode, "--force" in again.stderr) == (1, True)
    assert rag("import", archive, "--collection", "copy").returncode == 0
    nameless = rag("import", backup)
    assert (nameless.returncode, "--collection" in nameless.stderr) == (2, True)
    assert rag("import", backup, "--collection", "back").returncode == 0
    assert [line.partition(":")[0] for line in rag("collections").stdout.splitlines()] == ["back", "copy", "seeds"]
    assert "300 délégués" in run("ask", "--collection", "copy", "Combien de délégués à Nanning ?", data=home).stdout
    kept = rag("collections", "remove", "copy", stdin="n\n")
    assert (kept.returncode, "2 articles" in kept.stderr) == (130, True)
    for name in ("copy", "back"):
        assert rag("collections", "remove", name, "--yes").returncode == 0
    assert list(json.loads(rag("collections", "--json").stdout)) == ["seeds"]
    assert rag("collections", "remove", "../seeds", "--yes").returncode == 2
    away = rag("collections", RAG_SERVER="http://127.0.0.1:9")
    assert (away.returncode, "rag collections" in away.stderr) == (2, True)


def test_what_was_left_out_of_an_article_is_listed(home):
    removed = run("rag", "show", "--removed", "004_a6f17d8585a5a710", data=home).stdout
    assert "Comment (0)" in removed
    assert "![]() |" in removed


def test_the_settings_are_listed_with_their_origin(home):
    rows = json.loads(run("rag", "config", "--json", data=home, RAG_TOP_K="7").stdout)
    assert rows["top_k"] == {"value": 7, "origin": "RAG_TOP_K"}
    assert rows["encoder"] == {"value": "bundled", "origin": "default"}


def test_a_damaged_index_is_mended_and_said_so(home):
    for index in (home / "collections" / "seeds" / "snapshots").glob("*/*.faiss"):
        content = bytearray(index.read_bytes())
        content[len(content) // 2] ^= 1
        index.write_bytes(content)
    done = run("ask", "Qu'est-ce que ViGen ?", data=home)
    assert done.returncode == 0
    assert "ViGen" in done.stdout
    assert "seeds" in done.stderr
    assert run("ask", "Qu'est-ce que ViGen ?", data=home).stderr == ""


def test_the_doctor_finds_a_healthy_house_healthy(home):
    done = run("rag", "doctor", "--json", data=home)
    found = json.loads(done.stdout)
    assert done.returncode == 0, found["problems"]
    assert found["dimension"] == 384
    assert found["collections"]["seeds"]["articles"] == 2


def test_the_doctor_finds_a_damaged_database(home, tmp_path):
    data = tmp_path / "data"
    folder = data / "collections" / "broken"
    folder.mkdir(parents=True)
    (folder / next((home / "collections" / "seeds").glob("*.sqlite*")).name).write_bytes(b"not a database" * 100)
    done = run("rag", "doctor", data=data)
    assert done.returncode == 1
    assert str(folder) in done.stdout
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = run("ask", "Quoi de neuf ?", data=tmp_path / "file")
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_command_says_so_by_its_code(home):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it ignored
    process = subprocess.Popen([BIN / "ask"], env=environment(home), stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    signal.signal(signal.SIGINT, before)
    time.sleep(3)  # it waits for a question on stdin
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in complaint


def test_help_teaches_with_examples_and_loads_nothing_heavy(home):
    done = run("ask", "--help", data=home)
    assert "ViGen là gì?" in done.stdout
    probe = "import sys, rag.cli; print(*sorted(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & (HEAVY | {"numpy", "pydantic", "faiss", "onnxruntime", "rich"})


def test_the_path_of_a_question_loads_no_training_library(home):
    probe = (
        "import sys\nfrom rag.settings import load\nfrom rag.opening import open_engine\n"
        "with open_engine(load()) as engine: answer = engine.ask('Qui a fondé GotIt ?')\n"
        "assert answer.status == 'answered'\nprint(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], env=environment(home), capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & HEAVY


def test_nothing_is_fetched_unless_it_is_allowed_and_then_from_public_addresses_alone(tmp_path):
    done = run("rag", "add", "http://127.0.0.1/", data=tmp_path / "data")
    assert done.returncode == 2
    assert "RAG_ALLOW_FETCH=1" in done.stderr
    assert not (tmp_path / "data").exists()
    done = run("rag", "add", "http://127.0.0.1/", "--collection", "press", data=tmp_path / "data", RAG_ALLOW_FETCH="1")
    assert done.returncode == 1
    assert "private network" in done.stdout
    assert run("rag", "add", "--allow-fetch", data=tmp_path / "data").returncode == 2
