"""RAGLite over DuckDB, its embedder the same encoder. DuckDB's extensions and its sentence model are downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import litellm
from raglite import Document, RAGLiteConfig, hybrid_search, insert_documents, retrieve_chunks
from sentence_transformers import SentenceTransformer

from bench.peers.protocol import NEAREST, serve

if TYPE_CHECKING:
    from pathlib import Path


class Embedder(litellm.CustomLLM):  # type: ignore[misc]
    """The encoder as LiteLLM calls it. RAGLite does not tell a question from a text, so both are read as questions."""

    def __init__(self, model: Path) -> None:
        super().__init__()
        self._model = SentenceTransformer(str(model), device="cpu")

    def encode(self, texts: list[str]) -> Any:
        return self._model.encode(texts, prompt_name="query")

    def embedding(self, model: str, input: list[str], model_response: Any, **_: Any) -> Any:  # noqa: A002, ARG002
        vectors = self.encode(input).tolist()
        model_response.data = [{"index": row, "embedding": vector} for row, vector in enumerate(vectors)]
        return model_response


class RagLite:
    def __init__(self, model: Path) -> None:
        self._embedder = Embedder(model)
        litellm.custom_provider_map = [{"provider": "here", "custom_handler": self._embedder}]
        self._config: Any = None

    def index(self, texts: list[str], folder: Path) -> None:
        self.open(folder)
        insert_documents([Document.from_text(text, id=str(n)) for n, text in enumerate(texts)], config=self._config)

    def encode(self, texts: list[str]) -> None:
        self._embedder.encode(texts)

    def open(self, folder: Path) -> None:
        database = f"duckdb:///{folder / 'texts.db'}"
        self._config = RAGLiteConfig(db_url=database, embedder="here/e5", llm="here/none", reranker=None)

    def ask(self, question: str) -> list[int]:
        found, _ = hybrid_search(question, num_results=NEAREST, config=self._config)
        return [int(chunk.document_id) for chunk in retrieve_chunks(found, config=self._config)]


if __name__ == "__main__":
    serve(RagLite)
