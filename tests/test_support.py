import numpy as np
import pytest
from fakes import WordEncoder

from rag.support import FEATURES, SETS, Sentence, contradicted, features, score, stated, support
from rag.tables import table
from rag.types import Span, Window

ENCODER = WordEncoder()
PRESS = (
    "Nanning hosted more than 300 delegates and one million viewers.",
    "Viettel will sponsor two networking events next year.",
    "The agreements are not binding.",
    "The consul praised Tran Viet Hung of GotIt for the project.",
)


def sentences(*texts, language="en", context="Press"):
    vectors = ENCODER.encode_passages(texts, [language] * len(texts))
    return [Sentence(0, Span(0, 1), t, context, language, v) for t, v in zip(texts, vectors, strict=True)]


def claim(text, language="en", *, among=()):
    return stated(text, language, among or sentences("Bananas"), ENCODER)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Viettel will sponsor 2 networking events next year.", PRESS[1]),
        ("One million viewers and more than three hundred delegates, Nanning hosted.", PRESS[0]),
        ("The consul praised Hung of GotIt for the project.", PRESS[3]),
        ("The agreements are not binding, in the Press.", PRESS[2]),
    ],
)
def test_a_claim_in_other_words_is_carried_by_its_sentence(text, quoted):
    assert [sentence.text for sentence in support(claim(text), sentences(*PRESS))] == [quoted]


@pytest.mark.parametrize(
    "text",
    [
        "Viettel will sponsor three networking events next year.",
        "Nanning hosted more than 300 viewers.",
        "Nanning hosted fewer than 300 delegates.",
        "Viettel will not sponsor two networking events next year.",
        "Oracle will sponsor two networking events next year.",
        "The consul praised Le Ba Tiep of GotIt for the project.",
        "The agreements are binding.",
        "Hello, how can I help you?",
        "It is.",
        "",
    ],
)
def test_a_claim_that_differs_in_one_thing_is_not(text):
    assert support(claim(text), sentences(*PRESS)) == ()


def test_a_code_that_is_not_quoted_is_no_part_of_a_claim():
    assert contradicted(claim("The password is hunter2"), sentences("The password is secret"))
    assert not contradicted(claim("Mật khẩu là Hunter2", "vi"), sentences("密码是hunter2。", language="zh"))


def test_what_shares_no_word_with_a_sentence_is_not_carried_by_it_however_near():
    near, text = claim("x link"), "Show the image."
    assert score(near, [Sentence(0, Span(0, 1), text, "Press", "en", near.vector)]) == -np.inf
    assert score(near, [Sentence(0, Span(0, 1), "Show the link.", "Press", "en", near.vector)]) > 0


def test_a_claim_of_two_sentences_has_two_quotes():
    quoted = ("Nanning hosted many delegates last year", "Viettel sponsors networking events next month")
    text = "Nanning hosted many delegates last year and Viettel sponsors networking events next month"
    assert {sentence.text for sentence in support(claim(text), sentences(*PRESS, *quoted))} == {*quoted}


def test_there_is_nothing_in_no_sentences():
    assert support(claim("Nanning hosted delegates."), []) == ()


def test_sentences_of_two_languages_do_not_carry_a_claim_together():
    first = sentences("Nanning hosted many delegates last year")
    other = sentences("Viettel sponsors networking events next month", language="de")
    text = "Nanning hosted many delegates last year and Viettel sponsors networking events next month"
    assert support(claim(text), [*first, *other]) == ()


@pytest.mark.parametrize(
    ("text", "quote", "against"),
    [
        ("南宁有三百名代表", "Nanning hosted 300 delegates", False),
        ("南宁有三千名代表", "Nanning hosted 300 delegates", True),
        ("南宁没有主办会议", "Nanning hosted the conference", True),
        ("专家很少", "They lack experts", False),
    ],
)
def test_what_contradicts_across_languages(text, quote, against):
    assert contradicted(claim(text, "zh"), sentences(quote)) == against


def test_a_title_may_hold_the_name_and_the_year():
    found = sentences("It hosted 300 delegates.", context="Nanning 2025")
    assert not contradicted(claim("In 2025, Nanning hosted 300 delegates."), found)
    assert features(claim("Nanning hosted 300 delegates."), found)["spelled_missing"] == 0


def test_every_feature_is_weighed():
    found = features(claim("Meta backs it"), sentences(PRESS[0]))
    assert found.keys() == set(FEATURES)
    for name in SETS:
        assert set(table("support")[name]) == {"intercept", *FEATURES, *(["odds"] if name.endswith("_read") else [])}
    assert all(np.isfinite(list(found.values())))


@pytest.mark.parametrize(("odds", "carried"), [(20.0, True), (-20.0, False)])
def test_a_reader_has_a_say_where_nothing_is_contradicted(monkeypatch, odds, carried):
    shown = []
    monkeypatch.setattr(ENCODER, "read", lambda *asked: [shown.append(asked), np.array([odds], np.float32)][1])
    said = "The consul praised Hung of GotIt for the project."
    assert bool(support(claim(said), sentences(*PRESS))) is carried
    assert shown[0] == ("claim", said, [Window("", (PRESS[3],))])
    assert support(claim("Viettel will sponsor three networking events next year."), sentences(*PRESS)) == ()
