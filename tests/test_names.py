import pytest

from bench.invented import paragraphs
from rag.names import _known, codes, known_names, names, respelled, restored, unmatched


@pytest.mark.parametrize(
    "spellings",
    [
        ("China", "la Chine", "Trung Quốc", "中国"),
        ("the Chinese", "chinoises", "người Trung Quốc", "中国人"),
        ("Silicon Valley", "la Silicon Valley", "Thung lũng Silicon", "硅谷"),
        ("Nanning", "Nanning", "Nam Ninh", "南宁市"),
    ],
)
def test_a_known_name_is_the_same_in_all_languages(spellings):
    found = {known_names(text) for text in spellings}
    assert len(found) == 1
    assert found != {frozenset()}


def test_looking_for_beginnings_first_misses_no_name():
    texts = [paragraph.text for paragraph in paragraphs()[::5]]
    found = [frozenset(place for place, name in enumerate(_known()) if name.search(text)) for text in texts]
    assert [known_names(text) for text in texts] == found
    assert len(frozenset.union(*found)) > 50


def test_codes_are_letters_and_then_digits():
    assert codes("QZ8501 au G20峰会 le 7e jour, 300m, AI+ Covid-19") == {"qz8501", "g20"}


def test_a_name_is_not_found_in_another_word():
    assert known_names("Hoang Anh Tuan et un Romancier") == frozenset()
    assert known_names("ở Anh") == known_names("the UK")
    assert known_names("Anh ấy đến") == frozenset()  # "he"


@pytest.mark.parametrize(
    ("language", "text", "spelled"),
    [
        ("en", "However, Le Ba Tiep met Oracle experts.", {"le", "ba", "tiep"}),
        ("en", "The University of Fresno opened in August.", {"fresno"}),
        ("vi", "TS Hoàng Anh Tuấn của Bộ Giáo dục và GotIt", {"hoang", "anh", "tuan", "ts", "gotit"}),
        ("zh", "GotIt创始人", {"gotit"}),
        ("fr", "Le projet ViGen", {"vigen"}),
    ],
)
def test_the_names_that_another_language_spells_alike(language, text, spelled):
    assert names(text, language, abroad=True).spelled == spelled


def test_in_one_language_every_capital_within_a_sentence_counts():
    assert names("The University of Fresno", "en", abroad=False).spelled == {"university", "fresno"}


def test_a_name_is_found_with_another_ending_or_without_its_marks():
    assert unmatched({"tuan", "singapour"}, "Hoàng Anh Tuấn à Singapore") == set()
    assert unmatched({"mbh99", "hung"}, "MBH98 Hun") == {"mbh99", "hung"}


@pytest.mark.parametrize(
    ("question", "spelled"),
    [
        ("南宁会议有多少代表参加?", "Nanning 会议有多少代表参加?"),
        ("Hội nghị ở Nam Ninh có gì?", "Hội nghị ở Nanning có gì?"),
        ("How large is Nanning?", "How large is Nanning?"),
        ("What of Geneva?", "What of Geneva?"),
    ],
)
def test_a_question_takes_the_spelling_of_the_articles(question, spelled):
    assert respelled(question, ["La ville est grande.", "Nanning accueille la conférence.", "Nam Ninh"]) == spelled


@pytest.mark.parametrize(
    ("typed", "language", "written"),
    [
        ("ai o da nang", "vi", "ai o Đà Nẵng"),
        ("quan he trung quoc va viet nam", "vi", "quan he Trung Quốc va Việt Nam"),
        ("người ở đà nẵng", "vi", "người ở Đà Nẵng"),
        ("qui va a da nang", "fr", "qui va a Da Nang"),
        ("etats unis et bresil", "fr", "États-Unis et Brésil"),
        ("Trung Quoc ở đâu?", "vi", "Trung Quốc ở đâu?"),
        ("Qui vit en chine ?", "fr", "Qui vit en Chine ?"),
        ("Qui vend la chine de Sèvres ?", "fr", "Qui vend la chine de Sèvres ?"),  # others have capitals, it has not
        ("ông đi ba lần", "vi", "ông đi ba lần"),  # three times, not Poland
        ("who eats an apple", "en", "who eats an apple"),
        ("Đà Nẵng, 岘港 và Việt Nam", "vi", "Đà Nẵng, 岘港 và Việt Nam"),
        ("ai o da, nang ai o day", "vi", "ai o da, nang ai o day"),  # a mark parts them
        ("", "fr", ""),
    ],
)
def test_known_names_have_their_capitals_and_accents_again(typed, language, written):
    assert restored(typed, language) == written
