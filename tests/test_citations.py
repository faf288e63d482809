import numpy as np
import pytest
from fakes import make_entry
from hypothesis import given
from hypothesis import strategies as st

from rag.citations import ClaimReader, find_quote
from rag.types import Candidate, Hit, Span


def hit(article_id, *passages, ordinal=0, **fields):
    entry = make_entry(article_id, *passages, **fields)
    passage = entry.passages[ordinal]
    vectors = np.ones((len(passage.sentences), 16), np.float32)
    candidate = Candidate(entry.article, passage, vectors[0], vectors, 0.0)
    return Hit(candidate, 1.0, 1.0, 0.0, (1.0,) * len(passage.sentences))


def read(pieces, hits):
    reader = ClaimReader(hits)
    claims = [claim for piece in pieces for claim in reader.read(piece)]
    return claims + reader.finish(), reader.citations


@pytest.fixture
def hits():
    return [hit("a", "Meta backs ViGen. It is open"), hit("b", "Viettel pays [2] now [2]. Two events")]


def test_a_line_becomes_a_claim_with_the_exact_words_it_cites(hits):
    (claim,), (citation,) = read(["Meta backs ", "ViGen [1]\n"], hits)
    assert (claim.text, claim.start, claim.stop, claim.support) == ("Meta backs ViGen", 0, 16, "verbatim")
    article = hits[0].candidate.article
    assert citation.quote == article.text[citation.start : citation.stop] == "Meta backs ViGen"


def test_claims_are_joined_by_one_space(hits):
    claims, _ = read(["Meta backs ViGen [1]\nTwo events [2]\n"], hits)
    text = " ".join(claim.text for claim in claims)
    assert [text[claim.start : claim.stop] for claim in claims] == [claim.text for claim in claims]


def test_what_no_passage_says_is_left_out(hits):
    draft = [
        "Meta sells ViGen [1]\n",
        "Meta backs ViGen [2]\n",
        "Meta backs ViGen [7]\n",
        "Meta backs ViGen\n",
        "[1]\n",
    ]
    assert read(draft, hits) == ([], ())


def test_a_bracketed_number_of_the_article_is_no_marker(hits):
    (claim,), (citation,) = read(["Viettel pays [2] now [2]\n"], hits)
    assert claim.text == citation.quote == "Viettel pays [2] now"
    assert citation.article_id == "b"


def test_the_same_words_keep_their_number(hits):
    claims, citations = read(["It is open [1]\nTwo events [2]\nIt is open [1]\n"], hits)
    assert [claim.citations for claim in claims] == [(1,), (2,), (1,)]
    assert [citation.number for citation in citations] == [1, 2]


def test_a_part_of_a_sentence_is_shown_in_it(hits):
    _, (citation,) = read(["backs ViGen [1]\n"], hits)
    assert (citation.before, citation.quote, citation.after) == ("Meta ", "backs ViGen", "")


def test_a_quote_is_found_whatever_its_white_space_but_only_in_its_passage():
    long = hit("a", "One  two. Three", "One two again", ordinal=1)
    assert find_quote("One\ntwo again", long) == Span(*long_span(long, "One two again"))
    assert find_quote("Three", long) is None
    assert find_quote("  ", long) is None


def long_span(found, words):
    start = found.candidate.article.text.index(words)
    return start, start + len(words)


@given(st.lists(st.text(max_size=40), max_size=6))
def test_no_draft_can_make_a_quote_that_is_no_slice(lines):
    given_hits = [hit("a", "Meta backs ViGen. It is open")]
    claims, citations = read([f"{line}\n" for line in lines] + ["It is open [1]"], given_hits)
    assert claims
    text = given_hits[0].candidate.article.text
    assert all(citation.quote == text[citation.start : citation.stop] for citation in citations)
