"""Dates are read as told, and inferred without being led astray."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linearity import assert_linear

from rag.articles.dates import infer, parse

TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("value", "language", "expected"),
    [
        ("2025", "fr", "2025"),
        ("2025-12", "fr", "2025-12"),
        ("2025-12-07", "fr", "2025-12-07"),
        ("2025-12-07T23:30:00Z", "fr", "2025-12-07"),
        ("2025-12-07 08:00:00+07:00", "vi", "2025-12-07"),
        ("Sun, 07 Dec 2025 23:30:00 +0700", "en", "2025-12-07"),
        ("7 décembre 2025", "fr", "2025-12-07"),
        ("1er août 2025", "fr", "2025-08-01"),
        ("December 7, 2025", "en", "2025-12-07"),
        ("7th of December 2025", "en", "2025-12-07"),
        ("Dec. 7, 2025", "en", "2025-12-07"),
        ("Chủ nhật, ngày 7 tháng 12 năm 2025", "vi", "2025-12-07"),
        ("07/12/2025 - 08:00", "vi", "2025-12-07"),
        ("07.12.2025", "fr", "2025-12-07"),
        ("12/25/2025", "en", "2025-12-25"),
        ("07/12/2025", "en", "2025"),
        ("2025年12月7日", "zh", "2025-12-07"),
        ("2025/12/07", "zh", "2025-12-07"),
        ("décembre 2025", "fr", "2025-12"),
        ("tháng 12/2025", "vi", "2025-12"),
        ("2025年12月", "zh", "2025-12"),
        ("2025-13-45", "fr", None),
        ("2025-02-30", "fr", None),
        ("30 février 2025", "fr", "2025-02"),
        ("hier", "fr", None),
        ("", "fr", None),
        ("99999-01-01", "fr", None),
    ],
)
def test_a_date_that_is_told_is_read(value, language, expected):
    assert parse(value, language) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Le 7 décembre, la conférence 2025 a réuni 300 délégués. D'ici 2030, à l'horizon 2045.", "fr", "2025-12-07"),
        ("La conférence « AI+ » 2025 a réuni 1 000 délégués et 2 000 000 de personnes.", "fr", "2025"),
        ("Publié le 03/04/2026 à 10h. L'accord du 7 décembre 2025, signé en 2025, vaut en 2025.", "fr", "2026-04-03"),
        ("On December 7, 2025 the parties met. They had met in 1995 and 2005.", "en", "2025-12-07"),
        ("Protesters may 5 times march 7 miles in 2025.", "en", "2025"),
        ("Ngày 7/12, hội nghị năm 2025 khai mạc. Đến năm 2026 sẽ xong.", "vi", "2025-12-07"),
        ("Ngày 7/12, hội nghị 2025 khai mạc.\nDự án sẽ hoàn thành vào năm 2026, sau năm 2024.", "vi", "2025-12-07"),
        ("12月7日，2025年会议开幕。到2030年完成。", "zh", "2025-12-07"),
        ("En 1954, puis 1954, encore 1954. Le rapport de 2024 le rappelle.", "fr", "2024"),
        ("Pour la période 2021-2025, rien. En 2023, tout.", "fr", "2023"),
        ("Le 7 décembre 2026, le sommet aura lieu.", "fr", "2026"),
        ("Il aura lieu en 2031.", "fr", None),
        ("Il coûte 2025 % de plus, soit 2 025 dongs ou 2025 personnes.", "fr", None),
        ("Rien ne dit quand.", "fr", None),
        ("En mars 2025, le ministère a parlé.", "fr", "2025-03"),
    ],
)
def test_a_date_is_inferred_from_what_the_article_is_about(text, language, expected):
    assert infer(text, language, TODAY) == expected


@given(st.text(alphabet="0123456789 /-.年月日décembMay,") | st.dates().map(lambda d: d.strftime("le %d/%m/%Y")))
def test_no_date_is_invented_or_lies_in_the_future(text):
    found = infer(text, "fr", TODAY)
    if found is not None:
        assert date.fromisoformat(found + "-01-01"[: 10 - len(found)] if len(found) < 10 else found) <= TODAY


@pytest.mark.parametrize("piece", ["1", "1 ", "2025 ", "1/", "may ", "a", " "])
def test_time_is_linear_in_the_text(piece):
    assert_linear(lambda size: infer(piece * (size // len(piece)), "fr", TODAY), 100_000)
