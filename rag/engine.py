"""Answers questions about one collection with the parts that it is handed."""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from rag.accents import accented
from rag.answerability import answerability
from rag.answering import unanswered, write
from rag.answers import Answer, AnswerReady, Event, Found, SourcesFound, Waiting
from rag.conversation import context_of, leaning
from rag.errors import GeneratorError, QuestionError
from rag.focus import focused
from rag.generators.extractive import ExtractiveGenerator
from rag.languages import detect
from rag.messages import interface_language
from rag.names import restored
from rag.protocols import Encoder, Generator, Progress, Store, silent
from rag.reading import read
from rag.retrieval import Reading, Retrieval, newest_first, retrieve
from rag.spelling import as_spelled
from rag.types import UNDETERMINED, Filters, Request, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Generator as Generating
    from pathlib import Path
    from types import TracebackType

    from rag.indexing import Indexer, SyncReport
    from rag.reranking import Reranker
    from rag.settings import Settings
    from rag.types import Hit

SPELLERS = 10  # hits whose articles show how a name is spelled
_log = logging.getLogger(__name__)


class Options(TypedDict, total=False):
    """How to read a question: its language where it is not to be detected, which articles count, what was asked before.

    ``history`` is oldest first. ``latest`` prefers newer articles where several answer; else the setting says.
    """

    language: str | None
    filters: Filters
    history: Sequence[Turn]
    latest: bool | None


