import pytest

from rag.overlap import overlap, tokens


def test_case_punctuation_width_and_articles_are_folded():
    assert tokens("L'accord, les 300 délégués") == tokens("ACCORD : ３００ délégués")
    assert tokens("The U.S. dollar") == {"u": 1, "s": 1, "dollar": 1}
    assert tokens("1\u202f000") == tokens("1,000")
    assert tokens("du") == {"du": 1}
    assert tokens("« _ … »") == {}


def test_chinese_is_taken_by_the_character_and_vietnamese_by_the_syllable():
    assert tokens("在南宁AI大会") == dict.fromkeys(("在", "南", "宁", "ai", "大", "会"), 1)
    assert tokens("Thành phố Nam Ninh") == dict.fromkeys(("thành", "phố", "nam", "ninh"), 1)


@pytest.mark.parametrize(
    ("text", "golds", "f1", "recall"),
    [
        ("Nanning", ("Nanning",), 1.0, 1.0),
        ("The summit met in Nanning", ("Nanning",), 0.4, 1.0),
        ("in Nanning", ("the city of Nanning",), 0.4, 1 / 3),
        ("no no", ("no",), 2 / 3, 1.0),
        ("Hanoi", ("Nanning", "Hanoi"), 1.0, 1.0),
        ("plus de 300", ("300", "plus de 300 délégués"), 6 / 7, 1.0),
        ("", ("Nanning",), 0.0, 0.0),
        ("Nanning", ("…",), 0.0, 0.0),
        ("Nanning", (), 0.0, 0.0),
    ],
)
def test_overlap_by_hand(text, golds, f1, recall):
    assert overlap(text, golds) == (pytest.approx(f1), pytest.approx(recall))
