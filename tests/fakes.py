"""Small stand-ins for the replaceable parts: a store in memory, entries to put in it, an encoder without a model."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from rag.errors import ArticleNotFound, EncoderError
from rag.languages import fold
from rag.protocols import Progress, silent
from rag.types import (
    Article,
    ArticleSummary,
    Asked,
    Candidate,
    Entry,
    Filters,
    Passage,
    SearchResult,
    Span,
    StoreState,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from rag.types import Origin, Problem, Request


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def vector_of(text: str, dimension: int = 16) -> NDArray[np.float32]:
    """Return a random unit vector that is the text's own, of numbers that float16 holds exactly."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))
    vector = rng.standard_normal(dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float16).astype(np.float32)


def make_entry(article_id: str, *passages: str, fingerprint: str = "fake", dimension: int = 16, **fields: Any) -> Entry:
    """Make an entry of passages such as ``"One sentence. Another."``; the terms are their words in lower case."""
    text, spans = "", []
    for passage in passages:
        sentences = []
        for sentence in passage.split(". "):
            sentences.append(Span(len(text), len(text) + len(sentence)))
            text += sentence + " "
        spans.append(sentences)
    fields = {"title": article_id, "language": "en", **fields}
    records = tuple(
        Passage(article_id, ordinal, sentences[0].start, sentences[-1].stop, tuple(sentences))
        for ordinal, sentences in enumerate(spans)
    )
    parts = [span.of(text) for sentences in spans for span in sentences]
    return Entry(
        article=Article(id=article_id, text=text.strip(), **fields),
        passages=records,
        terms=tuple(tuple(passage.lower().replace(". ", " ").split()) for passage in passages),
        fingerprint=fingerprint,
        passage_digests=tuple(digest_of("passage " + passage) for passage in passages),
        passage_vectors=np.array([vector_of("passage " + p, dimension) for p in passages]).reshape(-1, dimension),
        sentence_digests=tuple(digest_of(part) for part in parts),
        sentence_vectors=np.array([vector_of(part, dimension) for part in parts]).reshape(-1, dimension),
    )


