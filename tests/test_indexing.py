import json

import pytest
from fakes import MemoryStore, WordEncoder

from rag.errors import ArticleError
from rag.indexing import add, sync
from rag.types import Article


class CountingEncoder(WordEncoder):
    def __init__(self):
        super().__init__()
        self.encoded = []

    def encode_passages(self, texts, languages, progress=lambda *_: None):
        self.encoded.extend(texts)
        return super().encode_passages(texts, languages, progress)


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def encoder():
    return CountingEncoder()


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "press"
    root.mkdir()
    (root / "one.txt").write_text("Un\n\nLe premier article parle de Nanning. Il est court.\n", encoding="utf-8")
    (root / "two.txt").write_text("Deux\n\nLe deuxième article parle de Hanoï. Il est long.\n", encoding="utf-8")
    return root


def run(root, store, encoder):
    return sync(root, store=store, encoder=encoder, detect=lambda _: "fr", passage_tokens=40)


def test_a_folder_is_added_then_nothing_is_left_to_do(folder, store, encoder):
    assert run(folder, store, encoder).added == ("one", "two")
    encoded = len(encoder.encoded)
    report = run(folder, store, encoder)
    assert (report.added, report.updated, report.removed, report.unchanged) == ((), (), (), ("one", "two"))
    assert len(encoder.encoded) == encoded > 0


def test_a_changed_sentence_is_encoded_alone_with_its_passage(folder, store, encoder):
    run(folder, store, encoder)
    encoder.encoded.clear()
    changed = (folder / "one.txt").read_text(encoding="utf-8").replace("court", "bref")
    (folder / "one.txt").write_text(changed, encoding="utf-8")
    assert run(folder, store, encoder).updated == ("one",)
    assert encoder.encoded == ["Le premier article parle de Nanning. Il est bref.", "Il est bref."]
    assert "bref" in store.article("one").text


def test_what_left_the_folder_leaves_the_collection(folder, store, encoder):
    run(folder, store, encoder)
    (folder / "two.txt").unlink()
    assert run(folder, store, encoder).removed == ("two",)
    assert [summary.id for summary in store.articles()] == ["one"]


def test_articles_from_elsewhere_stay(folder, store, encoder, tmp_path):
    run(folder, store, encoder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "three.txt").write_text("Trois\n\nUn autre article, venu d'ailleurs.\n", encoding="utf-8")
    report = run(other, store, encoder)
    assert (report.added, report.removed) == (("three",), ())
    assert {summary.id for summary in store.articles()} == {"one", "two", "three"}


def test_the_same_id_from_elsewhere_takes_nothing_away(folder, store, encoder, tmp_path):
    run(folder, store, encoder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "one.txt").write_text("Un\n\nUn tout autre texte sous le même nom.\n", encoding="utf-8")
    report = run(other, store, encoder)
    assert report.added == ()
    assert "one" in str(report.failures[0])
    assert "Nanning" in store.article("one").text


def test_a_folder_that_moved_keeps_its_articles(folder, store, encoder):
    run(folder, store, encoder)
    moved = folder.rename(folder.parent / "archive")
    report = run(moved, store, encoder)
    assert (report.updated, report.failures) == (("one", "two"), ())
    assert all(summary.origin.startswith(str(moved)) for summary in store.articles())


def test_a_damaged_file_keeps_what_it_had_brought(folder, store, encoder):
    run(folder, store, encoder)
    (folder / "one.txt").write_bytes(b"\x00\x01\x02binary\x00")
    report = run(folder, store, encoder)
    assert "one.txt" in str(report.failures[0])
    assert report.removed == ()
    assert "Nanning" in store.article("one").text


def test_a_bad_line_is_named_and_the_rest_is_taken(tmp_path, store, encoder):
    path = tmp_path / "articles.jsonl"
    good = [json.dumps({"id": f"n{i}", "text": f"Article {i} sur Nanning."}) for i in range(3)]
    path.write_text("\n".join([good[0], "{not json", good[1], good[2]]), encoding="utf-8")
    report = run(path, store, encoder)
    assert report.added == ("n0", "n1", "n2")
    assert "articles.jsonl:2" in str(report.failures[0])


def test_the_same_text_twice_is_kept_once(folder, store, encoder):
    (folder / "copy.txt").write_text((folder / "one.txt").read_text(encoding="utf-8"), encoding="utf-8")
    report = run(folder, store, encoder)
    assert len(report.added) == 2
    ((copy, first),) = report.duplicates
    assert copy.endswith("one.txt")
    assert first.endswith("copy.txt")


def test_a_folder_without_articles_and_a_path_that_is_not_there_are_errors(tmp_path, store, encoder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArticleError, match="empty"):
        run(tmp_path / "empty", store, encoder)
    with pytest.raises(ArticleError, match="absent"):
        run(tmp_path / "absent", store, encoder)


def test_another_encoder_takes_the_whole_collection_over(folder, store, encoder, tmp_path):
    run(folder, store, encoder)
    other = CountingEncoder()
    other.fingerprint = "words-2"
    (folder / "two.txt").unlink()
    (tmp_path / "single.txt").write_text("Seul\n\nUn article seul, venu d'ailleurs.\n", encoding="utf-8")
    assert run(tmp_path / "single.txt", store, other).added == ("single",)
    assert store.state().encoder == "words-2"
    assert {summary.id for summary in store.articles()} == {"one", "two", "single"}
    assert any("Nanning" in text for text in other.encoded)


def test_articles_without_a_file_are_added_and_replaced_and_stay_when_a_folder_is_synced(folder, store, encoder):
    run(folder, store, encoder)
    first, second = (Article("sent", "Sent", f"Version {n} of what was sent.", "en", origin="upload/a") for n in (1, 2))
    error = ArticleError("article_empty", origin="b")
    report = add([first, error], store=store, encoder=encoder, passage_tokens=40)
    assert (report.added, report.failures, report.removed) == (("sent",), (error,), ())
    assert add([first], store=store, encoder=encoder, passage_tokens=40).unchanged == ("sent",)
    assert add([second], store=store, encoder=encoder, passage_tokens=40).updated == ("sent",)
    assert run(folder, store, encoder).unchanged == ("one", "two")
    assert store.article("sent") == second


def test_an_article_of_a_file_is_replaced_only_once_the_file_is_gone(folder, store, encoder):
    run(folder, store, encoder)
    sent = Article("one", "One", "Another article of this name.", "en", origin="upload/one.txt")
    (failure,) = add([sent], store=store, encoder=encoder, passage_tokens=40).failures
    assert failure.key == "id_taken"
    (folder / "one.txt").unlink()
    assert add([sent], store=store, encoder=encoder, passage_tokens=40).updated == ("one",)


def test_work_that_its_progress_ends_leaves_whole_batches(folder, store, encoder, monkeypatch):
    monkeypatch.setattr("rag.indexing.BATCH", 1)
    fractions = []

    def progress(stage, fraction):
        fractions.append((stage, fraction))
        if (stage, fraction) == ("embed", 0.5) and len(fractions) > 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        sync(folder, store=store, encoder=encoder, detect=lambda _: "fr", passage_tokens=40, progress=progress)
    assert [summary.id for summary in store.articles()] == ["one"]
    assert run(folder, store, encoder).added == ("two",)
