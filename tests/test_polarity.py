import pytest

from rag.polarity import lacking, negations, opposed


@pytest.mark.parametrize(
    ("language", "text", "times"),
    [
        ("en", "It is not open and never was", 2),
        ("en", "not only a showcase", 0),
        ("fr", "Ces accords ne constituent pas un engagement", 1),
        ("fr", "n’était pas seulement une vitrine", 0),
        ("vi", "không hoan nghênh", 1),
        ("vi", "không chỉ là hàng không, chẳng hạn", 0),
        ("zh", "没有签署，也不欢迎", 2),
        ("zh", "不仅是不同的非洲", 0),
        ("de", "nicht", 0),
    ],
)
def test_what_denies(language, text, times):
    assert negations(text, language) == times


def test_a_lack_may_stand_for_a_negation():
    assert lacking("they lack experts", "en")
    assert not lacking("they have experts", "en")
    assert not lacking("sie haben keine", "de")


def test_opposites_in_one_language_and_across():
    assert opposed("fewer than 300 delegates", "more than 300 delegates")
    assert opposed("fewer than 300 delegates", "plus de 300 délégués")
    assert not opposed("more than 300 delegates", "300 delegates")
    assert not opposed("more than 300", "more than 300 and less than 400")
    assert opposed("à l'est", "phía tây")
    assert not opposed("Nanning est une ville", "Nanning, in the north")  # French "is"
    assert not opposed("南宁", "in the north")


def test_as_many_words_of_a_contrast_but_other_ones_are_opposite():
    assert opposed("from the west, going west", "từ phía đông, đi về hướng tây")
    assert not opposed("going west", "từ phía đông, đi về hướng tây")
    assert not opposed("from the east, going west", "từ phía đông, đi về hướng tây")
