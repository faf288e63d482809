"""What one writes without a framework: sentence-transformers, and an exact search with FAISS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import faiss
from sentence_transformers import SentenceTransformer

from bench.peers.protocol import NEAREST, serve

if TYPE_CHECKING:
    from pathlib import Path


class Plain:
    def __init__(self, model: Path) -> None:
        self._model = SentenceTransformer(str(model), device="cpu")
        self._index: Any = None

    def index(self, texts: list[str], folder: Path) -> None:
        vectors = self._model.encode(texts, prompt_name="document")
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)
        faiss.write_index(self._index, str(folder / "texts.faiss"))
        (folder / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")

    def encode(self, texts: list[str]) -> None:
        self._model.encode(texts, prompt_name="document")

    def open(self, folder: Path) -> None:
        self._index = faiss.read_index(str(folder / "texts.faiss"))
        self.texts: list[str] = json.loads((folder / "texts.json").read_text(encoding="utf-8"))

    def ask(self, question: str) -> list[int]:
        _, rows = self._index.search(self._model.encode([question], prompt_name="query"), NEAREST)
        return [int(row) for row in rows[0] if row >= 0]


if __name__ == "__main__":
    serve(Plain)
