import pytest

from rag.answer_types import expected_type, mentions, type_strength


@pytest.mark.parametrize(
    ("question", "language", "kind"),
    [
        ("Qui est le consul général ?", "fr", "person"),
        ("Who suggested a website?", "en", "person"),
        ("Ai là tổng lãnh sự?", "vi", "person"),
        ("Ai la tong lanh su?", "vi", "person"),
        ("越南总领事是谁?", "zh", "person"),
        ("Combien de personnes étaient là ?", "fr", "number"),
        ("How many delegates came?", "en", "number"),
        ("Có bao nhiêu đại biểu?", "vi", "number"),
        ("有多少代表参加?", "zh", "number"),
        ("Quand a lieu la réunion ?", "fr", "date"),
        ("In what year was it founded?", "en", "date"),
        ("Sự kiện diễn ra khi nào?", "vi", "date"),
        ("会议什么时候举行?", "zh", "date"),
        ("Qu'est-ce que ViGen ?", "fr", None),
        ("Why did it rain?", "en", None),
    ],
)
def test_question_words_tell_what_is_asked_for(question, language, kind):
    assert expected_type(question, language) == kind


@pytest.mark.parametrize(
    ("question", "language"),
    [("Qui est Nguyen Hanh ?", "fr"), ("Who is Le Ba Tiep?", "en"), ("Hoang Anh Tuan是谁?", "zh")],
)
def test_a_question_of_nothing_but_a_name_does_not_ask_for_another(question, language):
    assert expected_type(question, language) is None


@pytest.mark.parametrize(
    ("kind", "sentence", "strength"),
    [
        ("person", "Le consul général Hoang Anh Tuan a parlé.", 1.0),
        ("person", "Selon M. Hung, le marché croît.", 1.0),
        ("person", "Ông Nguyễn Văn An phát biểu.", 1.0),
        ("person", "L'événement Innovation Connection a eu lieu.", 0.5),
        ("person", "Le consul général du Vietnam a parlé.", 0.0),
        ("number", "Plus de 300 délégués étaient là.", 1.0),
        ("number", "Trois accords ont été signés.", 1.0),
        ("number", "Des délégués étaient là.", 0.0),
        ("date", "La réunion a lieu en janvier.", 1.0),
        ("date", "La réunion a lieu ici.", 0.0),
    ],
)
def test_sentences_hold_what_is_asked_for_or_not(kind, sentence, strength):
    assert type_strength(kind, sentence, "Qui, quand, combien au Vietnam ?") == strength


def test_what_the_question_says_itself_is_no_answer():
    assert type_strength("number", "En 2025, une conférence.", "Combien de délégués en 2025 ?") == 0.0
    assert type_strength("person", "Le Dr Hung a parlé.", "Qui a suivi le Dr Hung ?") == 0.0


@pytest.mark.parametrize(
    ("kind", "found"),
    [("number", {"300", "2025", "million"}), ("date", {"2025"}), ("person", {"tran viet hung"})],
)
def test_mentions_are_those_that_the_question_does_not_hold(kind, found):
    sentence = "En 2025, Tran Viet Hung et Le Ba Tiep ont réuni 300 délégués et plus d'un million de spectateurs."
    assert mentions(kind, sentence, "Que disent Le Ba Tiep et ses amis ?") == found
