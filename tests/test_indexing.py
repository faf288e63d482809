import json

import pytest
from fakes import MemoryStore, WordEncoder

from rag.errors import ArticleError
from rag.indexing import Indexer
from rag.store import open_store
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
    return Indexer(store, encoder, 40, detect=lambda _: "fr").sync(root)


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
    assert encoder.encoded == ["Un\nLe premier article parle de Nanning. Il est bref.", "Il est bref."]
    assert "bref" in store.article("one").text


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("Une ville", "Une ville\nNanning accueille une conférence."),
        ("Nanning accueille…", "Nanning accueille une conférence."),
        ("un " * 11, "Nanning accueille une conférence."),
        ("", "Nanning accueille une conférence."),
    ],
    ids=["its own", "the first words", "long", "none"],
)
def test_a_title_is_read_with_the_passage_but_not_quoted(store, encoder, title, read):
    article = Article("a", title, "Nanning accueille une conférence.", "fr")
    Indexer(store, encoder, 40).add([article])
    assert encoder.encoded == list(dict.fromkeys([read, article.text]))
    (found,) = store.search(encoder.encode_queries(["ville"], ["fr"])[0], ["fr:vill"], limit=1).candidates
    assert (found.lexical > 0) == ("Une ville" in read)
    assert [span.of(article.text) for span in found.passage.sentences] == [article.text]


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


def test_the_same_text_in_two_outlets_is_kept_twice(tmp_path, store, encoder):
    lines = [{"id": name, "title": "Le port", "text": "Le port rouvre.", "outlet": name} for name in ("a", "b", "b2")]
    lines[2]["outlet"] = "b"
    (tmp_path / "press.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    report = run(tmp_path / "press.jsonl", store, encoder)
    assert (report.added, len(report.duplicates)) == (("a", "b"), 1)


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
    report = Indexer(store, encoder, 40).add([first, error])
    assert (report.added, report.failures, report.removed) == (("sent",), (error,), ())
    assert Indexer(store, encoder, 40).add([first]).unchanged == ("sent",)
    assert Indexer(store, encoder, 40).add([second]).updated == ("sent",)
    assert run(folder, store, encoder).unchanged == ("one", "two")
    assert store.article("sent") == second


def test_an_article_of_a_file_is_replaced_only_once_the_file_is_gone(folder, store, encoder):
    run(folder, store, encoder)
    sent = Article("one", "One", "Another article of this name.", "en", origin="upload/one.txt")
    (failure,) = Indexer(store, encoder, 40).add([sent]).failures
    assert failure.key == "id_taken"
    (folder / "one.txt").unlink()
    assert Indexer(store, encoder, 40).add([sent]).updated == ("one",)


def test_work_that_its_progress_ends_leaves_whole_batches(folder, store, encoder, monkeypatch):
    monkeypatch.setattr("rag.indexing.BATCH", 1)
    fractions = []

    def progress(stage, fraction):
        fractions.append((stage, fraction))
        if stage == "embed" and fraction > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Indexer(store, encoder, 40, progress, detect=lambda _: "fr").sync(folder)
    assert [summary.id for summary in store.articles()] == ["one"]
    assert run(folder, store, encoder).added == ("two",)


def test_a_file_that_is_renamed_is_not_encoded_again(folder, store, encoder):
    run(folder, store, encoder)
    encoder.encoded.clear()
    (folder / "two.txt").rename(folder / "zwei.txt")
    report = run(folder, store, encoder)
    assert (report.added, report.removed) == (("zwei",), ("two",))
    assert encoder.encoded == []


def test_articles_are_taken_before_the_next_are_read(folder, store, encoder, monkeypatch):
    monkeypatch.setattr("rag.indexing.BATCH", 2)
    lines = [json.dumps({"id": f"n{i}", "text": f"Article {i} sur Nanning."}) for i in range(9)]
    (folder / "many.jsonl").write_text("\n".join(lines), encoding="utf-8")
    held = []

    def detect(_):
        held.append(len(encoder.encoded))
        return "fr"

    Indexer(store, encoder, 40, detect=detect).sync(folder / "many.jsonl")
    assert held == sorted(held)
    assert len(set(held)) == 5


class OtherEncoder(CountingEncoder):
    fingerprint = "words-2"


@pytest.fixture
def kept(tmp_path):
    with open_store(tmp_path / "collection") as store:
        yield store


def asked(store, encoder):
    (vector,) = encoder.encode_queries(["Nanning"], ["fr"])
    return store.search(vector, [], limit=5)


def test_the_old_encoder_answers_until_the_new_one_can(folder, kept, tmp_path):
    old, new = CountingEncoder(), OtherEncoder()
    run(folder, kept, old)
    seen = []

    def progress(stage, _):
        with open_store(tmp_path / "collection") as other:
            seen.append((stage, asked(other, old).encoder))

    Indexer(kept, new, 40, progress, detect=lambda _: "fr").sync(folder)
    assert {stage for stage, _ in seen} >= {"reencode"}
    assert {encoder for stage, encoder in seen if stage == "reencode"} == {old.fingerprint}
    result = asked(kept, new)
    assert (result.encoder, len(result.candidates)) == (new.fingerprint, 2)
    assert kept.check() == ()


def test_a_change_of_the_encoder_that_was_interrupted_goes_on(folder, kept, monkeypatch):
    monkeypatch.setattr("rag.indexing.BATCH", 1)
    old, new = CountingEncoder(), OtherEncoder()
    run(folder, kept, old)
    (entry,) = Indexer(MemoryStore(), new, 40).entries([kept.article("one")])
    digests = entry.passage_digests
    new.encoded.clear()

    def stop(stage, _):
        if stage == "reencode" and kept.vectors(new.fingerprint, digests):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Indexer(kept, new, 40, stop, detect=lambda _: "fr").sync(folder)
    assert asked(kept, old).encoder == old.fingerprint
    assert run(folder, kept, old).unchanged == ("one", "two")
    first = len(new.encoded)
    run(folder, kept, new)
    assert 0 < first < len(new.encoded) == len(set(new.encoded))
    assert asked(kept, new).encoder == new.fingerprint


def test_what_another_process_adds_meanwhile_is_encoded_as_well(folder, kept, tmp_path):
    old, new = CountingEncoder(), OtherEncoder()
    run(folder, kept, old)
    late = Article("late", "Late", "What came while the others were encoded.", "en", origin="upload/late")

    def progress(stage, _):
        if stage == "reencode" and "late" not in {summary.id for summary in kept.articles()}:
            with open_store(tmp_path / "collection") as other:
                Indexer(other, old, 40).add([late])

    Indexer(kept, new, 40, progress, detect=lambda _: "fr").sync(folder)
    assert {c.article.id for c in asked(kept, new).candidates} == {"one", "two", "late"}
    assert kept.check() == ()


def test_a_killed_sync_goes_on_from_its_last_batch(folder, kept, monkeypatch):
    monkeypatch.setattr("rag.indexing.BATCH", 1)
    encoder = CountingEncoder()
    put, killed = kept.put, []

    def put_once(entries):
        if killed:
            raise KeyboardInterrupt
        killed.append(True)
        put(entries)

    monkeypatch.setattr(kept, "put", put_once)
    with pytest.raises(KeyboardInterrupt):
        run(folder, kept, encoder)
    monkeypatch.setattr(kept, "put", put)
    assert [summary.id for summary in kept.articles()] == ["one"]
    report = run(folder, kept, encoder)
    assert (report.added, report.unchanged) == (("two",), ("one",))
