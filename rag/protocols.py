"""The three parts that can be replaced: Encoder, Store, Generator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from rag.types import (
    Article,
    ArticleSummary,
    Asked,
    Entry,
    Filters,
    Origin,
    Problem,
    Request,
    SearchResult,
    StoreState,
    Window,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Progress = Callable[[str, float], None]
"""Called with the name of a stage and the fraction of it that is done, 0.0 to 1.0."""


def silent(stage: str, fraction: float) -> None:
    """A Progress that shows nothing."""


class Encoder(Protocol):
    """Turns texts into unit vectors in which nearness is likeness of meaning, across languages.

    Implementations take out what a vector tells about its language, so that cosines of different pairs of languages
    compare; a language they do not know passes unchanged.
    """

    @property
    def name(self) -> str:
        """What a person calls it, as in the settings."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors do: vectors of different fingerprints must not be compared."""

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """The longest text it reads, in tokens, its own special tokens and prefix included."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, special tokens not counted."""

    def encode_queries(self, texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32 of shape (texts, dimension), for questions in the given languages."""

    def encode_query_tokens(self, text: str, language: str) -> NDArray[np.float32]:
        """Return a unit vector for each token of a question, comparable to passages' vectors: (tokens, dimension).

        There are none, of shape (0, dimension), where an encoder's vectors are not made of such states.
        """

    def encode_passages(
        self, texts: Sequence[str], languages: Sequence[str], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Return unit vectors, float32 of shape (texts, dimension), for pieces of articles in the given languages.

        Texts may come in any order and length; batching is the encoder's business.
        """

    def read(self, kind: Asked, asked: str, windows: Sequence[Window]) -> NDArray[np.float32]:
        """Return the log-odds that each window answers a question, or carries a claim, float32 of shape (windows,).

        There are none, of shape (0,), where an encoder has no reader.
        """


class Store(Protocol):
    """Keeps one collection. Every read sees one whole generation; when a write returns, it is on the disk."""

    @property
    def notices(self) -> Sequence[Problem]:
        """What was found wrong, and mended, since the collection was opened."""

    def put(self, entries: Iterable[Entry]) -> None:
        """Add articles, or replace those with the same id, all of them or none; of two with one id the last stays.

        Entries are taken one at a time. Those of another encoder than the collection's have to replace every article.
        Raises StoreError: StorageFull where nothing could be written, StoreBusy where another process writes. Raises
        EncoderError where the vectors would not all be of one encoder and one dimension.
        """

    def keep(self, entries: Iterable[Entry]) -> None:
        """Keep the vectors of entries of another encoder, for ``vectors`` and a later ``put`` of every article."""

    def remove(self, article_ids: Iterable[str]) -> int:
        """Remove articles, all or none, and return how many there were."""

    def search(
        self,
        vector: NDArray[np.float32],
        terms: Sequence[str],
        *,
        limit: int,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> SearchResult:
        """Return the passages nearest to a query, up to ``limit`` for each of the three ways to be near.

        The ways are the cosine of the passage, the cosine of one of its sentences, and the BM25 score of the terms.
        ``vector`` is one unit vector, float32 of shape (dimension,). Candidates come in no promised order.
        """

    def article(self, article_id: str) -> Article:
        """Raises ArticleNotFound."""

    def passages(self, article_id: str) -> tuple[tuple[int, int], ...]:
        """Return the (start, stop) of each passage of an article. Raises ArticleNotFound."""

    def articles(self, filters: Filters = Filters()) -> Iterator[ArticleSummary]:  # noqa: B008 - frozen
        """Yield the articles, newest first, those without a date last, then by id."""

    def vectors(self, fingerprint: str, digests: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return the vectors kept for texts with these digests, made by the encoder with this fingerprint."""

    def origins(self) -> Mapping[str, Origin]:
        """Return, by name, what is remembered of the files and addresses that were read."""

    def remember(self, origins: Iterable[Origin], gone: Iterable[str] = ()) -> None:
        """Remember what was read, and forget what is gone. Changes nothing that a search sees."""

    def snapshot(self) -> None:
        """Bring everything derived up to date. Searches are right without it, but slower the more was written since."""

    def state(self) -> StoreState: ...

    def check(self, repair: bool = False) -> tuple[Problem, ...]:
        """Compare everything derived with what it was derived from, mending it where asked to."""

    def close(self) -> None: ...


class Generator(Protocol):
    """Writes an answer from passages, in the language of the question."""

    @property
    def name(self) -> str:
        """What a person calls it, as in the setting ``model``."""

    def generate(self, request: Request) -> Iterator[str]:
        """Yield the pieces of what is asked for; closing the iterator stops the work within a second.

        An answer is a draft in which each sentence ends with markers ``[n]``, n counting the request's hits from 1. A
        generator that cannot rewrite questions yields nothing for one. While it waits for another program it yields an
        empty piece at least twice a second. Raises GeneratorError.
        """
