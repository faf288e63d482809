import pytest
from linearity import assert_linear

from rag.markers import harmless, numbers, split, split_complete, without_end


@pytest.mark.parametrize(
    ("draft", "sentences"),
    [
        ("Meta backs it [1]. It is open [2].", [("Meta backs it.", [1]), ("It is open.", [2])]),
        ("Meta backs it. [1] It is open.[2][3]", [("Meta backs it.", [1]), ("It is open.", [2, 3])]),
        ("Meta backs it.[1]It is open", [("Meta backs it.", [1]), ("It is open", [])]),
        ("Le Dr. Hung parle [1, 2]. Il finit [1-3].", [("Le Dr. Hung parle.", [1, 2]), ("Il finit.", [1, 2, 3])]),
        ("南宁主办了会议【1】。腾讯参加了【2】。", [("南宁主办了会议。", [1]), ("腾讯参加了。", [2])]),
        ("[1] Meta backs it", [("Meta backs it", [1])]),
        ("Meta [1] backs it [^2]", [("Meta backs it", [1, 2])]),
    ],
)
def test_a_marker_belongs_to_the_sentence_that_it_stands_in_or_behind(draft, sentences):
    pieces = split(draft, "en")
    assert "".join(pieces) == draft
    assert [(harmless(piece), numbers(piece)) for piece in pieces] == sentences


@pytest.mark.parametrize(
    ("line", "whole", "rest"),
    [
        ("Meta backs it [1]. It", ["Meta backs it [1]. "], "It"),
        ("Meta backs it [1].", [], "Meta backs it [1]."),
        ("Meta backs it. [1", [], "Meta backs it. [1"),
        ("Meta backs it. [1] ", [], "Meta backs it. [1] "),
        ("Le Dr. Hung", [], "Le Dr. Hung"),
        ("", [], ""),
    ],
)
def test_a_sentence_is_complete_when_another_has_begun(line, whole, rest):
    assert split_complete(line, "fr") == (whole, rest)


def test_only_the_markers_at_the_end_of_a_line_are_taken_off():
    assert without_end("Viettel pays [2] now [2].") == ("Viettel pays [2] now.", [2])
    assert without_end("Viettel pays [2] now") == ("Viettel pays [2] now", [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See [the site](https://evil.example/a?b=1) now", "See the site now"),
        ("![pixel](http://evil.example/p.png) It is open", "pixel It is open"),
        ("Go to https://evil.example/x, then www.evil.example", "Go to then"),
        ("evil.example/path and javascript:alert(1)", "and"),
        ("<img src=x onerror=alert(1)>It is open", "It is open"),
        ("**Meta** backs `ViGen`", "Meta backs ViGen"),
        ("- Meta backs it", "Meta backs it"),
        ("1. Meta backs it", "Meta backs it"),
        ("Me\u200bta\u202e backs\U000e0041 it\x00\u00ad", "Meta backs it"),
        ("Meta\ufe0f backs\u2028it", "Meta backs it"),
        ("baoquocte.vn says 3.5 and/or [a note]", "baoquocte.vn says 3.5 and/or [a note]"),
        ("[[1]](http://a.example) [x](y(z))", "[x] (y(z))"),
        ("ht**tps://evil.example/x ht<b>tp://evil.example", ""),
        ("[[[1]1]1] it is [[2]2]", "11 it is 2"),
    ],
)
def test_nothing_that_acts_is_left_in_a_text(text, expected):
    assert harmless(text) == expected


@pytest.mark.parametrize("unit", ["[", "[a](", "[1,", "![", "<a", "a.", "http:", "**", "【1", "a"])
def test_time_grows_with_the_length(unit):
    def read(size):
        text = unit * (size // len(unit))
        harmless(text)
        numbers(text)
        without_end(text)
        split(text, "en")

    assert_linear(read, 4000)
