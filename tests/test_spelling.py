import pytest

from rag.spelling import as_spelled

LATIN = ["ha noi. Le docteur Le Ba Tiep et Mme Lien, à Da Nang.", "Selon Đặng Thai Mai, Wang Lihua est à Hanoi."]
CHINESE = ["黎伯捷教授和王丽华在岘港会见了段氏莲。", "天津市"]


@pytest.mark.parametrize(
    ("question", "spelled"),
    [
        ("Ông Lê Bá Tiệp làm việc ở đâu?", "Ông Le Ba Tiep làm việc ở đâu?"),
        ("Lê Bá Tiệp là ai?", "Le Ba Tiep là ai?"),
        ("Bà Liên và ông LÊ BÁ TIỆP ở Đà Nẵng?", "Bà Lien và ông Le Ba Tiep ở Da Nang?"),
        ("Hà đông ai?", "Hà đông ai?"),  # the text's "ha" has no capital
        ("Lê đi đâu?", "Lê đi đâu?"),  # a first word has a capital anyway
        ("Qui est Dang Thai Mai ?", "Qui est Đặng Thai Mai ?"),
        ("Ở Hà Nội có gì?", "Ở Hanoi có gì?"),
        ("黎伯捷是谁?", "Le Ba Tiep 是谁?"),
        ("王丽华说了什么?", "Wang Lihua 说了什么?"),
        ("王丽华和Lê Bá Tiệp说了什么?", "Wang Lihua 和Le Ba Tiep说了什么?"),
        ("王丽说了什么?", "王丽说了什么?"),  # only a part of a word
        ("", ""),
        ("le ba tiep lam viec o dau", "Le Ba Tiep lam viec o dau"),
        ("où est dang thai mai ?", "où est Đặng Thai Mai ?"),
        ("Qui est mme lien", "Qui est Mme Lien"),
        ("le docteur est à hanoi", "le docteur est à Hanoi"),  # "docteur" is there in small letters
        ("où est selon", "où est Selon"),
        ("où est da", "où est da"),  # too short to be a name by itself
        ("ai o da nang", "ai o Da Nang"),  # but not with another word
        ("le ba la ai", "Le Ba la ai"),
    ],
)
def test_names_are_spelled_as_a_text_spells_them(question, spelled):
    assert as_spelled(question, LATIN) == spelled


@pytest.mark.parametrize(
    ("question", "spelled"),
    [
        ("Ông Lê Bá Tiệp làm việc ở đâu?", "Ông 黎伯捷 làm việc ở đâu?"),
        ("Where does Doan Thi Lien work?", "Where does 段氏莲 work?"),
        ("Que dit Wang Lihua à Tianjin ?", "Que dit 王丽华 à 天津 ?"),
        ("Qui est Wang ?", "Qui est Wang ?"),  # one character is no name
        ("Qui est Martin ?", "Qui est Martin ?"),
    ],
)
def test_a_name_is_found_in_chinese_characters(question, spelled):
    assert as_spelled(question, CHINESE) == spelled


def test_a_name_that_a_text_has_as_it_is_stays():
    assert as_spelled("Ông Lê Bá Tiệp ở đâu?", ["Le Ba Tiep", "ông Lê Bá Tiệp"]) == "Ông Lê Bá Tiệp ở đâu?"


def test_known_names_are_spelled_as_in_other_languages():
    assert as_spelled("Bắc Kinh ở đâu?", ["Bắc Kinh"], ["La ville de Pékin"]) == "Pékin ở đâu?"
