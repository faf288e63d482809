"""Files become articles; what cannot be read becomes an error with a name on it."""

import json
import os
from datetime import date
from pathlib import Path

import documents
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.articles import SUFFIXES, find, read
from rag.articles.normalisation import normalise
from rag.errors import ArticleError
from rag.types import Article

SEEDS = Path(__file__).parents[2] / "seeds"
TODAY = date(2026, 6, 1)


def french(_text):
    return "fr"


def read_all(path, **options):
    return list(read(path, detect=french, today=TODAY, **options))


def seed(name):
    (article,) = read_all(SEEDS / name)
    assert isinstance(article, Article)
    return article


NANNING = "000_5aadc083f23c07fc.txt"
SILICON = "004_a6f17d8585a5a710.txt"


def test_the_first_seed_is_read_as_a_person_reads_it():
    article = seed(NANNING)
    assert article.id == article.origin.removesuffix(".txt") == "000_5aadc083f23c07fc"
    assert article.title == "Les entreprises vietnamiennes prennent part à l’arène mondiale de l’IA"
    assert (article.published, article.published_inferred) == ("2025", True)
    assert (article.url, article.outlet, article.language) == (None, None, "fr")
    assert [h.of(article.text) for h in article.headings] == [
        "Les entreprises vietnamiennes prennent activement part au « grand terrain de jeu »",
        "Signature d'un accord de coopération : de l'idée à l'action",
    ]
    assert [r.reason for r in article.removed] == ["caption"] * 6
    assert article.text.startswith("Lors d’un événement sur l’IA+")
    assert article.text.endswith("l'espace mondial de l'innovation.")
    assert len(article.text.split("\n\n")) == 24


def test_the_second_seed_is_read_as_a_person_reads_it():
    article = seed(SILICON)
    assert article.title == "Le 7 décembre, dans la Silicon Valley, l'événement Vietnam – San Francisco Bay Area…"
    assert (article.published, article.published_inferred) == ("2025-12-07", True)
    assert article.outlet == "baoquocte.vn"
    assert article.url is not None
    assert article.url.endswith("-thung-lung-silicon-337262.html")
    assert [h.of(article.text) for h in article.headings] == [
        "Le fondement central du développement durable.",
        "Combler le fossé entre les stratégies mondiales de gestion des connaissances et le Vietnam.",
        "Du partage d'idées à la recommandation de politiques.",
        "L'intelligence artificielle (IA) au Vietnam : un excellent exemple de collaboration efficace.",
        "Des liens plus profonds, des actions plus concrètes.",
        "Établir les bases d'une coopération technologique à long terme.",
        "Passer à une phase de coopération plus approfondie et plus substantielle.",
    ]
    assert [r.reason for r in article.removed] == ["image", "caption"] * 4 + ["source_line", "comment_counter"]
    assert article.text.startswith("Le 7 décembre, dans la Silicon Valley, l'événement Vietnam")
    assert article.text.endswith("dans cette nouvelle ère.")


@pytest.mark.parametrize("name", [NANNING, SILICON])
def test_every_line_of_a_seed_is_kept_or_listed_as_removed(name):
    article = seed(name)
    somewhere = {article.title, *article.text.split("\n\n"), *(removed.text for removed in article.removed)}
    lines = [line for line in normalise((SEEDS / name).read_text("utf-8")).split("\n") if line]
    assert [line for line in lines if line not in somewhere] == []
    assert len(lines) == (bool(name == NANNING) + len(article.text.split("\n\n")) + len(article.removed))


