"""What is written to and read from the tables of schema-*.sql, inside a transaction that the caller holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.days import first_day, last_day
from rag.errors import EncoderError
from rag.store.filters import condition, sources
from rag.types import Article, ArticleSummary, Filters, Origin, Reading, Removed, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

    from rag.types import Entry

_ARTICLE = "id, title, text, language, url, outlet, published, published_inferred, headings, removed, origin, pages"
_SUMMARY = """
    SELECT id, title, language, url, outlet, published, published_inferred, digest, origin,
        (SELECT count(*) FROM passages WHERE article = articles.number)
    FROM articles
"""
_ADD_PASSAGE = """
    INSERT INTO passages (article, ordinal, start, stop, heading, terms, length, vector)
    VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT number FROM vectors WHERE fingerprint = ? AND digest = ?))
"""
_ADD_SENTENCE = """
    INSERT INTO sentences (passage, ordinal, start, stop, vector)
    VALUES (?, ?, ?, ?, (SELECT number FROM vectors WHERE fingerprint = ? AND digest = ?))
"""


class Meta(NamedTuple):
    """The one row of the table meta; ``length`` counts the terms of all passages."""

    generation: int
    fingerprint: str | None
    dimension: int | None
    passages: int
    sentences: int
    length: int


def read_meta(connection: apsw.Connection) -> Meta:
    query = "SELECT generation, fingerprint, dimension, passages, sentences, length FROM meta"
    row: Any = connection.execute(query).fetchone()
    return Meta(*row)


def next_generation(connection: apsw.Connection) -> None:
    connection.execute("UPDATE meta SET generation = generation + 1")


def count_articles(connection: apsw.Connection, article_ids: Iterable[str]) -> int:
    """Return how many of the articles there are."""
    query = "SELECT count(*) FROM articles WHERE id IN (SELECT value FROM json_each(?))"
    count: int = connection.execute(query, (json.dumps(list(article_ids)),)).get
    return count


def remove_articles(connection: apsw.Connection, article_ids: Iterable[str]) -> None:
    """Remove articles with all that belongs to them, by the triggers of the schema; the generation has to be new."""
    query = "DELETE FROM articles WHERE id IN (SELECT value FROM json_each(?))"
    connection.execute(query, (json.dumps(list(article_ids)),))


def change_encoder(connection: apsw.Connection, entry: Entry, meta: Meta) -> None:
    """Make an entry's encoder the collection's, once no article has vectors of another. Raises EncoderError."""
    dimension = entry.passage_vectors.shape[1]
    query = (
        "SELECT EXISTS (SELECT 1 FROM vectors JOIN passages ON passages.vector = vectors.number "
        "WHERE fingerprint <> ? OR length(vectors.vector) <> ?)"
    )
    if connection.execute(query, (entry.fingerprint, 2 * dimension)).get:
        raise EncoderError(
            "encoder_differs",
            id=entry.article.id,
            expected=meta.fingerprint,
            expected_dimension=meta.dimension,
            found=entry.fingerprint,
            found_dimension=dimension,
        )
    connection.execute("UPDATE meta SET fingerprint = ?, dimension = ?", (entry.fingerprint, dimension))
    connection.execute("DELETE FROM vectors WHERE fingerprint <> ?", (entry.fingerprint,))


def add_article(connection: apsw.Connection, entry: Entry) -> None:
    """Add an article whose id is not in the table."""
    add_vectors(connection, entry)
    number = _add_article_row(connection, entry.article, entry.signature)
    first = 0
    for passage, terms, digest in zip(entry.passages, entry.terms, entry.passage_digests, strict=True):
        connection.execute(
            _ADD_PASSAGE,
            (number, passage.ordinal, passage.start, passage.stop, passage.heading, " ".join(terms), len(terms),
             entry.fingerprint, digest),
        )  # fmt: skip
        row = connection.last_insert_rowid()
        digests = entry.sentence_digests[first : first + len(passage.sentences)]
        first += len(passage.sentences)
        connection.executemany(
            _ADD_SENTENCE,
            [
                (row, ordinal, span.start, span.stop, entry.fingerprint, digest)
                for ordinal, (span, digest) in enumerate(zip(passage.sentences, digests, strict=True))
            ],
        )


def _add_article_row(connection: apsw.Connection, article: Article, signature: bytes) -> int:
    published = article.published
    row = (
        article.id, article.title, article.text, article.language, article.url, article.outlet, published,
        int(article.published_inferred), json.dumps([[span.start, span.stop] for span in article.headings]),
        json.dumps([[item.text, item.reason] for item in article.removed]), article.origin,
        json.dumps(article.pages), article.digest,
        json.dumps(sources(article)), published and first_day(published), published and last_day(published),
        signature,
    )  # fmt: skip
    connection.execute(
        f"INSERT INTO articles ({_ARTICLE}, digest, sources, first_day, last_day, signature) "  # noqa: S608 - a constant
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    number: int = connection.last_insert_rowid()
    return number


def add_vectors(connection: apsw.Connection, entry: Entry) -> None:
    """Keep the vectors of an entry that are not kept yet."""
    for digests, vectors in (
        (entry.passage_digests, entry.passage_vectors),
        (entry.sentence_digests, entry.sentence_vectors),
    ):
        rows = zip(digests, (vector.tobytes() for vector in vectors.astype("<f2")), strict=True)
        write_vectors(connection, entry.fingerprint, rows)


def write_vectors(connection: apsw.Connection, fingerprint: str, rows: Iterable[tuple[str, bytes]]) -> None:
    """Keep the (digest, vector) rows of an encoder that are not kept yet."""
    connection.executemany(
        "INSERT INTO vectors (fingerprint, digest, vector) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        ((fingerprint, digest, vector) for digest, vector in rows),
    )


def read_article(connection: apsw.Connection, article_id: str) -> Article | None:
    row = connection.execute(f"SELECT {_ARTICLE} FROM articles WHERE id = ?", (article_id,)).fetchone()  # noqa: S608
    return article_from(row) if row else None


def read_articles(connection: apsw.Connection, numbers: Iterable[int]) -> dict[int, tuple[Article, bytes]]:
    """Return articles with their signatures, by number."""
    where = "number IN (SELECT value FROM json_each(?))"
    query = f"SELECT number, signature, {_ARTICLE} FROM articles WHERE {where}"  # noqa: S608 - of constants
    rows = connection.execute(query, (json.dumps(list(numbers)),))
    return {number: (article_from(row), signature) for number, signature, *row in rows}


def article_from(row: Sequence[object]) -> Article:
    article_id, title, text, language, url, outlet, published, inferred, headings, removed, origin, pages = row
    return Article(
        id=str(article_id), title=str(title), text=str(text), language=str(language),
        url=None if url is None else str(url), outlet=None if outlet is None else str(outlet),
        published=None if published is None else str(published), published_inferred=bool(inferred),
        headings=tuple(Span(start, stop) for start, stop in _list(headings)),
        removed=tuple(Removed(gone, reason) for gone, reason in _list(removed)), origin=str(origin),
        pages=tuple(_list(pages)),
    )  # fmt: skip


def _list(kept: object) -> list[Any]:
    """Return a JSON array; most are empty, and a question reads hundreds."""
    return [] if kept == "[]" else list(json.loads(str(kept)))


def read_spans(connection: apsw.Connection, article_id: str) -> tuple[tuple[int, int], ...]:
    query = (
        "SELECT passages.start, passages.stop FROM articles JOIN passages ON passages.article = articles.number "
        "WHERE articles.id = ? ORDER BY passages.ordinal"
    )
    rows: Any = connection.execute(query, (article_id,)).fetchall()
    return tuple(rows)


def read_summaries(connection: apsw.Connection, filters: Filters) -> list[ArticleSummary]:
    """Return the articles that the filters let through, newest first, those without a date last, then by id."""
    where, bindings = condition(filters)
    query = f"{_SUMMARY} WHERE {where} ORDER BY published IS NULL, published DESC, id"  # of constants, as above
    rows: Any = connection.execute(query, bindings)
    return [
        ArticleSummary(id_, title, language, url, outlet, published, bool(inferred), digest, origin, passages)
        for id_, title, language, url, outlet, published, inferred, digest, origin, passages in rows
    ]


def read_vectors(connection: apsw.Connection, fingerprint: str, digests: Sequence[str]) -> dict[str, bytes]:
    query = "SELECT digest, vector FROM vectors WHERE fingerprint = ? AND digest IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(query, (fingerprint, json.dumps(list(digests)))))


def all_articles(connection: apsw.Connection) -> Iterator[Article]:
    rows = connection.execute(f"SELECT {_ARTICLE} FROM articles ORDER BY number")  # noqa: S608 - a constant
    return (article_from(row) for row in rows)


def all_vectors(connection: apsw.Connection) -> Iterator[tuple[str, bytes]]:
    query = "SELECT digest, vector FROM vectors WHERE fingerprint = (SELECT fingerprint FROM meta) ORDER BY number"
    yield from connection.execute(query)


def count_languages(connection: apsw.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT language, count(*) FROM articles GROUP BY language ORDER BY language"))


def read_origins(connection: apsw.Connection) -> dict[str, Origin]:
    rows = connection.execute("SELECT name, mark, digest, readings FROM origins")
    return {
        name: Origin(name, mark, digest, tuple(Reading(*reading) for reading in json.loads(readings)))
        for name, mark, digest, readings in rows
    }


def write_origins(connection: apsw.Connection, origins: Iterable[Origin], gone: Iterable[str]) -> None:
    connection.execute("DELETE FROM origins WHERE name IN (SELECT value FROM json_each(?))", (json.dumps(list(gone)),))
    connection.executemany(
        "INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?)",
        ((origin.name, origin.mark, origin.digest, json.dumps(origin.readings)) for origin in origins),
    )
