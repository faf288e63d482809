"""Cold and hot questions beside a plain sentence-transformers and FAISS program, with the same weights.

Run by ``make bench``. Prints one table; the articles are synthetic, made from the seed articles.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import faiss
import numpy as np

from bench.corpus import QUESTIONS, write_articles
from bench.timing import Comparison, compare, machine
from rag.encoders import prepare, resolve
from rag.engine import open_engine
from rag.protocols import silent
from rag.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSAGES = 1000
COLD_ROUNDS, HOT_ROUNDS = 5, 40
ASK = Path(sys.executable).with_name("ask")
# What one writes without Askpress: load the model, read the index, encode, search, print the best passage.
PLAIN = """
import json, sys
import faiss
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
index = faiss.read_index(sys.argv[2])
texts = json.load(open(sys.argv[3]))
scores, rows = index.search(model.encode([sys.argv[4]], prompt_name="query", normalize_embeddings=True), 10)
print(texts[rows[0][0]])
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        settings = load(data_dir=root / "data", collection="bench", threshold=0.0)
        articles = root / "articles.jsonl"
        write_articles(articles, PASSAGES)
        with open_engine(settings, create=True) as engine:
            engine.sync(articles)
        peer = _plain_index(settings, articles, root)
        print(f"{PASSAGES} passages, {machine()}; medians (least-most)\n")
        print(f"{'':42} {'Askpress':>24} {'plain':>24} {'faster':>9}")
        print(_cold(settings, peer).row())
        for row in _hot(settings, peer):
            print(row.row())


_NUMBERS = itertools.count()


def question(number: int) -> str:
    """Return a question that was not asked before."""
    return f"{QUESTIONS[number % len(QUESTIONS)]} ({next(_NUMBERS)})"


def _plain_index(settings: Settings, articles: Path, root: Path) -> tuple[str, str, str]:
    from sentence_transformers import SentenceTransformer

    source = prepare(resolve("bundled"), settings.cache_dir, silent, "sentence-transformers") / "source"
    texts = [json.loads(line)["text"] for line in articles.read_text(encoding="utf-8").splitlines()]
    vectors = SentenceTransformer(str(source), device="cpu").encode(texts, prompt_name="document")
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    faiss.write_index(index, str(root / "plain.faiss"))
    (root / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    return str(source), str(root / "plain.faiss"), str(root / "texts.json")


def _cold(settings: Settings, peer: tuple[str, str, str]) -> Comparison:
    environment = os.environ | {
        "RAG_DATA_DIR": str(settings.data_dir),
        "RAG_CACHE_DIR": str(settings.cache_dir),
        "RAG_COLLECTION": "bench",
        "RAG_THRESHOLD": "0",
        "HF_HUB_OFFLINE": "1",
    }

    def ours(number: int) -> None:
        subprocess.run([ASK, QUESTIONS[number % len(QUESTIONS)]], env=environment, check=True, capture_output=True)

    def theirs(number: int) -> None:
        command = [sys.executable, "-c", PLAIN, *peer, QUESTIONS[number % len(QUESTIONS)]]
        subprocess.run(command, env=environment, check=True, capture_output=True)

    return compare("cold question: a new process", ours, theirs, COLD_ROUNDS)


def _hot(settings: Settings, peer: tuple[str, str, str]) -> Iterator[Comparison]:
    from sentence_transformers import SentenceTransformer

    model, index = SentenceTransformer(peer[0], device="cpu"), faiss.read_index(peer[1])

    def theirs(number: int) -> None:
        index.search(model.encode([question(number)], prompt_name="query", normalize_embeddings=True), 10)

    with open_engine(settings) as engine:
        for warm in range(3):
            engine.ask(QUESTIONS[warm])
            theirs(warm)
        yield compare("hot question: retrieval", lambda n: engine.retrieve(question(n)), theirs, HOT_ROUNDS)
        yield compare("the same question again: retrieval", lambda _: engine.retrieve(QUESTIONS[0]), theirs, HOT_ROUNDS)
        yield compare("hot question: the whole answer", lambda n: engine.ask(question(n)), theirs, HOT_ROUNDS)
        encode = engine.encoder.encode_queries
        yield compare("hot question: encoding alone", lambda n: encode([question(n)], ["fr"]), theirs, HOT_ROUNDS)


if __name__ == "__main__":
    main()
