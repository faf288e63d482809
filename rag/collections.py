"""The collections of a data folder as files: put in place whole, and removed whole."""

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from rag.errors import AskpressError, CollectionNotFound, StoreError
from rag.opening import collection_folder, collections, open_collection
from rag.settings import Settings
from rag.store import open_store
from rag.store.database import FILE_NAME, storing, sync_folder
from rag.store.embedded import EmbeddedStore
from rag.types import Problem, StoreState


def states(settings: Settings) -> dict[str, StoreState | Problem]:
    """Return what each collection holds, or why it cannot be opened."""
    found: dict[str, StoreState | Problem] = {}
    for name in collections(settings):
        try:
            with open_collection(dataclasses.replace(settings, collection=name)) as store:
                found[name] = store.state()
        except AskpressError as error:
            found[name] = Problem(error.key, error.values)
    return found


@contextmanager
def building(settings: Settings, *, replace: bool = False, backup: Path | None = None) -> Iterator[EmbeddedStore]:
    """Lend a store that becomes the collection that the settings name if the block ends well, and else goes.

    It is empty, or holds what a backup holds. Raises StoreError where there is such a collection, unless it is to be
    replaced, and StorageFull.
    """
    folder, aside = collection_folder(settings), settings.data_dir / f".new-{uuid4().hex}"
    if folder.exists() and not replace:
        raise StoreError("collection_exists", name=settings.collection)
    try:
        if backup:
            with storing(aside):
                aside.mkdir(parents=True)
                shutil.copyfile(backup, aside / FILE_NAME)
        with open_store(aside) as store:
            yield store
        with storing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            before = _set_aside(settings) if folder.exists() else None
            aside.rename(folder)
            sync_folder(folder.parent)
            if before:
                shutil.rmtree(before)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def remove(settings: Settings) -> None:
    """Remove the collection that the settings name, renamed first, so that no reader ever finds half of it.

    Raises CollectionNotFound, StorageFull.
    """
    if not collection_folder(settings).is_dir():
        known = ", ".join(collections(settings)) or "-"
        raise CollectionNotFound("collection_not_found", name=settings.collection, known=known)
    with storing(settings.data_dir):
        shutil.rmtree(_set_aside(settings))


def _set_aside(settings: Settings) -> Path:
    folder, removed = collection_folder(settings), settings.data_dir / f".removed-{uuid4().hex}"
    folder.rename(removed)
    sync_folder(folder.parent)
    return removed
