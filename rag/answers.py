"""The records of an answer: what it claims and cites, where that is from, and the events in which it comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rag.types import Provenance

Status = Literal["answered", "no_evidence"]
Support = Literal["verbatim", "supported", "unsupported"]


@dataclass(frozen=True, slots=True)
class Citation(Provenance):
    """Words of an article: ``quote == article.text[start:stop]``.

    ``before`` and ``after`` are the rest of the sentence that the quote stands in, empty where it is the whole of it.
    ``page`` is the one on which the quote begins, counted from 1, None where the article has no pages.
    """

    number: int
    quote: str
    start: int
    stop: int
    before: str = ""
    after: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer, ``answer.text[start:stop]``, with the numbers of the citations that carry it."""

    text: str
    start: int
    stop: int
    support: Support
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Copy(Provenance):
    """An article that says what a source says, in the same words: in another outlet, or before it was corrected."""


@dataclass(frozen=True, slots=True)
class Source(Provenance):
    """An article that the question led to, cited or not, best first.

    ``also`` are copies of it in other outlets, ``replaces`` earlier versions of it; they are not sources themselves.
    """

    score: float
    excerpt: str
    also: tuple[Copy, ...] = ()
    replaces: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True)
class Found(Provenance):
    """A passage that a search found: ``text == article.text[start:stop]``, with the scores of its Hit."""

    heading: str
    text: str
    start: int
    stop: int
    score: float
    dense: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the command line prints, the API returns and the page shows.

    ``answerability`` is the probability that the collection holds the answer. ``notice`` tells the reader something
    about the answer, in the question's language. ``dropped`` counts the sentences of the draft that were left out
    because nothing supports them. ``read_as`` is what a follow-up question was taken to ask, with what it leans on, or
    a question with its names as the articles spell them, or with the accents that it lacked. ``as_of`` is the date of
    the newest article cited. ``timings`` are milliseconds.
    """

    question: str
    language: str
    status: Status
    answerability: float
    text: str
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    sources: tuple[Source, ...] = ()
    notice: str | None = None
    generator: str = "extractive"
    dropped: int = 0
    read_as: str | None = None
    as_of: str | None = None
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourcesFound:
    """The articles that the question led to, before a word of the answer is written."""

    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing yet. Comes at least twice a second while a generator is silent, so that a consumer can leave."""


@dataclass(frozen=True, slots=True)
class TokenWritten:
    """A piece of the draft, markers included, not yet judged."""

    text: str


@dataclass(frozen=True, slots=True)
class ClaimMade:
    """A sentence of the answer, complete and judged, with the citations it names."""

    claim: Claim
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class AnswerReady:
    """The whole answer; always the last event."""

    answer: Answer


Event = SourcesFound | Waiting | TokenWritten | ClaimMade | AnswerReady
"""What the engine's ``stream`` yields."""
