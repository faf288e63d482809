"""The composition root: opens the parts that the settings name, and asks them."""

from __future__ import annotations

import itertools
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from rag.answerability import answerability
from rag.citations import ClaimReader
from rag.encoders import load as load_encoder
from rag.errors import CollectionNotFound, EncoderError, QuestionError
from rag.generators.extractive import ExtractiveGenerator
from rag.languages import detect
from rag.messages import catalogue, interface_language, message
from rag.protocols import Encoder, Generator, Progress, Store, silent
from rag.retrieval import Retrieval, retrieve
from rag.store import open_store
from rag.types import (
    UNDETERMINED,
    Answer,
    AnswerReady,
    ClaimMade,
    Event,
    Filters,
    Found,
    Request,
    Source,
    SourcesFound,
    TokenWritten,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Generator as Generating
    from collections.abc import Iterator
    from types import TracebackType

    from rag.indexing import SyncReport
    from rag.settings import Settings
    from rag.store.embedded import EmbeddedStore
    from rag.types import Hit

SEEDS = "seeds"
EXCERPT = 240  # characters of the passage shown with a source


class Engine(AbstractContextManager["Engine"]):
    """Answers questions about one collection. The parts are handed in; ``open_engine`` makes them from settings."""

    def __init__(self, settings: Settings, encoder: Encoder, store: Store, generator: Generator | None = None) -> None:
        self.settings = settings
        self.encoder = encoder
        self.store = store
        self.generator = generator or ExtractiveGenerator()

    def ask(
        self,
        question: str,
        *,
        language: str | None = None,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> Answer:
        """Return the answer. Raises QuestionError for a blank or over-long question."""
        return self.answer(self.retrieve(question, language=language, filters=filters))

    def answer(self, retrieval: Retrieval) -> Answer:
        """Return the answer to a question whose passages were found already."""
        *_, last = self.stream_from(retrieval)
        assert isinstance(last, AnswerReady)
        return last.answer

    def stream(
        self,
        question: str,
        *,
        language: str | None = None,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> Iterator[Event]:
        """Yield the answer as it comes into being; AnswerReady is last. Raises QuestionError."""
        yield from self.stream_from(self.retrieve(question, language=language, filters=filters))

    def stream_from(self, retrieval: Retrieval) -> Iterator[Event]:
        """Yield the answer to a question whose passages were found already; AnswerReady is last."""
        started = time.perf_counter()
        probability = answerability(retrieval)
        answer = Answer(
            question=retrieval.question,
            language=retrieval.language,
            status="no_evidence",
            answerability=round(probability, 4),
            text=message("no_evidence", retrieval.language),
            sources=sources_of(retrieval, self.settings.top_k),
            generator=self.generator.name,
        )
        yield SourcesFound(answer.sources)
        if probability >= self.settings.threshold:
            answer = yield from self._written(answer, retrieval)
        timings = {**retrieval.timings, "generate": 1000 * (time.perf_counter() - started)}
        timings["total"] = sum(timings.values())
        timings = {stage: round(milliseconds, 3) for stage, milliseconds in timings.items()}
        yield AnswerReady(replace(answer, timings=timings))

    def _written(self, answer: Answer, retrieval: Retrieval) -> Generating[Event, None, Answer]:
        """Have the answer written and judged; return it."""
        request = Request("answer", retrieval.question, retrieval.language, retrieval.hits)
        reader, claims = ClaimReader(retrieval.hits), []
        for piece in itertools.chain(self.generator.generate(request), [None]):
            if piece == "":
                yield Waiting()
                continue
            if piece is not None:
                yield TokenWritten(piece)
            for claim in reader.read(piece) if piece is not None else reader.finish():
                claims.append(claim)
                yield ClaimMade(claim, tuple(reader.citations[number - 1] for number in claim.citations))
        if not claims:
            return answer
        text = " ".join(claim.text for claim in claims)
        answer = replace(answer, status="answered", text=text, claims=tuple(claims), citations=reader.citations)
        return replace(answer, notice=_notice(answer))

    def search(
        self,
        question: str,
        *,
        language: str | None = None,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> tuple[Found, ...]:
        """Return the ``top_k`` best passages. Raises QuestionError."""
        retrieval = self.retrieve(question, language=language, filters=filters)
        return tuple(_found(hit) for hit in retrieval.hits[: self.settings.top_k])

    def retrieve(
        self,
        question: str,
        *,
        language: str | None = None,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> Retrieval:
        """Return the ranked passages for a question. Raises QuestionError."""
        question = " ".join(question.split())
        if not any(char.isalnum() for char in question):
            raise QuestionError("question_empty")
        if len(question) > self.settings.question_length:
            raise QuestionError("question_too_long", length=len(question), limit=self.settings.question_length)
        language = language or detect(question)
        if language == UNDETERMINED:
            language = interface_language(self.settings.interface)
        return retrieve(
            question,
            language,
            encoder=self.encoder,
            store=self.store,
            candidates=self.settings.candidates,
            filters=filters,
            without=self.settings.without,
        )

    def sync(self, root: Path, progress: Progress = silent) -> SyncReport:
        """Bring the collection in step with a folder or a file of articles."""
        from rag.indexing import sync  # the readers of articles are not needed to ask

        return sync(
            root,
            store=self.store,
            encoder=self.encoder,
            detect=detect,
            passage_tokens=self.settings.passage_tokens,
            progress=progress,
        )

    def close(self) -> None:
        self.store.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_engine(settings: Settings, *, create: bool = False, progress: Progress = silent) -> Engine:
    """Open a collection and the encoder; the seed collection fills itself, and follows a change of the encoder.

    Raises CollectionNotFound, StoreError, and EncoderError, also where another encoder made the collection's vectors
    and ``create`` does not announce that it is to be synced.
    """
    seeds = settings.collection == SEEDS and not create
    store = open_collection(settings, create=create or seeds)
    encoder = load_encoder(
        settings.encoder, cache_dir=settings.cache_dir, device=settings.encoder_device, progress=progress
    )
    engine = Engine(settings, encoder, store)
    state = store.state()
    stale = state.encoder not in (None, encoder.fingerprint)
    if seeds and (stale or state.generation == 0):
        engine.sync(seeds_folder(), progress)
    elif stale and not create:
        engine.close()
        raise EncoderError("encoder_not_the_collections", name=settings.collection, encoder=settings.encoder)
    return engine


def open_collection(settings: Settings, *, create: bool = False) -> EmbeddedStore:
    """Open the collection that the settings name, without an encoder. Raises CollectionNotFound, StoreError."""
    folder = collection_folder(settings)
    if not create and not folder.is_dir():
        known = ", ".join(collections(settings)) or "-"
        raise CollectionNotFound("collection_not_found", name=settings.collection, known=known)
    return open_store(folder, create=create)


def collections(settings: Settings) -> list[str]:
    """Return the names of the collections that exist."""
    root = settings.data_dir / "collections"
    return sorted(folder.name for folder in root.iterdir() if folder.is_dir()) if root.is_dir() else []


def collection_folder(settings: Settings) -> Path:
    return settings.data_dir / "collections" / settings.collection


def seeds_folder() -> Path:
    """Return the folder of the articles that ship with Askpress: in the package, or beside it in a checkout."""
    packaged = Path(str(files("rag").joinpath(SEEDS)))
    return packaged if packaged.is_dir() else Path(str(files("rag"))).parent / SEEDS


def sources_of(retrieval: Retrieval, limit: int) -> tuple[Source, ...]:
    """Return the articles of a retrieval, best first, each with the beginning of its best passage."""
    sources: dict[str, Source] = {}
    for hit in retrieval.hits:
        article, passage = hit.candidate.article, hit.candidate.passage
        if article.id not in sources:
            sources[article.id] = Source(
                **article.provenance,
                score=round(hit.score, 4),
                excerpt=_excerpt(article.text[passage.start : passage.stop]),
            )
    return tuple(sources.values())[:limit]


def _found(hit: Hit) -> Found:
    article, passage = hit.candidate.article, hit.candidate.passage
    return Found(
        **article.provenance,
        heading=passage.heading,
        text=article.text[passage.start : passage.stop],
        start=passage.start,
        stop=passage.stop,
        score=round(hit.score, 4),
        dense=round(hit.dense, 4),
        lexical=round(hit.lexical, 4),
    )


def _excerpt(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= EXCERPT else words[:EXCERPT].rsplit(" ", 1)[0] + "…"


def _notice(answer: Answer) -> str | None:
    """Tell a reader that the quotes stand in another language than the question."""
    foreign = sorted({citation.language for citation in answer.citations} - {answer.language})
    if not foreign:
        return None
    names = [_language_name(code, answer.language) for code in foreign]
    return message("quotes_in_other_language", answer.language, languages=", ".join(names))


def _language_name(code: str, language: str) -> str:
    key = f"language_{code}"
    return message(key, language) if key in catalogue("en") else code
