from dataclasses import replace

import numpy as np
import pytest
from fakes import MemoryStore, WordEncoder

from rag.answerability import answerability
from rag.indexing import Indexer
from rag.reading import DOUBT, MARGIN, READ, read
from rag.retrieval import retrieve
from rag.types import Article

QUESTION = "Combien de délégués Nanning a-t-elle réunis ?"
ANSWER = "Nanning a réuni 300 délégués"


class ReadingEncoder(WordEncoder):
    """A reader that finds an answer where the words ``right`` are, and knows what it was shown."""

    def __init__(self, right=""):
        super().__init__()
        self.right = right
        self.calls = []

    @property
    def shown(self):
        return [window for windows in self.calls for window in windows]

    def read(self, kind, asked, windows):
        assert (kind, asked) == ("question", QUESTION)
        self.calls.append(windows)
        return np.array([8.0 if self.right in " ".join(window.sentences) else -8.0 for window in windows], np.float32)


@pytest.fixture
def found():
    encoder, store = WordEncoder(), MemoryStore()
    texts = [f"{ANSWER}. Il pleut.", "Nanning a réuni des délégués.", "Combien de délégués ?", "Nanning, délégués."]
    articles = [Article(id=str(n), title=f"Titre {n}", text=text, language="fr") for n, text in enumerate(texts)]
    store.put(Indexer(store, encoder, 40).entries(articles))
    return retrieve(QUESTION, "fr", encoder=encoder, store=store, candidates=5)


def scored(found, *scores):
    """Give the hits scores, and the first a cosine at which it is in doubt whether there is an answer."""
    made = replace(found, hits=tuple(replace(hit, score=s) for hit, s in zip(found.hits, scores, strict=True)))
    tried = (dense(made, step / 50) for step in range(-250, 250))
    return next(one for one in tried if 0.3 < answerability(one) < 0.7)


def dense(found, value):
    return replace(found, hits=(replace(found.hits[0], dense=value), *found.hits[1:]))


def test_of_passages_that_score_about_alike_the_one_that_answers_comes_first(found):
    close = scored(found, 2.0, 1.99, 1.98, 1.97)
    second = close.hits[1].candidate.article
    encoder = ReadingEncoder(second.text)
    ordered = read(close, encoder)
    assert len(encoder.shown) == READ == 2
    assert ordered.hits[0].candidate.article is second
    assert ordered.hits[0].odds == 8.0
    assert [hit.score for hit in ordered.hits] == [2.0, 1.99, 1.98, 1.97]
    assert {hit.candidate.article.id for hit in ordered.hits} == {hit.candidate.article.id for hit in found.hits}


def test_what_the_reader_sees_is_the_article_around_the_best_sentence(found):
    encoder = ReadingEncoder("no such words")
    best = next(hit for hit in found.hits if hit.candidate.article.id == "0")
    others = tuple(hit for hit in found.hits if hit is not best)
    read(scored(replace(found, hits=(best, *others)), 2.0, 0.3, 0.2, 0.1), encoder)
    (window,) = encoder.shown
    assert (window.title, window.sentences) == ("Titre 0", (f"{ANSWER}.", "Il pleut."))
    assert window.centre == best.sentence_scores.index(max(best.sentence_scores))


@pytest.mark.parametrize("scores", [(2.0, 0.3, 0.2, 0.1), (2.0, 1.99, 1.98, 1.97)])
def test_it_reads_only_where_it_is_in_doubt_whether_there_is_an_answer(found, scores):
    doubtful = scored(found, *scores)
    for chosen, doubt in ((doubtful, True), (dense(doubtful, -5.0), False), (dense(doubtful, 5.0), False)):
        assert (DOUBT[0] < answerability(chosen) < DOUBT[1]) is doubt
        encoder = ReadingEncoder("no such words")
        result = read(chosen, encoder)
        assert bool(encoder.shown) is doubt
        assert (result.hits[0].odds is not None) is doubt


@pytest.mark.parametrize(("behind", "shown"), [(MARGIN / 2, 2), (MARGIN, 1)])
def test_only_a_rival_of_the_best_is_read_beside_it(found, behind, shown):
    encoder = ReadingEncoder("no such words")
    close = scored(found, 2.0, 2.0 - behind, 0.2, 0.1)
    ordered = read(close, encoder)
    assert len(encoder.shown) == shown
    assert [hit.odds is None for hit in ordered.hits] == [place >= shown for place in range(4)]
    assert [hit.candidate for hit in ordered.hits] == [hit.candidate for hit in close.hits]


def test_rivals_are_handed_over_at_once_to_be_read_side_by_side(found):
    close = scored(found, 2.0, 1.99, 1.98, 1.97)
    encoder = ReadingEncoder(close.hits[0].candidate.article.text)
    ordered = read(close, encoder)
    assert [len(windows) for windows in encoder.calls] == [2]
    assert [hit.odds for hit in ordered.hits] == [8.0, -8.0, None, None]
    assert [hit.candidate for hit in ordered.hits] == [hit.candidate for hit in close.hits]


def test_without_a_reader_nothing_changes(found):
    close = scored(found, 2.0, 1.99, 1.98, 1.97)
    assert read(close, WordEncoder()).hits == close.hits
