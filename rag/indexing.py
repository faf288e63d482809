"""The write path: articles into a collection, in batches.

Each batch is one transaction, so that interrupted work leaves a usable collection, and the next goes on from there.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.changes import Change, Comparison, FolderChanges, file_of, kept_in
from rag.errors import ArticleError, ArticleNotFound
from rag.languages import detect, terms
from rag.protocols import Progress, silent
from rag.segmentation import segment
from rag.signatures import signature
from rag.types import Article, Entry, Origin, Passage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from rag.changes import Changes, Found
    from rag.protocols import Encoder, Store

BATCH = 64  # articles a transaction
TITLE_PART = 4  # a title that takes more than this part of a passage's tokens is not read with it
_BATCH_CHARACTERS = 100_000  # some seconds to encode: what an interruption costs
_BATCH_SECONDS = 10.0  # where articles come slowly
_BATCH_FOUND = 10_000  # where few of them are new
_SNAPSHOT_PART = 0.01  # of the passages; less than that each process indexes for itself, faster than all are written


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did, by article id. ``duplicates`` pairs an article left out with the one that says the same."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    duplicates: tuple[tuple[str, str], ...]
    failures: tuple[ArticleError, ...]


@dataclass(frozen=True, slots=True)
class Indexer:
    """Writes articles into a store, with vectors of an encoder. Its methods raise StoreError and EncoderError."""

    store: Store
    encoder: Encoder
    passage_tokens: int
    progress: Progress = silent
    made: Callable[[int], None] = lambda _: None
    """Told how many articles a batch settled, once it is on the disk."""
    detect: Callable[[str], str] = detect
    """Tells the language of an article that does not say it."""

    def sync(self, root: Path) -> SyncReport:
        """Add, update and remove articles until the collection matches a folder or a file: see ``FolderChanges``.

        Raises ArticleError where there is nothing to read at all.
        """
        self.progress("read", 0.0)
        changes = FolderChanges(root.resolve(), self.store, self.detect)
        report = self.take(changes)
        if changes.forgotten:
            self.store.remember((), changes.forgotten)
        return report

    def add(self, articles: Iterable[Article | ArticleError], total: int = 0) -> SyncReport:
        """Add articles, or replace those with their ids, and remove none; ``total`` is how many are expected.

        What cannot be read, or would replace an article of a file that is still there, is reported as a failure.
        """
        self.reencode()
        comparison = Comparison(self.store, kept_in(self.store), _is_of_a_file)
        done = 0

        def changes() -> Iterator[Found]:
            nonlocal done
            for article in articles:
                done += 1
                yield article if isinstance(article, ArticleError) else comparison.look(article)[1]

        return self._carry_out(changes(), lambda: min(done / total, 1.0) if total else 0.0)

    def reencode(self) -> None:
        """Have every vector of the collection made by this encoder.

        They are kept beside the present ones, batch by batch, and change places with them in one transaction; until
        then the collection answers those who ask with its present encoder. Interrupted, it goes on where it was.
        """
        if self.store.state().encoder in (None, self.encoder.fingerprint):
            return
        for batch in self._all_entries(self.progress):
            self.store.keep(batch)
        self.store.put(entry for batch in self._all_entries(silent) for entry in batch)

    def _all_entries(self, progress: Progress) -> Iterator[list[Entry]]:
        ids = [summary.id for summary in self.store.articles()]
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            progress("reencode", start / len(ids))
            within = _share(progress, "reencode", start / len(ids), len(batch) / len(ids))
            yield self.entries(list(self._articles(batch)), within)

    def _articles(self, ids: Iterable[str]) -> Iterator[Article]:
        for article_id in ids:
            try:
                yield self.store.article(article_id)
            except ArticleNotFound:  # another process has removed it
                continue

    def take(self, changes: Changes) -> SyncReport:
        """Carry out changes as they are told."""
        self.reencode()
        return self._carry_out(changes, lambda: changes.fraction)

    def _carry_out(self, found: Iterable[Found], fraction: Callable[[], float]) -> SyncReport:
        report, before, passages = _Report(), 0.0, 0
        for batch in _batches(found):
            reached = fraction()
            changes = [change for change in batch if isinstance(change, Change)]
            if articles := [change.article for change in changes if change.article]:
                self.progress("embed", before)
                entries = self.entries(articles, _share(self.progress, "embed", before, reached - before))
                self.store.put(entries)
                passages += sum(len(entry.passages) for entry in entries)
            if removed := [change.id for change in changes if change.action == "removed"]:
                self.store.remove(removed)
            if origins := [origin for origin in batch if isinstance(origin, Origin)]:
                self.store.remember(origins)
            report.take(batch)
            self.made(len(changes))
            before = reached
        if passages > _SNAPSHOT_PART * self.store.state().passages:
            self.progress("snapshot", 0.0)
            self.store.snapshot()
        return report.whole()

    def entries(self, articles: Sequence[Article], progress: Progress = silent) -> list[Entry]:
        """Return articles made ready for the store; only texts that it holds no vector for are encoded."""
        limit = min(self.passage_tokens, self.encoder.max_tokens)
        costs = self.encoder.count_tokens([article.title for article in articles])
        titles = [  # read with every passage
            article.title if cost * TITLE_PART <= limit and not _begins_with_title(article) else ""
            for article, cost in zip(articles, costs, strict=True)
        ]
        cut = [
            segment(article, self.encoder.count_tokens, limit - cost if title else limit)
            for article, title, cost in zip(articles, titles, costs, strict=True)
        ]
        read = [_passage_texts(*each) for each in zip(articles, titles, cut, strict=True)]
        texts: list[str] = []
        languages: list[str] = []
        for article, passages, passage_texts in zip(articles, cut, read, strict=True):
            found = [*passage_texts, *_sentence_texts(article, passages)]
            texts.extend(found)
            languages.extend([article.language] * len(found))
        digests = [_digest(text, language) for text, language in zip(texts, languages, strict=True)]
        vectors = self._vectors(texts, languages, digests, progress)
        made, offset = [], 0
        for article, passages, passage_texts in zip(articles, cut, read, strict=True):
            middle = offset + len(passages)
            end = middle + sum(len(passage.sentences) for passage in passages)
            made.append(
                Entry(
                    article=article,
                    passages=passages,
                    terms=tuple(tuple(terms(text, article.language)) for text in passage_texts),
                    fingerprint=self.encoder.fingerprint,
                    passage_digests=tuple(digests[offset:middle]),
                    passage_vectors=vectors[offset:middle],
                    sentence_digests=tuple(digests[middle:end]),
                    sentence_vectors=vectors[middle:end],
                    signature=signature(article.text),
                )
            )
            offset = end
        return made

    def _vectors(
        self, texts: list[str], languages: list[str], digests: list[str], progress: Progress
    ) -> NDArray[np.float32]:
        kept = dict(self.store.vectors(self.encoder.fingerprint, digests))
        new = {digest: i for i, digest in enumerate(digests) if digest not in kept}
        if new:
            made = self.encoder.encode_passages(
                [texts[i] for i in new.values()], [languages[i] for i in new.values()], progress
            )
            kept.update(zip(new, made, strict=True))
        return np.array([kept[digest] for digest in digests], dtype=np.float32)


def _is_of_a_file(origin: str, _: str) -> bool:
    file = Path(file_of(origin))
    return file.is_absolute() and file.exists()


class _Report:
    """A SyncReport in the making."""

    def __init__(self) -> None:
        self._ids: dict[str, list[str]] = {"added": [], "updated": [], "removed": [], "unchanged": []}
        self._duplicates: list[tuple[str, str]] = []
        self._failures: list[ArticleError] = []

    def take(self, batch: Iterable[Found]) -> None:
        for found in batch:
            match found:
                case ArticleError():
                    self._failures.append(found)
                case Change(action="duplicate"):
                    self._duplicates.append((found.origin, found.original))
                case Change():
                    self._ids[found.action].append(found.id)

    def whole(self) -> SyncReport:
        ids = {action: tuple(ids) for action, ids in self._ids.items()}
        return SyncReport(**ids, duplicates=tuple(self._duplicates), failures=tuple(self._failures))


def _batches(found: Iterable[Found]) -> Iterator[list[Found]]:
    batch: list[Found] = []
    articles = characters = 0
    started = time.monotonic()
    for one in found:
        batch.append(one)
        if isinstance(one, Change) and one.article:
            articles += 1
            characters += len(one.article.text)
        if (
            articles >= BATCH
            or characters >= _BATCH_CHARACTERS
            or len(batch) >= _BATCH_FOUND
            or time.monotonic() - started > _BATCH_SECONDS
        ):
            yield batch
            batch, articles, characters, started = [], 0, 0, time.monotonic()
    if batch:
        yield batch


def _share(tell: Progress, stage: str, done: float, share: float) -> Progress:
    """Report a part of the work as its share of the whole; it is also where a caller can stop long work, by raising."""
    return lambda _, fraction: tell(stage, done + share * fraction)


def _begins_with_title(article: Article) -> bool:
    """Whether a title is but the first words of the text, as where the article had none."""
    return article.text.startswith(article.title.removesuffix("…").rstrip())


def _passage_texts(article: Article, title: str, passages: Sequence[Passage]) -> list[str]:
    """What is read of each passage: title, heading and its words. A quote never holds the first two."""
    return [
        "\n".join(filter(None, dict.fromkeys((title, passage.heading, article.text[passage.start : passage.stop]))))
        for passage in passages
    ]


def _sentence_texts(article: Article, passages: Sequence[Passage]) -> list[str]:
    return [span.of(article.text) for passage in passages for span in passage.sentences]


def _digest(text: str, language: str) -> str:
    return hashlib.sha256(f"{language}\n{text}".encode()).hexdigest()
