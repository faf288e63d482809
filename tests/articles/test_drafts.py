"""What a file says about its article is used where it can be, and listed where it cannot."""

from datetime import date

import pytest

from rag.articles.drafts import Draft, Metadata, finish
from rag.articles.lines import plain_lines
from rag.errors import ArticleError
from rag.types import Removed

TODAY = date(2026, 6, 1)


def article(text, **metadata):
    return finish(Draft("a.txt", plain_lines(text), "fallback", Metadata(**metadata)), lambda _: "fr", TODAY)


def test_metadata_wins_over_what_the_text_tells():
    made = article(
        "Un titre\n\nEn 2025, une phrase.\nSource : https://b.vn/x",
        id="vna-1", title="Autre titre", url="https://www.a.vn/y", outlet="VNA", published="7 décembre 2024",
        language="en-GB",
    )  # fmt: skip
    assert (made.id, made.title, made.url, made.outlet) == ("vna-1", "Autre titre", "https://www.a.vn/y", "VNA")
    assert (made.published, made.published_inferred, made.language) == ("2024-12-07", False, "en")
    assert made.text == "Un titre\n\nEn 2025, une phrase."


def test_what_cannot_be_used_is_listed_and_the_article_kept():
    made = article(
        "Une phrase de 2025.", id="x" * 201, url="javascript:alert(1)", published="hier", language="français"
    )
    assert (made.id, made.url, made.outlet, made.published, made.language) == ("fallback", None, None, None, "fr")
    assert made.removed == (Removed("javascript:alert(1)", "unusable_address"), Removed("hier", "unreadable_date"))


def test_a_title_repeated_in_the_text_is_taken_off():
    made = article("Un titre\nUne phrase.", title="UN TITRE")
    assert (made.text, made.removed) == ("Une phrase.", (Removed("Un titre", "repeated_title"),))


def test_paragraphs_are_parted_by_one_blank_line():
    assert article("Un.\n\n\n\nDeux.\nTrois.").text == "Un.\n\nDeux.\n\nTrois."


def test_an_article_without_text_is_refused():
    with pytest.raises(ArticleError, match=r"a\.txt: nothing is left"):
        article("Comment (0)")


@pytest.mark.parametrize("value", [["a"], {"a": 1}, True, 1.5])
def test_metadata_of_a_wrong_type_is_refused(value):
    with pytest.raises(ArticleError, match="x:3: 'title' is"):
        Metadata.of({"title": value}, "x:3")


def test_metadata_goes_by_several_names_and_loses_what_is_invisible():
    given = {
        "date": date(2025, 12, 7),
        "lang": "vi",
        "link": "https://a.vn",
        "id": 12,
        "title": "a\u200bb\nc",
        "tags": [],
    }
    assert Metadata.of(given, "x") == Metadata("12", "ab c", "https://a.vn", None, "2025-12-07", "vi")
