import string
from importlib.resources import files

import numpy as np
import pytest
from fakes import WordEncoder, make_entry
from hypothesis import given, settings
from hypothesis import strategies as st
from linearity import assert_linear

from rag.citations import LONGEST, ClaimReader, find_quote
from rag.protocols import silent
from rag.types import Candidate, Hit, Span


class NearEncoder(WordEncoder):
    """As with e5, any two texts are rather near, and those that share words very near: a part of each is the same."""

    def encode_passages(self, texts, languages, progress=silent):
        vectors = super().encode_passages(texts, languages, progress) + 1.2 * np.eye(1, self.dimension)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


ENCODER = NearEncoder()


def hit(article_id, *passages, ordinal=0, **fields):
    entry = make_entry(article_id, *passages, **fields)
    passage, article = entry.passages[ordinal], entry.article
    parts = [span.of(article.text) for span in passage.sentences]
    vectors = ENCODER.encode_passages(parts, [article.language] * len(parts))
    return Hit(Candidate(article, passage, vectors[0], vectors, 0.0), 1.0, 1.0, 0.0, (1.0,) * len(parts))


def read(pieces, hits, **options):
    reader = ClaimReader(hits, **options)
    claims = [claim for piece in pieces for claim in reader.read(piece)]
    return claims + reader.finish(), reader.citations


def judged(pieces, hits, **options):
    return read(pieces, hits, language="en", encoder=ENCODER, **options)


@pytest.fixture
def hits():
    return [
        hit("a", "Meta backs ViGen. It is open"),
        hit("b", "Viettel pays [2] now [2]. Two events"),
        hit("c", "Nanning hosted more than 300 delegates in December. The consul met Tran Viet Hung. It rained"),
    ]


def test_a_line_becomes_a_claim_with_the_exact_words_it_cites(hits):
    (claim,), (citation,) = read(["Meta backs ", "ViGen [1]\n"], hits)
    assert (claim.text, claim.start, claim.stop, claim.support) == ("Meta backs ViGen", 0, 16, "verbatim")
    article = hits[0].candidate.article
    assert citation.quote == article.text[citation.start : citation.stop] == "Meta backs ViGen"


def test_claims_are_joined_by_one_space(hits):
    claims, _ = read(["Meta backs ViGen [1]\nTwo events [2]\n"], hits)
    text = " ".join(claim.text for claim in claims)
    assert [text[claim.start : claim.stop] for claim in claims] == [claim.text for claim in claims]


def test_what_no_passage_says_is_left_out_and_counted(hits):
    reader = ClaimReader(hits)
    assert reader.read("Meta sells ViGen [1]\n\n[1]\nMeta sells it\n") == []
    assert (reader.citations, reader.dropped) == ((), 2)


def test_very_words_get_the_passage_that_they_stand_in_whatever_they_name(hits):
    (claim,), (citation,) = read(["Meta backs ViGen [2]\n"], hits)
    assert (claim.support, citation.article_id) == ("verbatim", "a")
    assert judged(["Nanning hosted 300 delegates [1]\n"], hits)[0] == []


@pytest.mark.parametrize(
    ("question", "draft", "shown"),
    [
        ("Does Meta back ViGen?", "Does Meta back ViGen? [1]", False),
        ("Does Nanning host 300 delegates", "Nanning hosted 300 delegates [3].", True),
        ("Who met the consul Tran Viet Hung?", "The consul met Tran Viet Hung [3].", False),
        ("Did the consul meet Tran Viet Hung?", "The consul met Tran Viet Hung [3].", True),
    ],
)
def test_the_question_again_is_no_answer(hits, question, draft, shown):
    assert bool(judged([draft], hits, question=question)[0]) == shown


def test_what_no_passage_says_can_be_kept_and_marked(hits):
    claims, citations = judged(["Meta sells ViGen to Oracle [1]. Meta backs ViGen [1].\n"], hits, keep_unsupported=True)
    assert [(claim.text, claim.support, claim.citations) for claim in claims] == [
        ("Meta sells ViGen to Oracle.", "unsupported", ()),
        ("Meta backs ViGen.", "verbatim", (1,)),
    ]
    assert len(citations) == 1


@pytest.mark.parametrize("marker", ["", "[7]", "[0]", "【9】"])
def test_a_sentence_that_names_no_passage_gets_the_one_that_carries_it(hits, marker):
    (claim, other), citations = judged([f"Two events {marker}\nNanning hosted 300 delegates {marker}.\n"], hits)
    assert (claim.support, other.support) == ("verbatim", "supported")
    assert [citation.article_id for citation in citations] == ["b", "c"]


@pytest.mark.parametrize(
    "draft",
    [
        "Nanning hosted 300 delegates [3].",
        "Nanning hosted 300 delegates. [3]",
        "Nanning hosted three hundred delegates [1][3].",
        "Nanning hosted 300 delegates [1-3]",
        "Nanning hosted 300 delegates【3】.",
        "**Nanning** hosted 300 delegates [1, 3].",
    ],
)
def test_other_words_are_supported_by_the_whole_sentence(hits, draft):
    (claim,), (citation,) = judged([draft], hits)
    assert (claim.support, claim.citations) == ("supported", (1,))
    assert citation.quote == "Nanning hosted more than 300 delegates in December"
    assert "[" not in claim.text
    assert claim.text.startswith("Nanning hosted")


