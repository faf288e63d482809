from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ArticleError, StorageFull
from rag.uploads import Upload


@pytest.fixture
def upload():
    made = Upload()
    yield made
    made.remove()
    assert not made._folder.exists()


def test_files_of_one_name_do_not_meet(upload):
    for text in (b"First article, long enough.", b"Second article, long enough."):
        upload.add_file("../press/One article.txt", BytesIO(text))
    found = list(upload.articles(lambda _: "en"))
    assert [article.text for article in found] == ["First article, long enough.", "Second article, long enough."]
    assert found[0].id == found[1].id
    assert found[0].origin == found[1].origin == "upload/One article.txt"


def test_records_are_lines_and_a_bad_one_is_named(upload):
    upload.add_records([{"text": "An article\nwith lines.", "title": "T"}, {"text": " "}])
    good, bad = upload.articles(lambda _: "en")
    assert (good.title, good.origin) == ("T", "upload/articles.jsonl:1")
    assert isinstance(bad, ArticleError)


def test_what_is_wrong_with_a_file_is_told_by_the_name_it_came_with(upload, monkeypatch):
    upload.add_file("C:\\press\\Đà Nẵng 1.txt", BytesIO(b""))
    upload.add_file("Many\n.jsonl", BytesIO(b'{"text": "One article."}\n{"text": ""}\n'))
    upload.add_file("Locked.md", BytesIO(b"x"))
    locked = list(upload._files)[-1]
    opened = type(locked).open

    def open_(path, *args, **kwargs):
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(type(locked), "open", open_)
    monkeypatch.setattr(type(locked), "read_bytes", lambda path: open_(path, "rb").read())
    empty, _, line, unreadable = upload.articles(lambda _: "en")
    assert [str(error).partition(": ")[0] for error in (empty, line, unreadable)] == [
        "Đà Nẵng 1.txt",
        "Many.jsonl:2",
        "Locked.md",
    ]
    assert str(upload._folder) not in str(unreadable)


@given(st.text(max_size=300), st.sampled_from([".txt", ".md", ".jsonl", ".exe", ""]))
def test_no_name_leads_out_of_the_folder(name, suffix):
    upload = Upload()
    try:
        upload.add_file(name + suffix, BytesIO(b"An article of one line."))
        list(upload.articles(lambda _: "en"))
        for path in upload._files:
            assert path.resolve().is_relative_to(upload._folder)
            assert path.is_file()
    finally:
        upload.remove()


def test_a_disk_without_space_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(StorageFull):
        Upload()