class Engine(AbstractContextManager["Engine"]):
    """Answers questions about one collection. ``rag.opening`` makes the parts from settings."""

    def __init__(self, settings: Settings, encoder: Encoder, store: Store, generator: Generator | None = None) -> None:
        self.settings = settings
        self.encoder = encoder
        self.store = store
        self.generator = generator or ExtractiveGenerator()
        self.reranker = _reranker(settings)

    def ask(self, question: str, **options: Unpack[Options]) -> Answer:
        """Return the answer. Raises QuestionError for a blank or over-long question."""
        return _last(self.stream(question, **options))

    def answer(self, retrieval: Retrieval) -> Answer:
        """Return the answer to a question whose passages were found already."""
        return _last(self.stream_from(retrieval))

    def stream(self, question: str, **options: Unpack[Options]) -> Iterator[Event]:
        """Yield the answer as it comes into being; AnswerReady is last. Raises QuestionError."""
        retrieval = yield from self._retrieving(question, **options)
        yield from self.stream_from(retrieval)

    def stream_from(self, retrieval: Retrieval) -> Iterator[Event]:
        """Yield the answer to a question whose passages were found already; AnswerReady is last."""
        started = time.perf_counter()
        probability = answerability(retrieval)
        if retrieval.latest:  # only the order changes: how likely an answer is was judged by the best
            retrieval = replace(retrieval, hits=newest_first(retrieval.hits))
        answer = unanswered(retrieval, probability, self.settings.top_k, self.generator.name)
        yield SourcesFound(answer.sources)
        if probability >= self.settings.threshold:
            if retrieval.hits and "focus" not in self.settings.without:
                retrieval = self._timed("focus", focused, retrieval)
            keep = self.settings.unsupported == "mark"
            answer = yield from write(answer, retrieval, self.generator, self.encoder, keep_unsupported=keep)
        elapsed = 1000 * (time.perf_counter() - started)
        timings = {**retrieval.timings, "generate": elapsed - retrieval.timings.get("focus", 0.0)}
        timings["total"] = sum(timings.values())
        timings = {stage: round(milliseconds, 3) for stage, milliseconds in timings.items()}
        yield AnswerReady(replace(answer, timings=timings))

    def search(self, question: str, **options: Unpack[Options]) -> tuple[Found, ...]:
        """Return the ``top_k`` best passages. Raises QuestionError."""
        retrieval = self.retrieve(question, **options)
        hits = newest_first(retrieval.hits) if retrieval.latest else retrieval.hits
        return tuple(_found(hit) for hit in hits[: self.settings.top_k])

    def retrieve(self, question: str, **options: Unpack[Options]) -> Retrieval:
        """Return the ranked passages for a question. Raises QuestionError."""
        steps = self._retrieving(question, **options)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                found: Retrieval = stop.value
                return found

    def _retrieving(self, question: str, **options: Unpack[Options]) -> Generating[Event, None, Retrieval]:
        """Search for a question alone and read in other ways; the nearest wins.

        It is read with the questions before it, as the generator rewrites it, or, the first of a conversation, with its
        names as the articles spell them.
        """
        typed = self._checked(question)
        history = tuple(options.get("history", ()))
        filters = options.get("filters", Filters())
        language = options.get("language") or self._language(typed, history)
        question = self._written(typed, language)
        history = tuple(replace(turn, question=self._written(turn.question, language)) for turn in history)
        latest = self.settings.latest if options.get("latest") is None else bool(options.get("latest"))
        best = alone = self._search(question, language, filters, latest=latest)
        context = context_of(question, language, history)
        if context:
            bias = leaning(question, context, language)
            readings = [f"{context} {question}", *(yield from self._rewritten(question, language, history))]
        else:
            bias = 0.0
            readings = self._respelled(alone)
        nearest = _nearness(alone)
        for reading in readings:
            found = self._search(
                question, language, filters, in_full=reading, history=history, alone=alone, latest=latest
            )
            if _nearness(found) + bias > nearest:
                best, nearest = found, _nearness(found) + bias
        return self._read(best if question == typed else replace(best, typed=typed))

    def _read(self, found: Retrieval) -> Retrieval:
        """Have the encoder's reader look at the best hits, unless another cross-encoder has put them in order."""
        if self.reranker is not None or "reader" in self.settings.without or not found.hits:
            return found
        return self._timed("read", read, found)

    def _timed(self, stage: str, step: Callable[[Retrieval, Encoder], Retrieval], found: Retrieval) -> Retrieval:
        """Return what a step with the encoder makes of a retrieval, with the time that it took."""
        started = time.perf_counter()
        found = step(found, self.encoder)
        return replace(found, timings={**found.timings, stage: 1000 * (time.perf_counter() - started)})

    def _respelled(self, found: Retrieval) -> list[str]:
        """The question with its names as the best articles spell them: 南宁, Nanning; Lê Bá Tiệp, Le Ba Tiep."""
        if "spelling" in self.settings.without:
            return []
        near = [hit.candidate for hit in found.hits[:SPELLERS]]
        told = [one.article.text[one.passage.start : one.passage.stop] for one in near]
        abroad = [one.article.text for one in near if one.article.language != found.language]
        spelled = as_spelled(found.question, told, abroad)
        return [spelled] if spelled != found.question else []

    def _checked(self, question: str) -> str:
        question = " ".join(question.split())
        if not any(char.isalnum() for char in question):
            raise QuestionError("question_empty")
        if len(question) > self.settings.question_length:
            raise QuestionError("question_too_long", length=len(question), limit=self.settings.question_length)
        return question

    def _written(self, typed: str, language: str) -> str:
        """A question with the capitals and accents that were left out, as far as they are known."""
        return typed if "accents" in self.settings.without else accented(restored(typed, language), language)

    def _language(self, question: str, history: Sequence[Turn]) -> str:
        """The language of a question, else that of the ones before it, else the one that the user's messages are in."""
        asked = (question, *(turn.question for turn in reversed(history)))
        found = (code for text in asked if (code := detect(text)) != UNDETERMINED)
        return next(found, interface_language(self.settings.interface))

    def _search(self, question: str, language: str, filters: Filters, **reading: Unpack[Reading]) -> Retrieval:
        found = retrieve(
            question,
            language,
            encoder=self.encoder,
            store=self.store,
            candidates=self.settings.candidates,
            filters=filters,
            without=self.settings.without,
            **reading,
        )
        if self.reranker is None:
            return found
        return replace(found, hits=self.reranker.rerank(found.in_full or question, found.hits))

    def _rewritten(
        self, question: str, language: str, history: tuple[Turn, ...]
    ) -> Generating[Event, None, tuple[str, ...]]:
        """Have the generator rewrite a question so that it stands alone; return it, or nothing where it cannot."""
        pieces = []
        try:
            for piece in self.generator.generate(Request("rewrite", question, language, history=history)):
                pieces.append(piece)
                if not piece:
                    yield Waiting()
        except GeneratorError as error:  # the reading without the generator stands
            _log.info("the generator %s did not rewrite the question: %s", self.generator.name, error)
            return ()
        text = " ".join("".join(pieces).split())
        return (text,) if text and len(text) <= self.settings.question_length else ()

    def sync(self, root: Path, progress: Progress = silent) -> SyncReport:
        """Bring the collection in step with a folder or a file of articles."""
        return self.indexer(progress).sync(root)

    def indexer(self, progress: Progress = silent, **options: Any) -> Indexer:
        """Return what writes articles into the collection."""
        from rag.indexing import Indexer  # the readers of articles are not needed to ask

        return Indexer(self.store, self.encoder, self.settings.passage_tokens, progress, **options)

    def close(self) -> None:
        self.store.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _last(events: Iterator[Event]) -> Answer:
    *_, last = events
    assert isinstance(last, AnswerReady)
    return last.answer


def _reranker(settings: Settings) -> Reranker | None:
    if settings.reranker is None:
        return None
    from rag.reranking import Reranker  # sentence-transformers with it

    return Reranker(settings.reranker, settings.encoder_device)


def _nearness(retrieval: Retrieval) -> float:
    """How near the best passage is, comparable between readings of one question; lexical scores are not."""
    return retrieval.hits[0].dense if retrieval.hits else float("-inf")


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
