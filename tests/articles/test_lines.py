"""Wrapped paragraphs are put together, and nothing else is."""

import textwrap

from hypothesis import given
from hypothesis import strategies as st

from rag.articles.lines import Line, plain_lines, unwrap

PARAGRAPH = (
    "Le consul général a souligné que la vallée est un pôle mondial où les idées deviennent vite des produits. " * 4
)


def texts(lines):
    return [line.text for line in lines if line.text]


def test_a_wrapped_text_is_unwrapped():
    paragraphs = [PARAGRAPH.strip(), PARAGRAPH[:200].strip()]
    wrapped = "\n\n".join(textwrap.fill(p, 72, break_on_hyphens=False) for p in paragraphs)
    assert texts(unwrap(plain_lines(wrapped))) == paragraphs


def test_wrapped_chinese_is_joined_without_spaces():
    text = "中国和越南是山水相连的好邻居，两国人民的友谊源远流长。" * 8
    wrapped = "\n".join(text[i : i + 30] for i in range(0, len(text), 30))
    assert texts(unwrap(plain_lines(wrapped))) == [text]


def test_headings_images_and_items_of_a_list_keep_their_lines():
    wrapped = textwrap.wrap(PARAGRAPH, 72, break_on_hyphens=False)
    lines = [
        Line("Titre", 1),
        *map(Line, wrapped),
        Line("- un"),
        Line("- deux"),
        Line("![](a.png)"),
        Line("Légende", 2),
    ]
    assert texts(unwrap(lines)) == ["Titre", PARAGRAPH.strip(), "- un", "- deux", "![](a.png)", "Légende"]


@given(st.lists(st.sampled_from(["Pommes", "Poires et prunes", "Oranges", "Un citron vert", "Figues"]), min_size=6))
def test_a_list_of_short_lines_keeps_them(items):
    lines = [Line(item) for item in ["Un citron très vert et tout à fait mûr", *items]]
    assert texts(unwrap(lines)) == texts(lines)


def test_long_lines_are_paragraphs():
    lines = plain_lines("\n".join([PARAGRAPH.strip()] * 6))
    assert unwrap(lines) == lines
