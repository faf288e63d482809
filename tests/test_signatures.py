from __future__ import annotations

import pytest

from rag.signatures import likenesses, signature

STORY = " ".join(
    f"On day {n} the minister of port {n} opened berth {n * 7} for ship number {n * 13}." for n in range(40)
)


def likeness(one, other):
    return likenesses([one, other], 0.0)[0, 1]


def test_a_text_is_like_itself_however_it_is_set():
    assert likeness(signature(STORY), signature(STORY)) == (1.0, 1.0)
    assert likeness(signature(STORY), signature(STORY.upper().replace(" ", "\n"))) == (1.0, 1.0)


def test_another_text_is_not():
    other = " ".join(f"Rain fell {n} hours over field {n * 3}, and farmer {n * 5} was content." for n in range(40))
    assert likeness(signature(STORY), signature(other)).resemblance < 0.05


@pytest.mark.parametrize("part", [0.3, 0.5, 0.8])
def test_a_story_cut_short_is_contained(part):
    cut = STORY[: int(len(STORY) * part)]
    found = likeness(signature(STORY), signature(cut))
    assert found.resemblance == pytest.approx(part, abs=0.13)  # three standard errors of 128 values
    assert found.containment > 0.75


def test_chinese_is_compared_by_character():
    one = signature("总领事黄英俊在旧金山湾区会见了越南企业界代表，双方讨论了人工智能合作。")
    other = signature("总领事黄英俊在旧金山湾区会见了越南企业界代表，双方讨论了半导体合作。")
    assert likeness(one, other).resemblance == pytest.approx(0.6, abs=0.15)


def test_a_text_without_a_word_is_like_nothing():
    assert signature(" … !") == b""
    assert likenesses([b"", b"", signature(STORY)], 0.0) == {}


def test_only_what_is_like_enough_is_named_by_its_places():
    texts = [STORY, "", "Rain fell on the hills.", STORY.replace("port 3", "port 33"), "The wind blew."]
    found = likenesses([signature(text) for text in texts], 0.5)
    assert list(found) == [(0, 3)]


def test_a_signature_is_what_it_was_when_it_was_kept():
    """Signatures lie in databases: a change of them would need a migration."""
    assert signature("rail").hex().startswith("6b5a47759c9e83fc9eb902a68f501111bb727f64")
    assert len(signature("rail")) == 4 * 129
