"""LangChain's FAISS store and its BM25 retriever in an ensemble of equal weights, as its documentation has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_community.vectorstores import FAISS
from langchain_huggingface import HuggingFaceEmbeddings

from bench.peers.protocol import NEAREST, serve

if TYPE_CHECKING:
    from pathlib import Path


class LangChain:
    def __init__(self, model: Path) -> None:
        self._embeddings = HuggingFaceEmbeddings(
            model_name=str(model),
            model_kwargs={"device": "cpu"},
            encode_kwargs={"prompt_name": "document"},
            query_encode_kwargs={"prompt_name": "query"},
        )
        self._retriever: Any = None

    def index(self, texts: list[str], folder: Path) -> None:
        store = FAISS.from_texts(texts, self._embeddings, metadatas=[{"row": row} for row in range(len(texts))])
        store.save_local(str(folder))
        self._ensemble(store)

    def encode(self, texts: list[str]) -> None:
        self._embeddings.embed_documents(texts)

    def open(self, folder: Path) -> None:
        # The pickle that it keeps was written by the line above.
        self._ensemble(FAISS.load_local(str(folder), self._embeddings, allow_dangerous_deserialization=True))

    def ask(self, question: str) -> list[int]:
        return [document.metadata["row"] for document in self._retriever.invoke(question)][:NEAREST]

    def _ensemble(self, store: Any) -> None:
        words = BM25Retriever.from_documents(list(store.docstore._dict.values()), k=NEAREST)  # noqa: SLF001
        near = store.as_retriever(search_kwargs={"k": NEAREST})
        self._retriever = EnsembleRetriever(retrievers=[words, near], weights=[0.5, 0.5])


if __name__ == "__main__":
    serve(LangChain)
