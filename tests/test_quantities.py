import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.quantities import Quantity, missing, quantities, without_numbers


def readings(text, language, *, certain=True):
    return {quantity.readings[0] for quantity in quantities(text, language, certain=certain)}


@pytest.mark.parametrize(
    ("value", "spellings"),
    [
        ("1000", {"fr": "1 000 entreprises, mille entreprises", "en": "1,000 firms, one thousand firms",
                  "vi": "1.000 doanh nghiệp, một nghìn doanh nghiệp", "zh": "1000多家企业，一千家企业"}),
        ("1000000000000", {"fr": "1 000 milliards, mille milliards", "en": "one trillion, 1,000 billion",
                           "vi": "1.000 tỷ, một nghìn tỷ", "zh": "1万亿，一万亿"}),
        ("1500000", {"fr": "1,5 million", "en": "1.5 million", "vi": "1,5 triệu", "zh": "150万"}),
        ("97", {"fr": "quatre-vingt-dix-sept", "en": "ninety-seven", "vi": "chín mươi bảy", "zh": "九十七"}),
        ("~100000", {"fr": "des centaines de milliers", "en": "hundreds of thousands", "vi": "hàng trăm nghìn",
                     "zh": "数十万"}),
        ("12-07", {"fr": "le 7 décembre", "en": "December 7, the 7th of December", "vi": "ngày 7 tháng 12, ngày 7/12",
                   "zh": "12月7日，十二月七日"}),
        ("08-", {"fr": "en août", "en": "in August", "vi": "tháng 8, tháng tám", "zh": "8月"}),
        ("18", {"fr": "XVIIIe siècle", "en": "18th century", "vi": "thế kỷ XVIII, thế kỷ 18", "zh": "18世纪"}),
        ("56.2", {"fr": "56,2 %", "en": "56.2%", "vi": "56,2 phần trăm", "zh": "56.2%，百分之56.2"}),
    ],
)  # fmt: skip
def test_a_quantity_is_the_same_in_all_languages(value, spellings):
    for language, text in spellings.items():
        assert readings(text, language) == {value}, (language, text)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fr", "soixante et onze, deux cent cinq, un homme", {"71", "205"}),
        ("en", "one thousand two hundred and five, two and three", {"1205", "2", "3"}),
        ("vi", "mười lăm người, hơn 10 năm, tỷ lệ, nghìn năm", {"15", "10", "1000"}),
        ("zh", "二〇二五年，一些，100多万名，17世纪20年代，这十年", {"2025", "1000000", "1620"}),
        ("en", "It may rain; they march", set()),
        ("en", "2025-12-07", {"12-07"}),
        ("en", "7 to 10 percent, £30m, 1998–99, several hundred", {"7", "10", "30000000", "1998", "1999", "~100"}),
        ("en", "57-NQ/TW and MBH99", {"57"}),
    ],
)
def test_what_is_a_number_and_what_is_not(language, text, expected):
    assert readings(text, language) == expected


def test_what_may_be_a_number_counts_where_it_is_looked_for_not_where_it_is_claimed():
    assert readings("năm người", "vi", certain=False) == {"5"}
    assert readings("World War II in May", "en", certain=False) == {"2", "05-"}
    assert readings("World War II", "en") == set()


@pytest.mark.parametrize(
    ("claim", "quote", "lost"),
    [
        ("300 delegates", "trois cents délégués", []),
        ("30 delegates", "trois cents délégués", ["30"]),
        ("50 %", "50 délégués", ["50"]),
        ("$50", "50 euros", ["50"]),
        ("1.234 points", "1 234 points", []),
        ("in December", "le 7 décembre", []),
        ("December 7", "en décembre", ["12-07"]),
    ],
)
def test_what_a_claim_has_and_its_quote_has_not(claim, quote, lost):
    found = missing(quantities(claim, "en", certain=True), quantities(quote, "fr"))
    assert [quantity.readings[0] for quantity in found] == lost


def test_a_unit_and_what_follows_are_kept():
    assert quantities("1 000 milliards de yuans par an", "fr") == (Quantity(("1000000000000",), "cny"),)
    assert quantities("300 delegates came", "en")[0].after == " delegates came"


def test_words_without_their_numbers():
    assert without_numbers("three hundred delegates of one firm", "en").split() == ["delegates", "of", "firm"]
    assert without_numbers("统一的一千名代表", "zh") == "统一的 名代表"


@given(st.text(alphabet="0123456789.,  千万亿十百零一日月年-/%$ivx thousandcent½²", max_size=80))
def test_any_text_has_finite_quantities(text):
    for language in ("en", "fr", "vi", "zh", "und"):
        assert all(quantity.readings for quantity in quantities(text, language))


def test_both_ends_of_a_range_have_its_scale_and_two_years_are_no_decimal():
    assert not missing(quantities("3到5万居民", "zh"), quantities("30 to 50 thousand inhabitants", "en"))
    assert [found.readings for found in quantities("1665,1691年", "zh")] == [("1665",), ("1691",)]
    assert quantities("các triệu chứng", "vi") == ()
