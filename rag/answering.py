"""How a retrieval becomes an answer: written by a generator, judged sentence by sentence, quoted by the extractive one
where the generator fails or nothing it wrote can be shown."""

import itertools
import logging
from collections.abc import Generator as Generating
from dataclasses import replace

from rag.answers import Answer, Claim, ClaimMade, Copy, Event, Source, TokenWritten, Waiting
from rag.citations import ClaimReader
from rag.disagreements import disagreements, figures_text
from rag.errors import GeneratorError
from rag.generators.extractive import ExtractiveGenerator
from rag.messages import catalogue, message
from rag.protocols import Encoder, Generator
from rag.retrieval import Retrieval
from rag.types import Request

EXCERPT = 240  # characters of the passage shown with a source
_log = logging.getLogger(__name__)


def unanswered(retrieval: Retrieval, probability: float, sources: int, generator: str) -> Answer:
    """Return the answer that the articles do not say, with the closest of them."""
    return Answer(
        question=retrieval.typed or retrieval.question,
        read_as=_read_as(retrieval),
        language=retrieval.language,
        status="no_evidence",
        answerability=round(probability, 4),
        text=message("no_evidence", retrieval.language),
        sources=sources_of(retrieval, sources),
        generator=generator,
    )


def _read_as(retrieval: Retrieval) -> str | None:
    """Return how a question was read, where more was changed than capitals."""
    read, typed = (retrieval.in_full or retrieval.question), (retrieval.typed or retrieval.question)
    return read if "".join(read.split()).lower() != "".join(typed.split()).lower() else None


def write(
    answer: Answer, retrieval: Retrieval, generator: Generator, encoder: Encoder, *, keep_unsupported: bool
) -> Generating[Event, None, Answer]:
    """Have an unanswered answer written and judged, yielding what happens; return it.

    A generator that says that the passages do not answer is believed. Where it fails, or nothing that it wrote is
    supported, the extractive generator writes instead, and the answer's notice says so.
    """
    language, name, notice, dropped = answer.language, generator.name, None, 0
    try:
        reader, claims = yield from _draft(retrieval, generator, encoder, keep_unsupported=keep_unsupported)
        dropped = reader.dropped
        if not any(claim.citations for claim in claims):
            dropped += len(claims)
            if not dropped:
                return answer
            notice = message("draft_unsupported", language, model=name)
        elif dropped:
            notice = message("claims_dropped", language, count=dropped)
    except GeneratorError as error:
        _log.info("the generator %s failed: %s", name, error)
        claims = []
        notice = message("model_failed", language, model=name, reason=error.said(language))
    if not any(claim.citations for claim in claims):
        fallback = ExtractiveGenerator()
        answer = replace(answer, generator=fallback.name)
        reader, claims = yield from _draft(retrieval, fallback, encoder, keep_unsupported=False)
    text = " ".join(claim.text for claim in claims)
    as_of = max((citation.published for citation in reader.citations if citation.published), default=None)
    answer = replace(
        answer, status="answered", text=text, claims=tuple(claims), citations=reader.citations, as_of=as_of
    )
    differing = disagreements(retrieval.question, language, retrieval.hits, answer.citations)
    told = message("disagreement", language, figures=figures_text(differing, language)) if differing else None
    return replace(answer, dropped=dropped, notice=" ".join(filter(None, (notice, told, _foreign(answer)))) or None)


def _draft(
    retrieval: Retrieval, generator: Generator, encoder: Encoder, *, keep_unsupported: bool
) -> Generating[Event, None, tuple[ClaimReader, list[Claim]]]:
    """Have a draft written, and read it as it comes."""
    request = Request(
        "answer", retrieval.question, retrieval.language, retrieval.hits, retrieval.history, retrieval.latest
    )
    reader = ClaimReader(
        retrieval.hits, question=retrieval.question, language=retrieval.language, encoder=encoder,
        keep_unsupported=keep_unsupported,
    )  # fmt: skip
    claims: list[Claim] = []
    for piece in itertools.chain(generator.generate(request), [None]):
        if piece == "":
            yield Waiting()
            continue
        if piece is not None:
            yield TokenWritten(piece)
        for claim in reader.read(piece) if piece is not None else reader.finish():
            claims.append(claim)
            yield ClaimMade(claim, tuple(reader.citations[number - 1] for number in claim.citations))
    return reader, claims


def sources_of(retrieval: Retrieval, limit: int) -> tuple[Source, ...]:
    """Return the articles of a retrieval, best first, each with the beginning of its best passage."""
    sources: dict[str, Source] = {}
    for hit in retrieval.hits:
        article, passage = hit.candidate.article, hit.candidate.passage
        if article.id not in sources and len(sources) < limit:
            sources[article.id] = Source(
                **article.provenance,
                score=round(hit.score, 4),
                excerpt=_excerpt(article.text[passage.start : passage.stop]),
                also=tuple(Copy(**copy.provenance) for copy in hit.also),
                replaces=tuple(Copy(**earlier.provenance) for earlier in hit.replaces),
            )
    return tuple(sources.values())


def _excerpt(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= EXCERPT else words[:EXCERPT].rsplit(" ", 1)[0] + "…"


def _foreign(answer: Answer) -> str | None:
    """Tell a reader that the quotes stand in another language than the question."""
    foreign = sorted({citation.language for citation in answer.citations} - {answer.language})
    if not foreign:
        return None
    names = [_language_name(code, answer.language) for code in foreign]
    return message("quotes_in_other_language", answer.language, languages=", ".join(names))


def _language_name(code: str, language: str) -> str:
    key = f"language_{code}"
    return message(key, language) if key in catalogue("en") else code
