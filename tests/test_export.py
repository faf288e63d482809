import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from rag.answers import Answer, Citation, Claim, Source
from rag.export import html, markdown

PAYLOADS = [
    "<script>alert(1)</script>", "[x](http://evil.example)", "![x](http://evil.example/x.png)", "http://evil.example",
    "www.evil.example", "a@evil.example", "# Title", "- item", "1. item", "> quote", "`code`", "&lt;b&gt;", "*b* _i_",
    '" onmouseover="alert(1)', "<http://evil.example>", "a\n\n# b", "| a | b |", "~~x~~", "===", "$x$",
]  # fmt: skip


def answer_of(text, url="https://press.example/a?b=1&c=2"):
    citation = Citation("a", text, url, text, "2025-12-07", True, "fr", 1, text, 0, len(text), "before ", " after")
    claim = Claim(text, 0, len(text), "verbatim", (1,))
    return Answer(text, "en", "answered", 0.9, text, (claim,), (citation,), notice=text)


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_markdown_has_the_claims_the_quotes_and_their_addresses():
    text = markdown(answer_of("Nanning a réuni 300 délégués."))
    assert text.startswith("# Nanning a réuni 300 délégués.\n")
    assert "Nanning a réuni 300 délégués. \\[1\\]" in text
    assert "> before Nanning a réuni 300 délégués. after" in text
    assert "<https://press.example/a?b=1&c=2>" in text


def test_the_page_of_a_citation_is_told():
    answer = answer_of("Nanning a réuni 300 délégués.")
    paged = replace(answer, citations=(replace(answer.citations[0], page=3),))
    assert "· p\\. 3" in markdown(paged) or "· p. 3" in markdown(paged)
    assert "· p. 3" in html(paged)
    assert "p. " not in html(answer)


def test_an_export_says_how_new_the_answer_is():
    answer = replace(answer_of("Nanning a réuni 300 délégués."), as_of="2025-12-07")
    said = "2025-12-07, the date of the newest article cited."
    assert said in markdown(answer).replace("\\", "")
    assert said in html(answer)
    assert "newest article" not in html(answer_of("x"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_in_an_article_becomes_markup_of_the_export(payload):
    tags = Tags(html(answer_of(payload))).found
    assert {tag for tag, _ in tags} <= {"html", "head", "meta", "title", "body", "h1", "p", "em", "mark", "a", "br",
                                        "section", "blockquote"}  # fmt: skip
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert links == ["#citation-1", "https://press.example/a?b=1&c=2"]
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    text = markdown(answer_of(payload)).replace("<https://press.example/a?b=1&c=2>", "")
    assert not re.search(r"(?<!\\)[<>`\[|~$@]", re.sub(r"(?m)^> ", "", text))
    assert not re.search(r"(?<!\\):|www\.", text)
    assert [line for line in text.splitlines() if re.match(r"(#|-|=|\+|\d+[.)])", line)] == text.splitlines()[:1]


def test_a_follow_up_is_told_with_what_it_leans_on():
    answer = replace(answer_of("text"), read_as="Who *founded* <it>? And when?")
    assert "Who \\*founded\\* \\<it\\>? And when?" in markdown(answer)
    assert "Who *founded* &lt;it&gt;? And when?" in html(answer)


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "data:text/html,x", "https://a b", 'https://x"onclick'])
def test_only_a_web_address_is_a_link(url):
    answer = answer_of("text", url)
    assert "javascript" not in markdown(answer) + html(answer)
    assert [attributes["href"] for tag, attributes in Tags(html(answer)).found if tag == "a"] == ["#citation-1"]


def test_a_refusal_lists_the_closest_articles():
    source = Source("a", "A <title>", None, "Post", "2025", True, "en", 1.0, "excerpt")
    answer = replace(answer_of("q"), status="no_evidence", claims=(), citations=(), sources=(source,), text="No.")
    for text in (markdown(answer), html(answer)):
        assert "No." in text
        assert "The closest articles" in text
        assert "Post" in text
    assert "<li>Post · 2025 (inferred from the text) · A &lt;title&gt;</li>" in html(answer)
