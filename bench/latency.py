"""A question at 1,200 and at 100,000 passages, by stage, beside the same encoder and an exact search with FAISS.

Run by ``python -m bench.latency``; a number after it is that of the passages. The articles are synthetic: words by
Zipf's law, and random vectors around those of the seed articles' sentences, five to a passage of four sentences. The
other program searches only the passages' vectors, and shows nothing.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import faiss
import numpy as np

from bench.corpus import seed_sentences
from bench.questions import question
from bench.timing import compare, machine
from rag.languages import terms
from rag.opening import open_engine
from rag.settings import load
from rag.types import Article, Entry, Passage, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rag.answers import Answer
    from rag.protocols import Encoder

SIZES = (1_200, 100_000)
SENTENCES, WORDS = 4, 12
SPREAD = 0.6  # length of the noise added to a unit vector: neighbours have cosines of some .75
ROUNDS = 40


def main(sizes: tuple[int, ...]) -> None:
    print(f"{machine()}; medians (least-most) of {ROUNDS} questions that were not asked before")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _measure(size, Path(folder))


def _measure(size: int, folder: Path) -> None:
    settings = load(data_dir=folder, collection="bench", threshold=0.0)
    with open_engine(settings, create=True) as engine:
        made = list(entries(size, engine.encoder))
        engine.store.put(made)
        engine.store.snapshot()
    plain = faiss.IndexFlatIP(made[0].passage_vectors.shape[1])
    plain.add(np.concatenate([entry.passage_vectors for entry in made]))
    del made
    with open_engine(settings) as engine:
        answers: list[Answer] = []
        encode = engine.encoder.encode_queries
        for warm in range(5):
            engine.ask(question(warm))
        row = compare(
            f"{size} passages: the whole answer",
            lambda number: answers.append(engine.ask(question(number))),
            lambda number: plain.search(encode([question(number)], ["fr"]), 10),
            ROUNDS,
        )
    print(f"\n{'':42} {'Askpress':>24} {'plain':>24} {'faster':>9}\n{row.row()}")
    for stage in answers[0].timings:
        times = sorted(answer.timings[stage] for answer in answers)
        spread = f"{statistics.median(times):.1f} ms ({times[0]:.1f}-{times[-1]:.1f})"
        print(f"  {stage:40} {spread:>24}")


def entries(size: int, encoder: Encoder) -> Iterator[Entry]:
    """Yield articles of one passage each, the same for the same encoder."""
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
    main(tuple(map(int, sys.argv[1:])) or SIZES)
