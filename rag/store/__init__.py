"""Where a collection is kept: the embedded store, one folder a collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rag.store.embedded import EmbeddedStore


def open_store(folder: Path, *, create: bool = True) -> EmbeddedStore:
    """Open the collection kept in ``folder``, making it where there is none and ``create`` says so.

    Raises CollectionNotFound, StorageFull where the folder cannot be made, SchemaTooNew, StoreError.
    """
    from rag.store.embedded import EmbeddedStore

    return EmbeddedStore(folder, create=create)


__all__ = ["open_store"]
