"""Archives and XML that are made to harm are refused before they do."""

import tracemalloc
import zipfile

import pytest
from documents import docx, epub, odt, paragraph, zipped
from linearity import assert_linear

from rag.articles import read
from rag.articles.archive import opened, tree
from rag.errors import ArticleError

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><x>&c;</x>'
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'


def read_one(path):
    (found,) = read(path, detect=lambda _: "fr")
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("xml", [LAUGHS, OUTSIDE, OUTSIDE.replace("ENTITY", "entity")])
def test_xml_with_entities_is_refused(xml, encoding):
    with pytest.raises(ArticleError):
        tree(xml.replace('<?xml version="1.0"?>', "").encode(encoding), "a")


@pytest.mark.parametrize(
    ("suffix", "name"), [("docx", "word/document.xml"), ("odt", "content.xml"), ("epub", "META-INF/container.xml")]
)
def test_no_format_takes_them(tmp_path, suffix, name):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(zipped({name: LAUGHS}))
    assert read_one(path).key == "xml_entities"
    path.write_bytes(zipped({name: b"<x/>" + b" " * (8 << 20)}))  # a thousand times its size in the archive
    assert read_one(path).key == "document_bomb"


def test_a_member_is_decompressed_no_further_than_its_limit(tmp_path):
    path = tmp_path / "a.docx"
    path.write_bytes(zipped({"word/document.xml": bytes(300 << 20)}))
    tracemalloc.start()
    error = read_one(path)
    assert error.key == "document_bomb"
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


def test_what_the_directory_says_of_a_members_size_does_not_count(tmp_path):
    path = tmp_path / "a.docx"
    data = bytearray(zipped({"word/document.xml": bytes(8 << 20)}))
    for signature, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.index(signature) + place
        data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    assert isinstance(read_one(path), ArticleError)


def test_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.articles.archive.MEMBERS", 3)
    path = tmp_path / "a.odt"
    path.write_bytes(zipped({str(i): "x" for i in range(4)}))
    assert read_one(path).key == "document_bomb"


def test_all_members_together_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.articles.archive.LARGEST_WHOLE", 1500)
    path = tmp_path / "a.epub"
    path.write_bytes(epub("<p>" + "Une phrase. " * 100 + "</p>"))
    assert read_one(path).key == "document_bomb"


def test_an_encrypted_member_is_told(tmp_path):
    path = tmp_path / "a.docx"
    data = bytearray(docx(paragraph("Une phrase.")))
    for signature, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(signature) + place] |= 1
    path.write_bytes(data)
    assert read_one(path).key == "document_encrypted"
    path = tmp_path / "a.odt"
    path.write_bytes(zipped({"META-INF/manifest.xml": "<m:encryption-data/>", "content.xml": b"\x01\x02"}))
    assert read_one(path).key == "document_encrypted"


def test_names_that_lead_out_of_the_archive_lead_nowhere(tmp_path):
    sentinel = tmp_path / "outside.xhtml"
    sentinel.write_text("<p>secret</p>")
    path = tmp_path / "in" / "a.epub"
    path.parent.mkdir()
    package = "<package><manifest>{}</manifest><spine>{}</spine></package>"
    for href in ("../../outside.xhtml", str(sentinel), "file://" + str(sentinel), "%2e%2e/%2e%2e/outside.xhtml"):
        item = f'<item id="a" href="{href}" media-type="application/xhtml+xml"/>'
        opf = package.format(item, '<itemref idref="a"/>')
        container = '<c><rootfile full-path="O/a.opf"/></c>'
        path.write_bytes(zipped({"META-INF/container.xml": container, "O/a.opf": opf, "../outside.xhtml": "<p>x</p>"}))
        found = list(read(path, detect=lambda _: "fr"))
        assert all(isinstance(each, ArticleError) for each in found)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.epub", "in", "outside.xhtml"]
    assert sentinel.read_text() == "<p>secret</p>"


def test_deep_and_wide_xml_is_read_or_refused(tmp_path):
    for name, data in {
        "a.docx": docx("<w:p>" * 100_000 + "</w:p>" * 100_000),
        "b.docx": docx(paragraph("a" * 5_000_000)),
        "a.odt": odt("<text:span>" * 5_000 + "</text:span>" * 5_000),
        "b.docx ": docx("<w:tr><w:tc>" * 100 + paragraph("Une phrase.") + "</w:tc></w:tr>" * 100),
    }.items():
        path = tmp_path / name.strip()
        path.write_bytes(data)
        found = read_one(path)
        assert isinstance(found, ArticleError) or found.text


def test_time_is_linear(tmp_path):
    def work(size):
        (tmp_path / "a.docx").write_bytes(docx("<w:tr><w:tc><w:p><w:r><w:t>mot</w:t></w:r></w:p></w:tc></w:tr>" * size))
        read_one(tmp_path / "a.docx")

    assert_linear(work, 1000)


def test_the_archive_is_closed_and_never_written_out(tmp_path):
    path = tmp_path / "a.odt"
    path.write_bytes(odt("<text:p>Une phrase.</text:p>"))
    with opened(path, "a.odt") as archive:
        assert archive.read("content.xml")
        assert archive.read("nothing") == b""
    assert [p.name for p in tmp_path.iterdir()] == ["a.odt"]
    assert zipfile.is_zipfile(path)
