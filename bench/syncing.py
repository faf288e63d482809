"""How long a sync takes that has nothing to do, and how soon a new article is answered from.

Run by ``python -m bench.syncing``; two numbers after it are those of the files and of the passages. The articles are
synthetic and their vectors random: only the articles that are timed are encoded.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.corpus import NAMES, seed_sentences
from bench.machine import machine
from rag.encoders import load as load_encoder
from rag.indexing import Indexer
from rag.languages import terms
from rag.opening import open_engine
from rag.protocols import silent
from rag.settings import load
from rag.store import open_store
from rag.types import Article, Entry, Passage, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from rag.protocols import Encoder, Progress

FILES, PASSAGES, ROUNDS = 10_000, 100_000, 5
LONG_AGO = 1_700_000_000
SENTENCES, WORDS = 4, 12  # of a synthetic passage; its words follow Zipf's law
SPREAD = 0.6  # length of the noise added to a unit vector: neighbours have cosines of some .75


class RandomVectors:
    """Passes for another encoder, whose vectors would take hours."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.fingerprint, self.max_tokens = encoder.name, encoder.fingerprint, encoder.max_tokens
        self.dimension = encoder.dimension
        self.encode_queries, self.encode_query_tokens = encoder.encode_queries, encoder.encode_query_tokens
        self.read = encoder.read
        self._chance = np.random.default_rng(7)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) // 4 for text in texts]

    def encode_passages(
        self,
        texts: Sequence[str],
        languages: Sequence[str],  # noqa: ARG002 - the same vectors for every language
        progress: Progress = silent,
    ) -> NDArray[np.float32]:
        progress("embed", 0.0)
        vectors = self._chance.standard_normal((len(texts), self.dimension), np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def main(files: int = FILES, passages: int = PASSAGES) -> None:
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}; median (least-most) of {ROUNDS}")
    with tempfile.TemporaryDirectory() as folder:
        _nothing_to_do(files, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        _one_more(passages, Path(folder))


def _nothing_to_do(files: int, folder: Path) -> None:
    press, settings = folder / "press", load(data_dir=folder / "data", collection="bench")
    press.mkdir()
    sentences = seed_sentences()
    for number in range(files):
        picked = (sentences[(number * 7 + step) % len(sentences)] for step in range(10))
        text = f"Dossier {number}\n\n{NAMES[number % len(NAMES)]}, {number}. {'. '.join(picked)}.\n"
        path = press / f"{number}.txt"
        path.write_text(text, encoding="utf-8")
        os.utime(path, (LONG_AGO, LONG_AGO))
    encoder = RandomVectors(load_encoder(settings.encoder, cache_dir=settings.cache_dir))
    with open_store(settings.data_dir / "collections" / "bench") as store:
        started = time.perf_counter()
        added = Indexer(store, encoder, settings.passage_tokens).sync(press).added
        print(f"{len(added)} files read and kept, encoding left out: {time.perf_counter() - started:.0f} s")

    def sync(_: int) -> None:
        command = [str(Path(sys.executable).parent / "rag"), "sync", str(press), "--collection", "bench"]
        variables = os.environ | {"RAG_DATA_DIR": str(settings.data_dir)}
        done = subprocess.run(command, env=variables, check=True, capture_output=True, text=True)
        assert str(files) in done.stdout, done.stdout

    _tell(f"rag sync of {files} unchanged files, the whole process", sync)


def _one_more(passages: int, folder: Path) -> None:
    settings = load(data_dir=folder, collection="bench", threshold=0.0)
    with open_engine(settings, create=True) as engine:
        engine.store.put(entries(passages, engine.encoder))
        engine.store.snapshot()
    with open_engine(settings) as engine:
        engine.ask("Qui a signé le premier accord ?")

        def add_and_ask(number: int) -> None:
            text = f"Le traité de Zanzibar numéro {number} a été signé par Amina Okonkwo. Il entre en vigueur en mai."
            engine.indexer().add([Article(f"new-{number}", "Le traité", text, "fr", origin=f"upload/{number}")])
            answer = engine.ask(f"Qui a signé le traité de Zanzibar numéro {number} ?")
            assert f"new-{number}" in {citation.article_id for citation in answer.citations}, answer

        _tell(f"one article more beside {passages} passages, until it is quoted", add_and_ask)


def _tell(name: str, act: Callable[[int], None]) -> None:
    seconds, worked = [], _processor_seconds()
    for number in range(ROUNDS):
        started = time.perf_counter()
        act(number)
        seconds.append(time.perf_counter() - started)
    worked = (_processor_seconds() - worked) / ROUNDS
    spread = f"{statistics.median(seconds):.2f} s ({min(seconds):.2f}-{max(seconds):.2f})"
    print(f"{name}: {spread}; {worked:.2f} s of one processor")


def _processor_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def entries(size: int, encoder: Encoder) -> Iterator[Entry]:
    """Yield articles of one passage each, their vectors around those of the seed articles' sentences."""
    chance = np.random.default_rng(7)
    sentences = seed_sentences()
    centres = encoder.encode_passages(sentences, ["fr"] * len(sentences))
    known = [word for word, _ in Counter(" ".join(sentences).split()).most_common()]
    for number in range(size):
        text, spans = "", []
        for ranks in chance.zipf(1.2, (SENTENCES, WORDS)).tolist():
            words = [known[rank - 1] if rank <= len(known) else f"mot{rank % 1_000_000}" for rank in ranks]
            spans.append(Span(len(text), len(text) + len(sentence := " ".join(words))))
            text += sentence + "\n"
        vectors = _around(centres[chance.integers(len(centres))], chance)
        yield Entry(
            article=Article(f"bench-{number}", f"Dossier {number}", text, "fr"),
            passages=(Passage(f"bench-{number}", 0, 0, len(text) - 1, tuple(spans)),),
            terms=(tuple(terms(text, "fr")),),
            fingerprint=encoder.fingerprint,
            passage_digests=(f"p{number}",),
            passage_vectors=vectors[:1],
            sentence_digests=tuple(f"s{number}-{place}" for place in range(SENTENCES)),
            sentence_vectors=vectors[1:],
        )


def _around(centre: NDArray[np.float32], chance: np.random.Generator) -> NDArray[np.float32]:
    noise = chance.standard_normal((1 + SENTENCES, len(centre)), np.float32) * SPREAD / len(centre) ** 0.5
    vectors = centre + noise
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
