"""All that a collection holds, to be written elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

    from rag.types import Article


@dataclass(frozen=True, slots=True)
class Whole:
    """What one read transaction sees. ``encoder`` is the fingerprint of the encoder, None before the first article."""

    _connection: apsw.Connection

    @property
    def encoder(self) -> str | None:
        return tables.read_meta(self._connection).fingerprint

    @property
    def dimension(self) -> int:
        return tables.read_meta(self._connection).dimension or 0

    def articles(self) -> Iterator[Article]:
        """Yield the articles in the order in which they came."""
        return tables.all_articles(self._connection)

    def vectors(self) -> Iterator[tuple[str, bytes]]:
        """Yield the (digest, vector) of the texts that passages and sentences need, vectors as bytes of float16."""
        return tables.all_vectors(self._connection)