def test_files_are_found_sorted_without_hidden_ones_and_links_that_lead_out(tmp_path):
    folder, outside = tmp_path / "in", tmp_path / "out"
    (folder / "b").mkdir(parents=True)
    (folder / ".git").mkdir()
    outside.mkdir()
    for path in ("b/two.md", "a.TXT", ".hidden.txt", ".git/x.txt", "page.exe", "c.ndjson", "../out/secret.txt"):
        (folder / path).write_text("x")
    (folder / "leak.txt").symlink_to(outside / "secret.txt")
    (folder / "leaks").symlink_to(outside)
    (folder / "again.txt").symlink_to(folder / "a.TXT")
    (folder / "broken.txt").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.txt")
    assert [p.relative_to(folder).as_posix() for p in find(folder)[0]] == ["a.TXT", "again.txt", "b/two.md", "c.ndjson"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ArticleError, match=r"nowhere: it cannot be read \(No such file"):
        find(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"", "a.txt: the file is empty"),
        ("a.txt", b" \n\n", "a.txt: the file is empty"),
        ("a.md", b"PK\x03\x04\x00\x00", "a.md: the file is binary"),
        ("a.jsonl", b"", "a.jsonl: the file is empty"),
        ("a.jsonl", b"\x00\x01", "a.jsonl: the file is binary"),
        ("a.txt", "\u200b\u200b".encode(), "a.txt: nothing is left"),
        ("a.txt", b"![]() |\nComment (0)\n", "a.txt: nothing is left"),
        ("a.exe", b"<p>x", "no format of this suffix"),
    ],
)
def test_a_file_that_holds_no_article_is_one_error(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    (error,) = read_all(tmp_path / name)
    assert isinstance(error, ArticleError)
    assert message in str(error)


def test_a_file_that_is_missing_too_large_or_outside_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.articles.plain.LARGEST", 10)
    (tmp_path / "large.txt").write_text("x" * 11)
    (tmp_path / "in").mkdir()
    for path, root, message in [
        (tmp_path / "missing.txt", tmp_path, "cannot be read"),
        (tmp_path / "large.txt", tmp_path, "larger than"),
        (tmp_path / "large.txt", tmp_path / "in", "is not below"),
        (tmp_path / "in" / ".." / "large.txt", tmp_path / "in", "is not below"),
    ]:
        (error,) = read_all(path, root=root)
        assert isinstance(error, ArticleError)
        assert message in str(error)


def test_origins_and_ids_come_from_the_path_below_the_root(tmp_path):
    (tmp_path / "un").mkdir()
    (tmp_path / "un" / "a.txt").write_text("Une phrase.")
    (article,) = read_all(tmp_path / "un" / "a.txt", root=tmp_path)
    assert article.origin == "un/a.txt"
    assert article.id.startswith("un-a-")
    (same,) = read_all(tmp_path / "un" / ".." / "un" / "a.txt", root=tmp_path)
    assert same == article


LONG = "Une phrase assez longue pour être un article. " * 5


def files():
    """A file of each kind."""
    text = "Une phrase."
    page = f"<p>{text}</p>"
    feed = f"<rss><channel><item><description>{text}</description></item></channel></rss>"
    mail = "Subject: T\nDate: Tue, 11 Mar 2025 08:00:00 +0100\nContent-Type: text/{}\n\n{}\n"
    made = {
        ".txt": text, ".md": text, ".markdown": text,
        ".jsonl": json.dumps({"text": text}), ".ndjson": json.dumps({"text": text}),
        ".html": page, ".htm": page, ".xhtml": page,
        ".mhtml": mail.format("html", page), ".mht": mail.format("html", page), ".eml": mail.format("plain", text),
        ".rss": feed, ".atom": feed, ".xml": feed,
        ".pdf": documents.pdf([(50, 700, 10, text)]), ".docx": documents.docx(documents.paragraph(text)),
        ".odt": documents.odt(f"<text:p>{text}</text:p>"), ".epub": documents.epub(f"<p>{LONG}</p>"),
    }  # fmt: skip
    return {suffix: data if isinstance(data, bytes) else data.encode() for suffix, data in made.items()}


def test_every_suffix_has_a_reader_that_reads(tmp_path):
    made = files()
    assert made.keys() == SUFFIXES.keys()
    for suffix, data in made.items():
        path = tmp_path / f"a{suffix}"
        path.write_bytes(data)
        (article,) = read_all(path)
        assert article.text == (LONG.strip() if suffix == ".epub" else "Une phrase."), suffix


PIECES = [b"", b"<", b"&#0;", b"&#xD800;", b"\0", b"\x01", b"\xff", b"<table>", b"</p>", b"=FF", b"\n\n", b"9" * 30]
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), st.sampled_from(PIECES)), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SUFFIXES.keys() - {".pdf"})), EDITS)
def test_a_damaged_file_is_an_error_or_an_article_and_raises_nothing(tmp_path_factory, suffix, edits):
    data = files()[suffix]
    for place, cut, piece in edits:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + cut :]
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    path.write_bytes(data)
    found = read_all(path)
    assert found
    for each in found:
        assert str(each) if isinstance(each, ArticleError) else each.text


def test_the_language_is_told_by_the_caller_where_the_file_does_not(tmp_path):
    (tmp_path / "a.md").write_text("---\nlang: vi-VN\n---\nMột câu.")
    (tmp_path / "b.md").write_text("---\nlang: und\n---\nMột câu.")
    assert [read_all(tmp_path / name)[0].language for name in ("a.md", "b.md")] == ["vi", "fr"]


def test_a_pickle_is_never_opened(tmp_path):
    """In the folder, under another name, and in an archive."""
    sentinel = tmp_path / "touched"
    payload = b"cposix\nsystem\n(S'touch " + str(sentinel).encode() + b"'\ntR."
    root = tmp_path / "press"
    root.mkdir()
    for suffix in (".pkl", ".pickle", *SUFFIXES):
        (root / f"evil{suffix}").write_bytes(payload)
    (root / "b.docx").write_bytes(documents.zipped({"data.pkl": payload, "word/document.xml": payload}))
    paths, _ = find(root)
    assert not {path.suffix for path in paths} & {".pkl", ".pickle"}
    for path in root.iterdir():
        read_all(path)
    assert not sentinel.exists()


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(["..", "a.txt", "%2e%2e", "in", "/", ".", "\0", "secret.txt", "~", "\\.."]), max_size=6)
)
def test_no_path_leads_out_of_the_root(tmp_path_factory, parts):
    base = tmp_path_factory.getbasetemp() / "paths"
    root = base / "in"
    if not base.exists():
        root.mkdir(parents=True)
        (base / "secret.txt").write_text("Le secret.")
        (root / "a.txt").write_text("Un article.")
        (root / "link.txt").symlink_to(base / "secret.txt")
    for path in (root.joinpath(*parts), root / "link.txt"):
        for found in read_all(path, root=root):
            assert isinstance(found, ArticleError) or "secret" not in found.text
