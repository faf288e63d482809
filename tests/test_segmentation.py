"""Every sentence and passage is a slice of the article's text, and none is longer than the limit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linearity import assert_linear

from rag.segmentation import segment
from rag.types import Article, Span


def characters(texts):
    return [len("".join(text.split())) for text in texts]


def words(texts):
    return [len(text.split()) for text in texts]


def article(text, language="fr", headings=()):
    spans = tuple(Span(text.index(heading), text.index(heading) + len(heading)) for heading in headings)
    return Article("a", "Titre", text, language, headings=spans)


def sentences(text, language):
    passages = segment(article(text, language), words, 10_000)
    return [span.of(text) for passage in passages for span in passage.sentences]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", ["M. Hung a parlé.", "Le Dr. Tuan aussi.", "Mme. Lien est partie."]),
        ("fr", ["Il a dit : « Oui. Non. »", "Puis il partit."]),
        ("fr", ["« Le Vietnam est prêt ! » a-t-il dit.", "« C’est fini ! », a-t-elle conclu."]),
        ("fr", ["La hausse est de 10.5 %.", "Voir p. 12 et art. 3.", "Pourquoi ?", "Parce que."]),
        ("fr", ["Le plan B.", "Il part avec 😀 George W. Bush.", "iFLYTEK a suivi."]),
        ("en", ["The U.S. economy grew 10.5 percent.", "Mr. Smith of Apple Inc. left at 5 p.m. on Monday."]),
        ("fr", ["Rome fut fondée en 753 av. J.-C. selon Varron.", "J.-B. Say le dit."]),
        ("en", ['He said: "It works. We ship."', "J. K. Rowling wrote it.", "Is it true?", "It is."]),
        ("vi", ["TS. Nguyễn Văn A phát biểu.", "TP. Hồ Chí Minh tăng 10,5%.", "PGS.TS. Trần B. nói vậy.", "Ông đi."]),
        ("vi", ['Ông nói: "Tốt lắm."', "Họ vui mừng."]),
        ("zh", ["他说：“这很好。”", "然后走了。", "价格上涨10.5%。", "真的吗？！"]),
        ("zh", ["王毅表示：「中越是好邻居。」", "双方同意合作！"]),
        ("de", ["Am 3. Oktober kam Dr. Müller.", "Nr. 5 lebt."]),
        ("und", ["Hello there.", "Next one."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(language, expected):
    text = ("" if language == "zh" else " ").join(expected)
    assert sentences(text, language) == expected


def test_a_closing_quotation_mark_stays_with_its_sentence():
    assert sentences("« Il est parti. Elle reste. Ils » sont là.", "fr")[0].startswith("« Il")
    assert sentences("Ils partent. » Puis le silence.", "fr") == ["Ils partent. »", "Puis le silence."]


def test_paragraphs_are_merged_up_to_the_limit_and_not_split_where_they_fit():
    paragraphs = ["Un deux. Trois quatre.", "Cinq six. Sept huit.", "Neuf dix. Onze douze."]
    text = "\n\n".join(paragraphs)
    passages = segment(article(text), words, 10)
    assert [text[p.start : p.stop] for p in passages] == ["\n\n".join(paragraphs[:2]), paragraphs[2]]
    assert [p.ordinal for p in passages] == [0, 1]


def test_a_paragraph_too_long_for_a_passage_is_split_evenly():
    text = " ".join(f"Phrase numéro {n} ici." for n in range(6))
    assert [len(p.sentences) for p in segment(article(text), words, 20)] == [3, 3]


def test_a_passage_knows_the_heading_above_it_and_does_not_hold_it():
    text = "Avant tout.\n\nPremier titre\n\nSous un.\n\nEncore un.\n\nSecond titre\n\nSous deux."
    passages = segment(article(text, headings=["Premier titre", "Second titre"]), words, 100)
    assert [(p.heading, text[p.start : p.stop]) for p in passages] == [
        ("", "Avant tout."),
        ("Premier titre", "Sous un.\n\nEncore un."),
        ("Second titre", "Sous deux."),
    ]


def test_a_heading_counts_and_one_that_takes_most_of_the_limit_is_left_out():
    text = "un deux trois quatre\n\nA b c. D e f. G h i."
    with_heading = segment(article(text, headings=["un deux trois quatre"]), words, 10)
    assert [len(p.sentences) for p in with_heading] == [2, 1]
    without = segment(article(text, headings=["un deux trois quatre"]), words, 8)
    assert [p.heading for p in without] == ["un deux trois quatre"] * 3
    long = segment(article(text, headings=["un deux trois quatre"]), characters, 24)
    assert {p.heading for p in long} == {""}


@pytest.mark.parametrize(("text", "headings", "stop"), [("Un titre", ["Un titre"], 8), ("", [], 0)])
def test_an_article_of_headings_has_one_passage(text, headings, stop):
    (passage,) = segment(article(text, headings=headings), words, 100)
    assert (passage.start, passage.stop, passage.heading) == (0, stop, "" if text else "Titre")
    assert [span.of(text) for span in passage.sentences] == headings


def test_a_sentence_too_long_is_cut_at_clauses_then_words_then_anywhere():
    text = "un deux trois, quatre cinq six ; sept huit neuf"
    cut = [span.of(text) for p in segment(article(text), characters, 20) for span in p.sentences]
    assert cut == ["un deux trois,", "quatre cinq six ;", "sept huit neuf"]
    text = "abcdef ghijkl mnopqr stuvwx"
    cut = [span.of(text) for p in segment(article(text), characters, 14) for span in p.sentences]
    assert cut == ["abcdef ghijkl", "mnopqr stuvwx"]
    text = "a" * 50
    cut = [span.of(text) for p in segment(article(text), characters, 16) for span in p.sentences]
    assert "".join(cut) == text
    assert max(map(len, cut)) <= 16


def test_tokens_are_counted_in_one_batch():
    calls = []
    segment(article("Un deux. Trois.\n\nQuatre.\n\nCinq."), lambda texts: calls.append(len(texts)) or words(texts), 50)
    assert calls == [5]


def test_white_space_of_more_than_a_byte_is_white_space():
    text = "M\u00a0.“»M😀M»!"  # sentencex panics at it
    assert "".join(span.of(text) for p in segment(article(text), characters, 50) for span in p.sentences) == text
    french = "Vraiment\u202f? Oui\u00a0! Il l’a dit."
    cut = [span.of(french) for p in segment(article(french), characters, 50) for span in p.sentences]
    assert cut == ["Vraiment\u202f?", "Oui\u00a0!", "Il l’a dit."]


def test_a_limit_too_small_to_cut_to_is_refused():
    with pytest.raises(ValueError, match="limit is 7"):
        segment(article("Un."), words, 7)


blocks = st.lists(
    st.tuples(
        st.booleans(), st.text(alphabet="ab.A 。,“”«»?!éM😀" + "\u00a0", min_size=1, max_size=60).map(str.strip)
    ).filter(lambda pair: pair[1] != ""),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=300)
@given(
    blocks, st.integers(8, 60), st.sampled_from([characters, words]), st.sampled_from(["fr", "en", "vi", "zh", "und"])
)
def test_slices_cover_the_text_in_order_within_the_limit(blocks, limit, count, language):
    text = "\n\n".join(block for _, block in blocks)
    headings, start = [], 0
    for is_heading, block in blocks:
        if is_heading:
            headings.append(Span(start, start + len(block)))
        start += len(block) + 2
    passages = segment(Article("a", "t", text, language, headings=tuple(headings)), count, limit)

    assert [p.ordinal for p in passages] == list(range(len(passages)))
    at = 0
    covered = set()
    for passage in passages:
        assert (passage.start, passage.stop) == (passage.sentences[0].start, passage.sentences[-1].stop)
        for span in passage.sentences:
            assert at <= span.start < span.stop <= len(text)
            assert span.of(text) == span.of(text).strip()
            covered.update(range(span.start, span.stop))
            at = span.stop
    in_headings = {i for heading in headings for i in range(heading.start, heading.stop)}
    if len(headings) < len(blocks):
        assert {i for i, c in enumerate(text) if not c.isspace()} <= covered | in_headings
        assert not covered & in_headings
        for p in passages:
            assert sum(count([p.heading, *(span.of(text) for span in p.sentences)])) <= limit


@pytest.mark.parametrize("piece", ["a", "« ", "好。", "Mr. ", "a, "])
def test_time_is_linear_in_the_text(piece):
    assert_linear(lambda size: segment(article(piece * (size // len(piece))), characters, 200), 20_000)
