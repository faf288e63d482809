"""All the collections of a data folder, opened when they are asked for, sharing one encoder. Safe for threads."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rag.collections import remove
from rag.engine import Engine
from rag.errors import ArticleError, CollectionNotFound, RequestError, StoreBusy
from rag.generators.extractive import ExtractiveGenerator
from rag.indexing import Indexer, SyncReport
from rag.opening import SEEDS, collection_folder, collections, open_collection, seeds_folder
from rag.protocols import Encoder, Generator, Progress, silent
from rag.settings import COLLECTION_NAME, Settings
from rag.store.embedded import EmbeddedStore
from rag.types import Article

OPEN = 16
"""Collections kept open while nobody uses them; each has its indexes in memory."""
PATIENCE = 10.0
"""Seconds that the removal of a collection waits for those who use it."""


@dataclass(slots=True)
class _Held:
    store: EmbeddedStore
    users: int = 0


class Library:
    """Lends engines of collections. ``generators`` are those a caller may choose by name beside ``extractive``."""

    def __init__(self, settings: Settings, encoder: Encoder, generators: Mapping[str, Generator] | None = None) -> None:
        self._settings = settings
        self._encoder = encoder
        self._generators: dict[str, Generator] = {"extractive": ExtractiveGenerator(), **(generators or {})}
        assert settings.model in self._generators, "the one used by default is to be among them"
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._leaving: set[str] = set()
        self._changed = threading.Condition()

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the generators, the one used by default first."""
        default = self._settings.model
        return (default, *(name for name in self._generators if name != default))

    def names(self) -> list[str]:
        return collections(self._settings)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, as the encoder counts."""
        return self._encoder.count_tokens(texts)

    def prepare(self, progress: Progress = silent) -> None:
        """Open the collection that the settings name, and ask it once; the first who asks would wait for all its parts.

        The seeds fill themselves, and follow a change of the encoder.
        """
        name = self._settings.collection
        with self.store(name, create=name == SEEDS) as store:
            engine, made_by = Engine(self._settings, self._encoder, store), store.state().encoder
            if name == SEEDS and made_by != self._encoder.fingerprint:
                engine.sync(seeds_folder(), progress)
            if store.state().encoder == self._encoder.fingerprint:
                engine.answer(engine.retrieve("Askpress ?"))

    @contextmanager
    def engine(self, name: str, *, top_k: int | None = None, model: str | None = None) -> Iterator[Engine]:
        """Lend an engine. Raises CollectionNotFound, StoreError, and RequestError for a model."""
        if model is not None and model not in self._generators:
            raise RequestError("model_not_offered", name=model, known=", ".join(self.models))
        settings = self._settings if top_k is None else replace(self._settings, top_k=top_k)
        with self.store(name) as store:
            yield Engine(settings, self._encoder, store, self._generators[model or self._settings.model])

    @contextmanager
    def store(self, name: str, *, create: bool = False) -> Iterator[EmbeddedStore]:
        """Lend a collection's store. Raises CollectionNotFound, StoreError."""
        held = self._take(name, create=create)
        try:
            yield held.store
        finally:
            self._give_back(held)

    def look(self, name: str) -> None:
        """Raises CollectionNotFound, StoreError."""
        with self.store(name):
            pass

    def add(self, name: str, articles: Iterable[Article | ArticleError], progress: Progress = silent) -> SyncReport:
        """Add articles to a collection: see ``Indexer.add``."""
        found = list(articles)
        with self.store(name) as store:
            return Indexer(store, self._encoder, self._settings.passage_tokens, progress).add(found, len(found))

    def delete(self, name: str) -> None:
        """Remove a collection and its files, also one that cannot be opened.

        Raises CollectionNotFound, StorageFull, StoreBusy.
        """
        with self._changed:
            self._check(name)
            self._leaving.add(name)
        try:
            with self._changed:
                held = self._held.get(name)
                if held and not self._changed.wait_for(lambda: not held.users, PATIENCE):
                    raise StoreBusy("collection_in_use", name=name, seconds=PATIENCE)
                self._held.pop(name, None)
            if held:
                held.store.close()
            remove(self._named(name))
        finally:
            with self._changed:
                self._leaving.discard(name)

    def close(self) -> None:
        """Close every collection, once those who use it have left."""
        with self._changed:
            self._changed.wait_for(lambda: not any(held.users for held in self._held.values()), PATIENCE)
            for held in self._held.values():
                held.store.close()
            self._held.clear()

    def _check(self, name: str, *, create: bool = False) -> None:
        """Raises CollectionNotFound, and StoreBusy for one that is to be made anew while it is being removed."""
        if name in self._leaving and create:
            raise StoreBusy("collection_in_use", name=name, seconds=PATIENCE)
        known = COLLECTION_NAME.fullmatch(name) and (
            create or name in self._held or collection_folder(self._named(name)).is_dir()
        )
        if not known or name in self._leaving:
            raise CollectionNotFound("collection_unknown", name=name)

    def _take(self, name: str, *, create: bool = False) -> _Held:
        with self._changed:
            self._check(name, create=create)
            if name not in self._held:
                self._held[name] = _Held(open_collection(self._named(name), create=create))
                self._close_idle()
            held = self._held[name]
            held.users += 1
            self._held.move_to_end(name)
            return held

    def _give_back(self, held: _Held) -> None:
        with self._changed:
            held.users -= 1
            self._changed.notify_all()

    def _close_idle(self) -> None:
        idle = [name for name, held in self._held.items() if not held.users][:-1]  # the last was opened just now
        for name in idle[: max(len(self._held) - OPEN, 0)]:
            self._held.pop(name).store.close()

    def _named(self, name: str) -> Settings:
        return replace(self._settings, collection=name)
