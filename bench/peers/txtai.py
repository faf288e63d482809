"""txtai with its defaults, texts kept in its database; its hybrid search costs more and is worse across languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txtai import Embeddings

from bench.peers.protocol import NEAREST, serve

if TYPE_CHECKING:
    from pathlib import Path


class Txtai:
    def __init__(self, model: Path) -> None:
        prompts = {"query": "query: ", "data": "passage: "}
        self._embeddings: Any = Embeddings(path=str(model), instructions=prompts, content=True, gpu=False)

    def index(self, texts: list[str], folder: Path) -> None:
        self._embeddings.index(texts)
        self._embeddings.save(str(folder))

    def encode(self, texts: list[str]) -> None:
        self._embeddings.batchtransform(texts, "data")

    def open(self, folder: Path) -> None:
        self._embeddings.load(str(folder))

    def ask(self, question: str) -> list[int]:
        return [int(found["id"]) for found in self._embeddings.search(question, NEAREST)]


if __name__ == "__main__":
    serve(Txtai)
