"""The records that pass between the parts, all frozen.

Offsets count Unicode code points and are half open: ``text[start:stop]``. Dates are ISO 8601 strings of full or
reduced precision (``2025-12-07``, ``2025-12``, ``2025``), because a press article often tells only the year.
Languages are ISO 639-1 codes, ``und`` where nothing can be told.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from rag.messages import message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


UNDETERMINED = "und"

Reason = Literal[
    "advertisement", "boilerplate", "caption", "comment_counter", "image", "related_article", "repeated",
    "repeated_title", "rule", "running_head", "share_button", "source_line", "unreadable_date", "unusable_address",
]  # fmt: skip
"""Why something is no part of an article's text; ``removed_<reason>`` is its message."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points in a text."""

    start: int
    stop: int

    def of(self, text: str) -> str:
        return text[self.start : self.stop]


@dataclass(frozen=True, slots=True)
class Removed:
    """Something that stood in an article's file and is not part of its text."""

    text: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Provenance:
    """What every record that points to an article repeats of it."""

    article_id: str
    title: str
    url: str | None
    outlet: str | None
    published: str | None
    published_inferred: bool
    language: str


_PROVENANCE = tuple(field.name for field in fields(Provenance))


@dataclass(frozen=True, slots=True)
class Article:
    """One press article. ``text`` is what quotes are sliced from; it holds no debris and no control characters.

    ``pages`` are the offsets in it at which the pages of a paginated file begin, empty for what has none.
    """

    id: str
    title: str
    text: str
    language: str
    url: str | None = None
    outlet: str | None = None
    published: str | None = None
    published_inferred: bool = False
    headings: tuple[Span, ...] = ()
    removed: tuple[Removed, ...] = ()
    origin: str = ""
    pages: tuple[int, ...] = ()

    @property
    def provenance(self) -> dict[str, Any]:
        """The fields of Provenance."""
        return {"article_id": self.id, **{name: getattr(self, name) for name in _PROVENANCE[1:]}}

    def page_at(self, offset: int) -> int | None:
        """Return the page, counted from 1, on which an offset of the text stands, None where there are no pages."""
        return bisect_right(self.pages, offset) or None

    @property
    def digest(self) -> str:
        """SHA-256 of everything that a reader of the article sees; ``origin`` and ``removed`` are left out."""
        seen: list[Any] = [self.id, self.title, self.text, self.language, self.url, self.outlet, self.published,
                self.published_inferred, [[h.start, h.stop] for h in self.headings]]  # fmt: skip
        seen += [list(self.pages)] if self.pages else []  # what was kept before there were pages has its old digest
        return hashlib.sha256(json.dumps(seen, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one article, at most as long as the encoder reads.

    ``heading`` stands above the passage in the article. The encoder sees it; a quote never holds it.
    """

    article_id: str
    ordinal: int
    start: int
    stop: int
    sentences: tuple[Span, ...]
    heading: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An article made ready for a store: its passages, their vectors and their terms.

    ``passage_vectors`` is float32 of shape (passages, dimension); ``sentence_vectors`` is float32 of shape
    (sentences, dimension), in the order of the passages and of the sentences in them; both have unit rows.
    ``terms`` holds one tuple of analysed terms a passage. The digests name the encoded texts (title and heading
    included), so that a store can hand their vectors out again; ``fingerprint`` is the encoder's. ``signature`` tells
    copies of one story (``rag.signatures``), empty where it is not known.
    """

    article: Article
    passages: tuple[Passage, ...]
    terms: tuple[tuple[str, ...], ...]
    fingerprint: str
    passage_digests: tuple[str, ...]
    passage_vectors: NDArray[np.float32]
    sentence_digests: tuple[str, ...]
    sentence_vectors: NDArray[np.float32]
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles take part. Dates bound ``published``; a year counts as all of its days."""

    since: str | None = None
    until: str | None = None
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A passage that a store found, with all that is needed to score, quote and cite it.

    ``article`` has its text; ``sentence_vectors`` is float32 of shape (sentences of the passage, dimension).
    ``lexical`` is the BM25 score of the query's terms, 0.0 where none occurs. ``signature`` is that of the Entry.
    """

    article: Article
    passage: Passage
    passage_vector: NDArray[np.float32]
    sentence_vectors: NDArray[np.float32]
    lexical: float
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What one search of one generation found; ``frequencies`` says in how many passages each term occurs.

    ``encoder`` is the fingerprint of what made that generation's vectors.
    """

    candidates: tuple[Candidate, ...]
    frequencies: Mapping[str, int]
    passages: int
    generation: int
    encoder: str | None = None


Asked = Literal["question", "claim"]
"""What a window is read for: whether it answers a question, or carries a claim."""


@dataclass(frozen=True, slots=True)
class Window:
    """Sentences of an article with this title, to be read from the one at ``centre`` on, to both sides."""

    title: str
    sentences: tuple[str, ...]
    centre: int = 0


SENTENCE_WEIGHT = 0.5
"""Of the cosine of its best sentence in the score of a hit."""


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A candidate with its place in the ranking.

    ``sentence_scores`` has the cosine of the question with each sentence of the passage; ``answer_scores`` tells for
    each how near it is to what the question asks beyond its subject, and is empty where there is no more to tell.
    ``also`` are articles of other outlets that tell the same story in the same words, ``replaces`` earlier versions of
    this one; neither are hits themselves.
    ``odds`` are the log-odds, where the encoder's reader gave them, that its sentences answer.
    """

    candidate: Candidate
    score: float
    dense: float
    lexical: float
    sentence_scores: tuple[float, ...]
    answer_scores: tuple[float, ...] = ()
    also: tuple[Article, ...] = ()
    replaces: tuple[Article, ...] = ()
    odds: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of a conversation and the text of its answer."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a generator is to write: the answer to a question from hits, or a question that stands without its history.

    ``history`` is oldest first. ``latest`` prefers newer articles where several answer.
    """

    task: Literal["answer", "rewrite"]
    question: str
    language: str
    hits: tuple[Hit, ...] = ()
    history: tuple[Turn, ...] = ()
    latest: bool = False


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """An article without its text, for lists."""

    id: str
    title: str
    language: str
    url: str | None
    outlet: str | None
    published: str | None
    published_inferred: bool
    digest: str
    origin: str
    passages: int


class Reading(NamedTuple):
    """One article of an origin: its id, its ``Article.digest``, the digest of what it says, and its own origin."""

    id: str
    digest: str
    content: str
    origin: str


@dataclass(frozen=True, slots=True)
class Origin:
    """A file or an address as it was when it was last read.

    ``mark`` tells without reading that nothing has changed: the size and time of a file, the validators of an address.
    ``digest`` is that of the content.
    """

    name: str
    mark: str
    digest: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class StoreState:
    """What a collection holds. ``languages`` counts articles."""

    generation: int
    articles: int
    passages: int
    sentences: int
    languages: Mapping[str, int]
    encoder: str | None
    bytes_on_disk: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with an installation or a collection, as the key and the values of its message.

    The message says what is wrong and what to do about it; ``repaired`` says that it was done.
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    repaired: bool = False

    def said(self, language: str) -> str:
        """Return the message in a language."""
        return message(self.key, language, **self.values)


def as_json(record: Any, language: str = "en") -> Any:
    """Return a record as plain dicts, lists and scalars, ready for ``json.dumps``.

    What can be said, a Problem or an AskpressError, becomes its key and its message in ``language``.
    """
    if hasattr(record, "said"):
        told = {"key": record.key, "message": record.said(language)}
        return told | {"repaired": record.repaired} if isinstance(record, Problem) else told
    if hasattr(record, "__dataclass_fields__"):
        return {name: as_json(getattr(record, name), language) for name in record.__dataclass_fields__}
    if isinstance(record, Mapping):
        return {key: as_json(value, language) for key, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [as_json(value, language) for value in record]
    return record
