"""A collection goes into a file and comes back; a file that someone made to do harm does none."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import WordEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag import archive
from rag.archive import import_archive, import_backup, is_backup, opened, write_archive
from rag.errors import ArchiveError, StoreError
from rag.indexing import Indexer
from rag.opening import collections, open_collection
from rag.settings import load
from rag.types import Article, Removed, Span

ARTICLES = (
    Article(
        "rail",
        "Le rail",
        "Le rail avance.\n\nIl coûte 300 millions.\n\nLa gare de Hué ouvre en mai.",
        "fr",
        "https://p.vn/1",
        "Paper",
        "2025-06",
        headings=(Span(0, 15),),
        removed=(Removed("Pub", "advertisement"),),
        origin="/home/me/press/rail.txt:3",
    ),
    Article("cảng", "Cảng", "Cảng mở cửa. Tàu đến.", "vi", published="2024", published_inferred=True, pages=(0, 13)),
)


class CountingEncoder(WordEncoder):
    def __init__(self, fingerprint="words-1"):
        super().__init__()
        self.fingerprint = fingerprint
        self.encoded = 0

    def encode_passages(self, texts, languages, progress=lambda *_: None):
        self.encoded += len(texts)
        return super().encode_passages(texts, languages, progress)


@pytest.fixture(autouse=True)
def encoder(monkeypatch):
    encoder = CountingEncoder()
    monkeypatch.setattr(archive, "load_encoder", lambda *_, **__: encoder)
    return encoder


@pytest.fixture
def here(tmp_path):
    """The settings of a data folder that has a collection press."""
    here = load(data_dir=tmp_path / "data", collection="press")
    with open_collection(here, create=True) as store:
        store.put(Indexer(store, WordEncoder(), 60).entries(ARTICLES))
    return here


@pytest.fixture
def file(here, tmp_path):
    with open_collection(here) as store:
        assert write_archive(store, "press", tmp_path / "press.zip") == 2
    return tmp_path / "press.zip"


def articles_of(here, name):
    with open_collection(replace(here, collection=name)) as store:
        assert store.check() == ()
        return [store.article(summary.id) for summary in store.articles()]


def test_a_collection_comes_back_as_it_was_and_nothing_is_encoded(here, file, encoder):
    name, state = import_archive(file, here, name="copy")
    assert (name, state.articles, encoder.encoded) == ("copy", 2, 0)
    kept = [replace(article, origin=Path(article.origin).name) for article in ARTICLES]
    assert articles_of(here, "copy") == kept
    vector = encoder.encode_queries(["rail"], ["fr"])[0]
    with open_collection(here) as one, open_collection(replace(here, collection="copy")) as other:
        found = [store.search(vector, ["fr:rail"], limit=9).candidates for store in (one, other)]
    for before, after in zip(*found, strict=True):
        np.testing.assert_array_equal(before.sentence_vectors, after.sentence_vectors)
        assert (before.passage, before.lexical, before.signature) == (after.passage, after.lexical, after.signature)


def test_another_encoder_encodes_what_was_exported(here, file, encoder):
    encoder.fingerprint = "words-2"
    _, state = import_archive(file, here, name="copy")
    assert (state.encoder, encoder.encoded) == ("words-2", state.passages + state.sentences)


def test_texts_that_are_cut_differently_are_encoded_and_no_vector_is_left_over(here, file, encoder):
    import_archive(file, replace(here, passage_tokens=8), name="copy")
    assert encoder.encoded > 0
    assert [article.id for article in articles_of(here, "copy")] == ["rail", "cảng"]


def test_neither_a_file_nor_a_collection_is_replaced_unless_it_is_wanted(here, file, encoder):
    before = file.read_bytes()
    with open_collection(here) as store:
        with pytest.raises(ArchiveError, match="already"):
            write_archive(store, "press", file)
        assert file.read_bytes() == before
        store.put(Indexer(store, encoder, 60).entries([Article("new", "N", "Nouveau.", "fr")]))
    with pytest.raises(StoreError, match="a collection press already"):
        import_archive(file, here)
    assert len(articles_of(here, "press")) == 3
    assert import_archive(file, here, replace=True)[0] == "press"
    assert len(articles_of(here, "press")) == 2
    with open_collection(here) as store:
        write_archive(store, "press", file, overwrite=True)
    left = {path.name for path in [*here.data_dir.iterdir(), *file.parent.iterdir()]}
    assert left == {"collections", "data", "press.zip"}


def test_an_export_that_fails_leaves_nothing(here, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_line", lambda _: 1 / 0)
    with open_collection(here) as store, pytest.raises(ZeroDivisionError):
        write_archive(store, "press", tmp_path / "press.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_empty_collection_travels_too(here, tmp_path):
    with open_collection(replace(here, collection="empty"), create=True) as store:
        assert write_archive(store, "empty", tmp_path / "empty.zip") == 0
    assert import_archive(tmp_path / "empty.zip", here, name="copy")[1].articles == 0


def members_of(file):
    with zipfile.ZipFile(file) as read:
        return {name: read.read(name) for name in read.namelist()}


def written(file, members, *, consistent=True, change=lambda _: None):
    """Write an archive anew; unless it is to be found out by its hashes, the manifest says what the members are."""
    manifest = json.loads(members["manifest.json"])
    if consistent:
        manifest["members"] = {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in members.items()
            if name in manifest["members"]
        }
    change(manifest)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in (members | {"manifest.json": json.dumps(manifest).encode()}).items():
            made.writestr(name, content)
    return file


def assert_refused(here, file, key):
    sentinel = here.data_dir.parent / "sentinel"
    sentinel.write_text("untouched")
    before = sorted(here.data_dir.parent.rglob("*"))
    with pytest.raises(ArchiveError) as refused:
        import_archive(file, here, name="taken")
    assert refused.value.key == key
    assert sorted(here.data_dir.parent.rglob("*")) == before
    assert sentinel.read_text() == "untouched"
    assert collections(here) == ["press"]


@pytest.mark.parametrize(
    "name",
    ["../sentinel", "/tmp/sentinel", "..\\sentinel", "sub/articles.jsonl", "model.pkl"],
)
def test_a_member_of_another_name_is_refused_and_nothing_is_unpacked(here, file, name):
    written(file, members_of(file) | {name: b"owned"})
    assert_refused(here, file, "archive_foreign")


@pytest.mark.parametrize("member", ["articles.jsonl", "vectors.bin", "manifest.json"])
def test_a_member_that_is_missing_or_there_twice_is_refused(here, file, member):
    members = members_of(file)
    with zipfile.ZipFile(file, "a") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr(member, members[member])
    assert_refused(here, file, "archive_foreign")
    with zipfile.ZipFile(file, "w") as made:
        for name in members.keys() - {member}:
            made.writestr(name, members[name])
    assert_refused(here, file, "archive_foreign")


def test_a_symbolic_link_is_refused(here, file):
    members = members_of(file)
    with zipfile.ZipFile(file, "w") as made:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            if name == "vectors.bin":
                info.external_attr = 0o120777 << 16
            made.writestr(info, content)
    assert_refused(here, file, "archive_foreign")


def test_a_bomb_is_refused_before_it_goes_off(here, file):
    written(file, members_of(file) | {"articles.jsonl": b" " * (64 << 20)})
    assert file.stat().st_size < 1 << 20
    assert_refused(here, file, "archive_too_large")


def test_members_that_share_their_bytes_are_refused(here, file):
    """David Fifield, "A better zip bomb", 2019: what is packed is more than the file is long."""
    content = bytearray(file.read_bytes())
    for sign, place in ((b"PK\x01\x02", 20), (b"PK\x03\x04", 18)):
        start = content.find(sign)
        content[start + place : start + place + 4] = (len(content) * 2).to_bytes(4, "little")
    file.write_bytes(content)
    with pytest.raises(ArchiveError):
        import_archive(file, here, name="taken")
    assert collections(here) == ["press"]


def test_more_than_can_be_borne_is_refused(here, file, monkeypatch):
    written(file, members_of(file), change=lambda manifest: manifest.update(articles=archive.MOST_ARTICLES + 1))
    assert_refused(here, file, "archive_too_large")
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    assert_refused(here, file, "archive_too_large")


@pytest.mark.parametrize("member", ["articles.jsonl", "vectors.bin"])
def test_what_is_not_what_was_exported_is_refused(here, file, member):
    members = members_of(file)
    changed = bytearray(members[member])
    changed[40] ^= 1
    written(file, members | {member: bytes(changed)}, consistent=False)
    assert_refused(here, file, "archive_damaged")


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"version": 2}, "archive_too_new"),
        ({"version": "1"}, "archive_foreign"),
        ({"format": "other"}, "archive_foreign"),
        ({"collection": "../press"}, "archive_foreign"),
        ({"dimension": -1}, "archive_foreign"),
        ({"dimension": 1 << 30}, "archive_foreign"),
        ({"members": {}}, "archive_foreign"),
        ({"more": 1}, "archive_foreign"),
        ({"articles": 1}, "archive_damaged"),
        ({"articles": 3}, "archive_damaged"),
        ({"articles": None}, "archive_foreign"),
    ],
)
def test_a_manifest_that_is_none_is_refused(here, file, change, key):
    written(file, members_of(file), change=lambda manifest: manifest.update(change))
    assert_refused(here, file, key)


@pytest.mark.parametrize("manifest", [b"", b"[]", b"null", b"{", b"[" * 50_000, b'{"format": 1}'])
def test_a_manifest_that_is_no_object_is_refused(here, file, manifest):
    members = members_of(file)
    with zipfile.ZipFile(file, "w") as made:
        for name, content in members.items():
            made.writestr(name, manifest if name == "manifest.json" else content)
    assert_refused(here, file, "archive_foreign")


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "a\nb"},
        {"text": "Ignore \u202ethis"},
        {"text": "tags \U000e0041"},
        {"title": "two\nlines"},
        {"outlet": "\x1b[2J"},
        {"url": "javascript:alert(1)"},
        {"published": "2025-99"},
        {"published": "yesterday"},
        {"headings": [{"start": 0, "stop": 10**6}]},
        {"pages": [-1]},
        {"removed": [{"text": "x", "reason": "whim"}]},
        {"more": 1},
        {"text": 3},
    ],
)
def test_an_article_that_no_file_could_have_held_is_refused(here, file, change):
    members = members_of(file)
    first, *rest = members["articles.jsonl"].splitlines()
    lines = [json.dumps(json.loads(first) | change).encode(), *rest]
    written(file, members | {"articles.jsonl": b"\n".join(lines) + b"\n"})
    assert_refused(here, file, "archive_damaged")


@pytest.mark.parametrize(
    "change", [lambda v: v[:-1], lambda v: v[:32] + b"\x00\x7c" + v[34:], lambda v: v[:-4] + b"\x00\x44" * 2]
)
def test_a_vector_that_is_none_is_refused(here, file, change):
    members = members_of(file)
    written(file, members | {"vectors.bin": change(members["vectors.bin"])})
    assert_refused(here, file, "archive_damaged")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", b"PK\x05\x06" + b"\0" * 18])
def test_a_file_that_is_no_archive_is_named(here, file, content):
    file.write_bytes(content)
    with pytest.raises(ArchiveError, match=str(file)):
        import_archive(file, here, name="taken")
    with pytest.raises(ArchiveError, match="nowhere"):
        import_archive(file.parent / "nowhere", here, name="taken")


@given(data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_archive_with_a_changed_byte_is_refused_or_says_the_same(file, tmp_path, data):
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "changed.zip").write_bytes(content)
    try:
        with opened(tmp_path / "changed.zip") as changed:
            found = (list(changed.articles()), list(changed.vectors()))
    except ArchiveError:
        return
    with opened(file) as whole:
        assert found == (list(whole.articles()), list(whole.vectors()))


def test_a_backup_is_put_back_as_it_was(here, tmp_path):
    with open_collection(here) as store:
        store.backup(tmp_path / "press.sqlite3")
    assert is_backup(tmp_path / "press.sqlite3")
    back = replace(here, collection="back")
    assert import_backup(tmp_path / "press.sqlite3", back).articles == 2
    assert articles_of(here, "back") == list(ARTICLES)
    with pytest.raises(StoreError, match="already"):
        import_backup(tmp_path / "press.sqlite3", back)


def test_a_damaged_backup_is_not_put_back(here, tmp_path):
    with open_collection(here) as store:
        store.backup(tmp_path / "press.sqlite3")
    content = (tmp_path / "press.sqlite3").read_bytes()
    (tmp_path / "press.sqlite3").write_bytes(content.replace(b"300 millions", b"900 millions"))
    back = replace(here, collection="back")
    with pytest.raises(StoreError, match="damaged"):
        import_backup(tmp_path / "press.sqlite3", back)
    (tmp_path / "press.sqlite3").write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError):
        import_backup(tmp_path / "press.sqlite3", back)
    assert collections(here) == ["press"]
    assert [path.name for path in here.data_dir.iterdir()] == ["collections"]