def test_a_sentence_is_read_when_the_next_one_begins(hits):
    reader = ClaimReader(hits, language="en", encoder=ENCODER)
    pieces = ["The consul ", "met Tran Viet", " Hung", ". [", "3] ", "Meta"]
    assert [len(reader.read(piece)) for piece in pieces] == [0, 0, 0, 0, 0, 1]
    assert reader.citations[0].quote == "The consul met Tran Viet Hung"
    (last,) = reader.read(" backs ViGen [1]\n")
    assert last.start == len("The consul met Tran Viet Hung. ")


def test_a_line_that_stands_so_in_its_passage_is_one_claim_whatever_its_dots():
    whole = "He said: Go! Now? It is 5 p.m.! Hanoi"
    hits = [hit("a", whole)]
    (claim,), (citation,) = read([f"{whole} [1]\n"], hits)
    assert claim.text == citation.quote.replace("\n", " ") == hits[0].candidate.article.text


def test_a_bracketed_number_of_the_article_stays_in_the_quote_only(hits):
    (claim,), (citation,) = read(["Viettel pays [2] now [2]\n"], hits)
    assert (claim.text, citation.quote) == ("Viettel pays now", "Viettel pays [2] now")
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


def test_a_quote_is_of_whole_words(hits):
    assert find_quote("eta backs ViGen", hits[0]) is None
    assert find_quote("Meta back", hits[0]) is None
    chinese = hit("z", "南宁市主办了会议", language="zh")
    assert find_quote("主办", chinese) is not None


def test_words_that_any_article_has_are_no_claim(hits):
    assert judged(["It is.\nYes\n[1]\n"], hits) == ([], ())


def test_no_address_of_a_draft_is_shown(hits):
    draft = (
        "[Nanning](https://evil.example/?q=1) hosted 300 delegates https://evil.example/x [3]\nwww.evil.example [1]\n"
    )
    (claim,), citations = judged([draft], hits, keep_unsupported=True)
    assert claim.text == "Nanning hosted 300 delegates"
    assert all(citation.url is None for citation in citations)


def long_span(found, words):
    start = found.candidate.article.text.index(words)
    return start, start + len(words)


DRAFTS = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            ["It is open", " [1]", "[2", "]. ", "\n", "300 delegates", "https://a.b/c", "\u202e", "**", "("]
        ),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(DRAFTS, st.booleans())
def test_whatever_the_draft_a_quote_is_a_slice_and_a_claim_is_plain(pieces, keep):
    given_hits = [hit("a", "Meta backs ViGen. It is open"), hit("c", "Nanning hosted 300 delegates")]
    claims, citations = judged([*pieces, "\nIt is open [1]"], given_hits, keep_unsupported=keep)
    assert claims
    texts = {found.candidate.article.id: found.candidate.article.text for found in given_hits}
    assert all(citation.quote == texts[citation.article_id][citation.start : citation.stop] for citation in citations)
    answer = " ".join(claim.text for claim in claims)
    for claim in claims:
        assert answer[claim.start : claim.stop] == claim.text == " ".join(claim.text.split())
        assert not {"://", "[1]", "[2]", "\u202e", "\x00"} & {claim.text[i : i + n] for n in (1, 3) for i in range(999)}
        assert bool(claim.citations) == (claim.support != "unsupported")
        assert set(claim.citations) <= {citation.number for citation in citations}


def test_a_sentence_without_an_end_is_given_up_and_the_next_line_is_read(hits):
    reader = ClaimReader(hits, language="en", encoder=ENCODER, keep_unsupported=True)
    claims = [claim for _ in range(9) for claim in reader.read("a" * LONGEST)]
    assert (claims, reader.dropped) == ([], 1)
    (claim,) = reader.read("b\nIt is open [1]\n")
    assert claim.text == "It is open"


@pytest.mark.parametrize(
    ("unit", "size"),
    [("Ab [1]. ", 400), *((unit, 20_000) for unit in ("a", "[", "[[1]", "a. ", "不", "3 ", "A ", "](", "<a "))],
)
def test_time_grows_with_the_draft(unit, size):
    given_hits = [hit("a", *(f"Sentence {letter} of 3 words" for letter in string.ascii_lowercase[:3]))]
    assert_linear(lambda length: judged([unit * (length // len(unit))], given_hits), size)


def test_a_claim_is_compared_with_the_vectors_of_the_store(hits):
    flipped = hits[2].candidate
    vectors = -np.asarray(flipped.sentence_vectors)
    french = hit("f", "Nanning hosted more than 300 delegates in December", language="fr")
    against = Candidate(french.candidate.article, french.candidate.passage, vectors[0], vectors[:1], 0.0)
    claims, _ = judged(["Nanning hosted 300 delegates [1]"], [Hit(against, 1.0, 1.0, 0.0, (1.0,))])
    assert claims == []


def test_no_example_of_a_prompt_is_taken_for_an_answer(hits):
    folder = files("rag").joinpath("prompts")
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir() if "completion" in path.name]
    examples = [line for text in texts for line in text.splitlines() if line.endswith(("[1]", "[2]"))]
    assert len(examples) >= 4 * len(texts)
    assert judged(["\n".join(examples)], hits)[0] == []
