import pytest

from bench.adversarial import adversarial

SHARED, OTHER = "The Ai lies in the north.\nIt is 120 km long.", "The Bo lies in the south."
SQUAD = [{"id": "s1", "text": SHARED}, {"id": "s2", "text": OTHER}]
XQUAD = [
    {"id": "x-en", "lang": "en", "group": "p1", "text": "The Ai lies in the north. It is 120 km long."},
    {"id": "x-vi", "lang": "vi", "group": "p1", "text": "Sông Ai ở phía bắc. Sông dài 120 km."},
    {"id": "y-en", "lang": "en", "group": "p2", "text": "Otters swim."},
]


def query(paragraph, *, answerable):
    relevant = {"relevant": [paragraph]} if answerable else {"relevant": [], "source_paragraph": paragraph}
    return {"id": f"{paragraph}-{answerable}", "lang": "en", "text": "?", "answerable": answerable, **relevant}


@pytest.mark.parametrize(
    ("answerable", "asked"), [(True, {"relevant": ["x-en", "x-vi"]}), (False, {"relevant": [], "miss": "adversarial"})]
)
def test_questions_are_asked_of_the_same_paragraph_in_every_language(answerable, asked):
    (found,) = adversarial(SQUAD, [query("s1", answerable=answerable), query("s2", answerable=answerable)], XQUAD)
    assert found["id"] == f"s1-{answerable}"
    assert {name: found[name] for name in asked} == asked