class MemoryStore:
    """The Store protocol by brute force over a dictionary."""

    def __init__(self) -> None:
        self.notices: list[Problem] = []
        self._entries: dict[str, Entry] = {}
        self._kept: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._origins: dict[str, Origin] = {}
        self._generation = 0

    def put(self, entries: Iterable[Entry]) -> None:
        latest = {entry.article.id: entry for entry in entries}
        merged = self._entries | latest
        for entry in latest.values():
            _same_encoder(next(iter(merged.values())), entry)
        if latest:
            self._entries, self._generation = merged, self._generation + 1
            self._kept = {key: vector for key, vector in self._kept.items() if key[0] == entry.fingerprint}

    def keep(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._kept |= {(entry.fingerprint, digest): vector for digest, vector in _vectors(entry)}

    def remove(self, article_ids: Iterable[str]) -> int:
        found = self._entries.keys() & set(article_ids)
        self._entries = {name: entry for name, entry in self._entries.items() if name not in found}
        self._generation += bool(found)
        return len(found)

    def search(
        self,
        vector: NDArray[np.float32],
        terms: Sequence[str],
        *,
        limit: int,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> SearchResult:
        counts = [Counter(words) for entry in self._entries.values() for words in entry.terms]
        frequencies = {term: sum(term in count for count in counts) for term in terms}
        passage_vectors = [v for entry in self._entries.values() for v in entry.passage_vectors]
        if passage_vectors and vector.shape != passage_vectors[0].shape:
            raise EncoderError("vector_dimension_differs", found=vector.size, expected=passage_vectors[0].size)
        mean = sum(count.total() for count in counts) / max(len(counts), 1)
        found = [
            candidate
            for entry in self._entries.values()
            if _lets_through(filters, entry.article)
            for candidate in _candidates(entry, frequencies, len(counts), mean)
        ]
        ways: list[Callable[[Candidate], float]] = [
            lambda c: float(c.passage_vector @ vector),
            lambda c: max((c.sentence_vectors @ vector).tolist(), default=-1.0),
            lambda c: c.lexical or -1.0,
        ]
        best = {
            id(candidate): candidate
            for score in ways
            for candidate in sorted(found, key=score, reverse=True)[:limit]
            if score(candidate) > -1.0
        }
        return SearchResult(tuple(best.values()), frequencies, len(counts), self._generation, self.state().encoder)

    def article(self, article_id: str) -> Article:
        return self._entry(article_id).article

    def passages(self, article_id: str) -> tuple[tuple[int, int], ...]:
        return tuple((passage.start, passage.stop) for passage in self._entry(article_id).passages)

    def _entry(self, article_id: str) -> Entry:
        try:
            return self._entries[article_id]
        except KeyError as error:
            raise ArticleNotFound("article_not_found", id=article_id, folder="memory") from error

    def articles(self, filters: Filters = Filters()) -> Iterator[ArticleSummary]:  # noqa: B008 - frozen
        kept = [entry for entry in self._entries.values() if _lets_through(filters, entry.article)]
        kept.sort(key=lambda entry: entry.article.id)
        kept.sort(key=lambda entry: entry.article.published or "", reverse=True)
        for entry in kept:
            a = entry.article
            yield ArticleSummary(
                a.id, a.title, a.language, a.url, a.outlet, a.published, a.published_inferred, a.digest, a.origin,
                len(entry.passages),
            )  # fmt: skip

    def vectors(self, fingerprint: str, digests: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        known = {digest: vector for (made_by, digest), vector in self._kept.items() if made_by == fingerprint}
        for entry in self._entries.values():
            if entry.fingerprint == fingerprint:
                known |= dict(_vectors(entry))
        return {digest: known[digest] for digest in digests if digest in known}

    def origins(self) -> Mapping[str, Origin]:
        return dict(self._origins)

    def remember(self, origins: Iterable[Origin], gone: Iterable[str] = ()) -> None:
        kept = {name: origin for name, origin in self._origins.items() if name not in set(gone)}
        self._origins = kept | {origin.name: origin for origin in origins}

    def state(self) -> StoreState:
        entries = self._entries.values()
        return StoreState(
            self._generation,
            len(entries),
            sum(len(entry.passages) for entry in entries),
            sum(len(entry.sentence_vectors) for entry in entries),
            Counter(entry.article.language for entry in entries),
            next((entry.fingerprint for entry in entries), None),
            0,
        )

    def snapshot(self) -> None:
        """Nothing is derived."""

    def check(self, repair: bool = False) -> tuple[Problem, ...]:  # noqa: ARG002 - nothing is derived
        return ()

    def close(self) -> None:
        self._entries = {}


def _vectors(entry: Entry) -> Iterator[tuple[str, NDArray[np.float32]]]:
    yield from zip(entry.passage_digests, entry.passage_vectors, strict=True)
    yield from zip(entry.sentence_digests, entry.sentence_vectors, strict=True)


def _same_encoder(first: Entry, other: Entry) -> None:
    expected, found = ((entry.fingerprint, entry.passage_vectors.shape[1]) for entry in (first, other))
    if expected != found:
        raise EncoderError(
            "encoder_differs",
            id=other.article.id,
            expected=expected[0],
            expected_dimension=expected[1],
            found=found[0],
            found_dimension=found[1],
        )


def _candidates(entry: Entry, frequencies: Mapping[str, int], passages: int, mean: float) -> Iterator[Candidate]:
    first = 0
    for ordinal, passage in enumerate(entry.passages):
        stop = first + len(passage.sentences)
        words = Counter(entry.terms[ordinal])
        score = 0.0
        for term, frequency in frequencies.items():
            idf = math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))
            saturation = words[term] + 1.2 * (0.25 + 0.75 * words.total() / mean) if words[term] else 1.0
            score += idf * 2.2 * words[term] / saturation
        yield Candidate(
            entry.article,
            passage,
            entry.passage_vectors[ordinal],
            entry.sentence_vectors[first:stop],
            score,
            entry.signature,
        )
        first = stop


def _lets_through(filters: Filters, article: Article) -> bool:
    date = article.published or ""
    names = {(article.outlet or "").lower(), (urlsplit(article.url or "").hostname or "").lower()}
    since, until = filters.since or "", filters.until or "9999"
    return (
        (not filters.languages or article.language in filters.languages)
        and (not filters.sources or any(f".{n}".endswith(f".{s.lower()}") for n in names for s in filters.sources))
        and (filters == Filters(languages=filters.languages, sources=filters.sources) or bool(date))
        and (date.ljust(10, "~") >= since)
        and (date <= until.ljust(10, "~"))
    )


class WordEncoder:
    """Texts are near when they share words: a vector is the sum of a random vector for each folded word."""

    name = "words"
    fingerprint = "words-1"
    max_tokens = 64

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode_queries(self, texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.float32]:
        return self.encode_passages(texts, languages)

    def encode_query_tokens(self, text: str, language: str) -> NDArray[np.float32]:
        return self.encode_passages(text.split(), [language] * len(text.split()))

    def encode_passages(
        self,
        texts: Sequence[str],
        languages: Sequence[str],
        progress: Progress = silent,
    ) -> NDArray[np.float32]:
        assert len(texts) == len(languages)
        progress("embed", 1.0)
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, self.dimension)

    def read(self, kind: Asked, asked: str, windows: Sequence[Window]) -> NDArray[np.float32]:
        assert kind in {"question", "claim"}
        assert asked
        return np.zeros(0 * len(windows), np.float32)

    def _vector(self, text: str) -> NDArray[np.float32]:
        words = re.findall(r"\w+", fold(text)) or [text]
        total = np.sum([self._word(word) for word in words], axis=0)
        return np.asarray(total / np.linalg.norm(total), np.float32)

    def _word(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
        return np.random.default_rng(seed).standard_normal(self.dimension)


class ScriptedGenerator:
    """Writes the given pieces, raises those that are errors, and knows what it was asked and whether it was left."""

    name = "scripted"

    def __init__(self, *pieces: str | Exception, rewriting: str = "") -> None:
        self._pieces = pieces
        self._rewriting = rewriting
        self.asked: list[Request] = []
        self.closed = False

    def generate(self, request: Request) -> Iterator[str]:
        self.asked.append(request)
        try:
            for piece in self._pieces if request.task == "answer" else (self._rewriting,):
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        except GeneratorExit:
            self.closed = True
            raise
