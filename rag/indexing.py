"""The write path: brings a collection in step with a folder or a file of articles.

Each batch is one transaction, so an interrupted sync leaves a usable collection and the next one goes on from there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.articles import find, read
from rag.errors import ArticleError
from rag.languages import terms
from rag.protocols import Progress, silent
from rag.segmentation import segment
from rag.syndication import signature
from rag.types import Article, Entry, Passage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from rag.protocols import Encoder, Store
    from rag.types import ArticleSummary

BATCH = 64  # articles a transaction


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did, by article id. ``duplicates`` pairs an article left out with the one that says the same."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    duplicates: tuple[tuple[str, str], ...]
    failures: tuple[ArticleError, ...]


def sync(
    root: Path,
    *,
    store: Store,
    encoder: Encoder,
    detect: Callable[[str], str],
    passage_tokens: int,
    progress: Progress = silent,
) -> SyncReport:
    """Add, update and remove articles until the collection matches ``root``, a folder or one file.

    Articles that came from elsewhere stay. So do those of a file that cannot be read: a damaged file is no wish to
    delete. Raises ArticleError where there is nothing to read at all, StoreError, EncoderError.
    """
    root = root.resolve()
    known = {summary.id: summary for summary in store.articles()}
    spared: set[str] = set()
    plan = _plan(_articles(root, detect, spared, progress), known, lambda summary: not _below(summary.origin, root))
    gone = (
        summary.id
        for summary in known.values()
        if _below(summary.origin, root) and summary.id not in plan.seen and _file(summary.origin) not in spared
    )
    plan = replace(plan, removed=tuple(gone))
    return _carry_out(plan, store=store, encoder=encoder, passage_tokens=passage_tokens, progress=progress)


def add(
    articles: Iterable[Article | ArticleError],
    *,
    store: Store,
    encoder: Encoder,
    passage_tokens: int,
    progress: Progress = silent,
) -> SyncReport:
    """Add articles, or replace those with their ids, and remove none. Raises StoreError, EncoderError.

    What cannot be read, or would replace an article of a file that is still there, is reported as a failure.
    """
    known = {summary.id: summary for summary in store.articles()}
    plan = _plan(articles, known, lambda summary: Path(summary.origin).is_absolute())
    return _carry_out(plan, store=store, encoder=encoder, passage_tokens=passage_tokens, progress=progress)


def _carry_out(plan: _Plan, *, store: Store, encoder: Encoder, passage_tokens: int, progress: Progress) -> SyncReport:
    wanted = [*plan.added, *plan.updated]
    if plan.removed:
        store.remove(plan.removed)
    other_encoder = store.state().encoder not in (None, encoder.fingerprint)
    if other_encoder:
        new = {article.id for article in wanted}
        wanted += [store.article(summary.id) for summary in store.articles() if summary.id not in new]

    def batches() -> Iterator[list[Entry]]:
        for done in range(0, len(wanted), BATCH):
            progress("embed", done / len(wanted))
            batch = wanted[done : done + BATCH]
            within = _share(progress, done / len(wanted), len(batch) / len(wanted))
            yield entries(batch, store=store, encoder=encoder, passage_tokens=passage_tokens, progress=within)

    if other_encoder:  # vectors of two encoders cannot stand side by side, so all of them change at once
        store.put(entry for batch in batches() for entry in batch)
    else:
        for batch in batches():
            store.put(batch)
    progress("snapshot", 0.0)
    store.snapshot()
    return SyncReport(
        added=tuple(article.id for article in plan.added),
        updated=tuple(article.id for article in plan.updated),
        removed=plan.removed,
        unchanged=plan.unchanged,
        duplicates=plan.duplicates,
        failures=plan.failures,
    )


def _share(progress: Progress, done: float, share: float) -> Progress:
    """Report a part of the work as its share of the whole; it is also where a caller can stop long work, by raising."""
    return lambda _, fraction: progress("embed", done + share * fraction)


@dataclass(frozen=True, slots=True)
class _Plan:
    added: tuple[Article, ...]
    updated: tuple[Article, ...]
    unchanged: tuple[str, ...]
    duplicates: tuple[tuple[str, str], ...]
    failures: tuple[ArticleError, ...]
    seen: frozenset[str]
    removed: tuple[str, ...] = ()


def _plan(
    articles: Iterable[Article | ArticleError],
    known: Mapping[str, ArticleSummary],
    foreign: Callable[[ArticleSummary], bool],
) -> _Plan:
    """Compare articles with those known; one that is ``foreign`` is replaced only where its file is gone."""
    added, updated, unchanged, duplicates = [], [], [], []
    failures: list[ArticleError] = []
    seen: dict[str, str] = {}
    contents: dict[str, str] = {}
    for article in articles:
        if isinstance(article, ArticleError):
            failures.append(article)
            continue
        content = hashlib.sha256(f"{article.title}\n{article.text}\n{article.url}".encode()).hexdigest()
        other = known.get(article.id)
        if content in contents:
            duplicates.append((article.origin, contents[content]))
        elif article.id in seen:
            failures.append(ArticleError("id_taken", origin=article.origin, id=article.id, other=seen[article.id]))
        elif other and foreign(other) and Path(_file(other.origin)).exists():
            failures.append(ArticleError("id_taken", origin=article.origin, id=article.id, other=other.origin))
        elif other is None:
            added.append(article)
        elif other.digest == article.digest and other.origin == article.origin:
            unchanged.append(article.id)
        else:
            updated.append(article)
        seen.setdefault(article.id, article.origin)
        contents.setdefault(content, article.origin)
    return _Plan(tuple(added), tuple(updated), tuple(unchanged), tuple(duplicates), tuple(failures), frozenset(seen))


def _paths(root: Path) -> list[Path]:
    if not root.exists():
        raise ArticleError("path_not_found", path=root)
    paths = find(root) if root.is_dir() else [root]
    if not paths:
        raise ArticleError("no_articles", path=root)
    return paths


def _articles(
    root: Path, detect: Callable[[str], str], spared: set[str], progress: Progress
) -> Iterator[Article | ArticleError]:
    """Yield the articles of a folder or a file, and what failed, noting the files of which something did."""
    base = root if root.is_dir() else root.parent
    paths = _paths(root)
    for number, path in enumerate(paths):
        progress("read", number / len(paths))
        for found in read(path, root=base, detect=detect):
            if isinstance(found, ArticleError):
                spared.add(str(path))
                yield found
            else:
                yield replace(found, origin=f"{base.as_posix()}/{found.origin}")


def _file(origin: str) -> str:
    """The file of an origin, which may name a line after it."""
    path, colon, line = origin.rpartition(":")
    return path if colon and line.isdigit() else origin


def _below(origin: str, root: Path) -> bool:
    return Path(_file(origin)).is_relative_to(root)


def entries(
    articles: Sequence[Article], *, store: Store, encoder: Encoder, passage_tokens: int, progress: Progress = silent
) -> list[Entry]:
    """Return articles made ready for the store; only texts that it holds no vector for are encoded."""
    limit = min(passage_tokens, encoder.max_tokens)
    cut = [segment(article, encoder.count_tokens, limit) for article in articles]
    texts: list[str] = []
    languages: list[str] = []
    for article, passages in zip(articles, cut, strict=True):
        found = [*_passage_texts(article, passages), *_sentence_texts(article, passages)]
        texts.extend(found)
        languages.extend([article.language] * len(found))
    digests = [_digest(text, language) for text, language in zip(texts, languages, strict=True)]
    vectors = _vectors(texts, languages, digests, store=store, encoder=encoder, progress=progress)
    made, offset = [], 0
    for article, passages in zip(articles, cut, strict=True):
        middle = offset + len(passages)
        end = middle + sum(len(passage.sentences) for passage in passages)
        made.append(
            Entry(
                article=article,
                passages=passages,
                terms=tuple(_terms(article, passage) for passage in passages),
                fingerprint=encoder.fingerprint,
                passage_digests=tuple(digests[offset:middle]),
                passage_vectors=vectors[offset:middle],
                sentence_digests=tuple(digests[middle:end]),
                sentence_vectors=vectors[middle:end],
                signature=signature(article.text),
            )
        )
        offset = end
    return made


def _passage_texts(article: Article, passages: Sequence[Passage]) -> list[str]:
    """The encoder reads the heading above a passage with it; a quote never holds it."""
    bodies = (article.text[passage.start : passage.stop] for passage in passages)
    return [f"{p.heading}\n{body}" if p.heading else body for p, body in zip(passages, bodies, strict=True)]


def _sentence_texts(article: Article, passages: Sequence[Passage]) -> list[str]:
    return [span.of(article.text) for passage in passages for span in passage.sentences]


def _terms(article: Article, passage: Passage) -> tuple[str, ...]:
    return tuple(terms(f"{passage.heading}\n{article.text[passage.start : passage.stop]}", article.language))


def _digest(text: str, language: str) -> str:
    return hashlib.sha256(f"{language}\n{text}".encode()).hexdigest()


def _vectors(
    texts: list[str], languages: list[str], digests: list[str], *, store: Store, encoder: Encoder, progress: Progress
) -> NDArray[np.float32]:
    kept = dict(store.vectors(encoder.fingerprint, digests))
    new = {digest: i for i, digest in enumerate(digests) if digest not in kept}
    if new:
        made = encoder.encode_passages([texts[i] for i in new.values()], [languages[i] for i in new.values()], progress)
        kept.update(zip(new, made, strict=True))
    return np.array([kept[digest] for digest in digests], dtype=np.float32)
