"""The composition root: opens the parts that the settings name, and hands them to an engine."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from rag.encoders import load as load_encoder
from rag.encoders import prepared
from rag.errors import CollectionNotFound, EncoderError
from rag.generators import load as load_generator
from rag.protocols import Progress, silent
from rag.store import open_store
from rag.types import Problem

if TYPE_CHECKING:
    from rag.engine import Engine
    from rag.settings import Settings
    from rag.store.embedded import EmbeddedStore

SEEDS = "seeds"


def open_engine(settings: Settings, *, create: bool = False, progress: Progress = silent) -> Engine:
    """Open a collection and the encoder; the seed collection fills itself, and follows a change of the encoder.

    Where another encoder made a collection's vectors, that one answers, and a notice says so. Raises
    CollectionNotFound, StoreError, GeneratorError, and EncoderError, also where it is not there any more. ``create``
    announces that the collection is to be synced, which needs no generator.
    """
    generator = None if create else load_generator(settings, progress)
    seeds = settings.collection == SEEDS and not create
    made = create or seeds
    folder = _folder(settings, create=made)
    encoder = load_encoder(
        settings.encoder, cache_dir=settings.cache_dir, device=settings.encoder_device, progress=progress
    )
    # The encoder's graph is opened beside all that follows, these imports of a fifth of a second among them.
    from rag.engine import Engine

    store = open_store(folder, create=made)
    engine = Engine(settings, encoder, store, generator)
    state = store.state()
    stale = state.encoder and state.encoder != encoder.fingerprint
    if seeds and (stale or state.generation == 0):
        engine.sync(seeds_folder(), progress)
    elif state.encoder and stale and not create:  # a sync will change it
        before = prepared(state.encoder, cache_dir=settings.cache_dir, device=settings.encoder_device)
        if before is None:
            engine.close()
            raise EncoderError("encoder_not_the_collections", encoder=settings.encoder)
        engine.encoder = before
        values = {"name": settings.collection, "before": before.name, "encoder": encoder.name}
        store.notices.append(Problem("encoder_before_answers", values))
    return engine


def open_collection(settings: Settings, *, create: bool = False) -> EmbeddedStore:
    """Open the collection that the settings name, without an encoder. Raises CollectionNotFound, StoreError."""
    return open_store(_folder(settings, create=create), create=create)


def _folder(settings: Settings, *, create: bool) -> Path:
    folder = collection_folder(settings)
    if not create and not folder.is_dir():
        known = ", ".join(collections(settings)) or "-"
        raise CollectionNotFound("collection_not_found", name=settings.collection, known=known)
    return folder


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
