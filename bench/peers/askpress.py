"""Askpress itself, behind the same protocol: whole answers with quotes, where the others return texts."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.peers.protocol import NEAREST, serve
from rag.encoders import load as load_encoder
from rag.engine import Engine
from rag.opening import open_collection
from rag.settings import load

if TYPE_CHECKING:
    from rag.settings import Settings


class Askpress:
    """Makes an article of each text. The sentence-transformers folder is that of its own bundled encoder."""

    def __init__(self, _: Path) -> None:
        settings = load()
        self._encoder = load_encoder(settings.encoder, cache_dir=settings.cache_dir)
        self._engine: Engine | None = None

    def index(self, texts: list[str], folder: Path) -> None:
        with tempfile.TemporaryDirectory() as elsewhere:
            articles = Path(elsewhere) / "articles.jsonl"
            lines = (json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts))
            articles.write_text("\n".join(lines), encoding="utf-8")
            with Engine(_settings(folder), self._encoder, open_collection(_settings(folder), create=True)) as engine:
                engine.sync(articles)
        self.open(folder)

    def encode(self, texts: list[str]) -> None:
        self._encoder.encode_passages(texts, ["fr"] * len(texts))

    def open(self, folder: Path) -> None:
        if self._engine:
            self._engine.close()
        self._engine = Engine(_settings(folder), self._encoder, open_collection(_settings(folder)))

    def ask(self, question: str) -> list[int]:
        assert self._engine
        return [int(source.article_id) for source in self._engine.ask(question).sources[:NEAREST]]


def _settings(folder: Path) -> Settings:
    return load(data_dir=folder, collection="bench", threshold=0.0)


if __name__ == "__main__":
    serve(Askpress)
