"""Nothing invisible stays in a text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linearity import assert_linear

from rag.articles.normalisation import normalise, normalise_line


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("e\u0301te\u0301", "été"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("  a \t b  ", "a b"),
        ("«\u00a0a\u00a0»\u202f!", "«\u00a0a\u00a0»\u202f!"),
        ("a \u00a0 b\u3000c\u2009d", "a b c d"),
        ("\x1b[1;31mrouge\x1b[0m \x1b]8;;http://x\x07lien\x1b]8;;\x07 \x1b(Bfin", "rouge lien fin"),
        ("\x1b]8;;jamais fermé\nsuite", "8;;jamais fermé\nsuite"),
        ("zé\u200bro\u200d \ufefflar\u00adgeur", "zéro largeur"),
        ("a\u202egauche\u202c\u2066b\u2069", "agaucheb"),
        ("a\U000e0041\U000e0042\U000e007fb\U000e0100c\ufe0f", "abc"),
        ("a\x00\x07\x7fb\ud800c\uffff", "abc"),
    ],
)
def test_characters_are_normalised(raw, expected):
    assert normalise(raw) == expected


def test_one_line_is_made_of_several():
    assert normalise_line(" a\n\n b\n") == "a b"


@given(st.text())
def test_normalised_text_stays_as_it_is_and_shows_all_it_holds(raw):
    text = normalise(raw)
    assert normalise(text) == text
    assert unicodedata.is_normalized("NFC", text)
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"]
    text.encode()


def test_runs_of_combining_marks_are_shortened():
    assert len(normalise("a" + "\u0315\u0301" * 1000 + "b")) <= 32


@pytest.mark.parametrize("piece", ["a", "\x1b]", "\x1b[", " \u00a0", "\u0315\u0301", "\r\n"])
def test_time_is_linear_in_the_text(piece):
    assert_linear(lambda size: normalise(piece * (size // len(piece))), 200_000)
