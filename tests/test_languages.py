import pytest

from rag.languages import detect, fold, is_function_word, query_terms, terms

SHORT = [
    ("Qu'est-ce que ViGen ?", "fr"),
    ("Combien de délégués", "fr"),
    ("Quelle ville ?", "fr"),
    ("Ou se tient la conference ?", "fr"),
    ("Qui est Nguyễn Phú Trọng ?", "fr"),
    ("Et combien ?", "fr"),
    ("what is ViGen", "en"),
    ("who won?", "en"),
    ("Which Chinese city", "en"),
    ("Who is Nguyễn Phú Trọng?", "en"),
    ("ViGen là gì?", "vi"),
    ("ViGen la gi", "vi"),
    ("Dan so cua Ha Noi la bao nhieu?", "vi"),
    ("Ai la tong lanh su?", "vi"),
    ("hoi nghi o dau", "vi"),
    ("thành phố nào", "vi"),
    ("300 đại biểu", "vi"),
    ("ViGen是什么?", "zh"),
    ("越南驻旧金山总领事是谁?", "zh"),
    ("首都はどこ", "ja"),
    ("Quel âge a Hoang Anh Tuan ?", "fr"),
    ("Who is Hoang Anh Tuan?", "en"),
    ("Wer ist der Kanzler?", "de"),
    ("¿Quién es?", "es"),
    ("Que demande Clémence Yakité à la compagnie vietnamienne ?", "fr"),
    ("Où travaille Mme Dang Thi My Linh ?", "fr"),
    ("OU TRAVAILLE LE DOCTEUR ?", "fr"),
]


@pytest.mark.parametrize(("question", "language"), SHORT)
def test_short_questions_are_told_apart(question, language):
    assert detect(question) == language


def test_a_bare_name_belongs_to_no_language():
    assert detect("Nanning") == "und"
    assert detect("2025 ?") == "und"


def test_articles_are_classified_by_their_text(seeds):
    assert {detect(path.read_text(encoding="utf-8")) for path in seeds} == {"fr"}


def test_fold_takes_case_and_diacritics_away():
    assert fold("Đà Nẵng, ÉTÉ") == "da nang, ete"


def test_words_of_one_language_match_in_their_inflections_and_without_accents():
    article = set(terms("Les délégués présents", "fr"))
    assert article & set(query_terms("un délégué", "fr"))
    assert article & set(query_terms("delegues", "fr"))


def test_terms_of_different_languages_do_not_meet():
    assert not set(terms("la main", "fr")) & set(terms("the main", "en"))


def test_names_and_numbers_meet_across_languages():
    article = set(terms("Nanning a réuni 1 000 entreprises", "fr"))
    for question, language in [("Nanning是什么?", "zh"), ("what about NANNING", "en")]:
        assert article & set(query_terms(question, language)) == {"=nanning"}
    for spelling in ("1000", "1.000", "1,000", "1\u202f000", "1 000"):
        assert "=1000" in query_terms(f"{spelling} doanh nghiệp", "vi")


def test_decimals_are_not_grouped_thousands():
    assert "=3.5" in terms("3,5 %", "fr")
    assert "=12000000" in terms("12.000.000 de yuans", "fr")
    assert {"=2025", "=300"} <= set(terms("En 2025, 300 délégués", "fr"))


def test_chinese_is_searched_by_pairs_of_characters():
    assert terms("总领事", "zh") == ["zh:总领", "zh:领事"]


def test_vietnamese_matches_with_and_without_its_diacritics():
    article = set(terms("thành phố Nam Ninh", "vi"))
    assert article & set(query_terms("thành phố", "vi")) == {"vi:thanh", "vi:thành", "vi:pho", "vi:phố"}
    assert article & set(query_terms("thanh pho", "vi")) == {"vi:thanh", "vi:pho"}


def test_function_words_are_not_searched():
    assert query_terms("Qu'est-ce que c'est ?", "fr") == ()
    assert is_function_word("là", "vi")
    assert not is_function_word("nội", "vi")
