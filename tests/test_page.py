"""The tables of docs/performance.md are those of docs/performance.json."""

import json

from bench.page import KEPT, PAGE, filled


def test_the_page_is_what_was_measured():
    page = PAGE.read_text(encoding="utf-8")
    assert page == filled(page, json.loads(KEPT.read_text(encoding="utf-8")))
    changed = json.loads(KEPT.read_text(encoding="utf-8"))
    changed["questions"]["rows"][0][1] = [123456.0]
    assert "| 123,456 |" in filled(page, changed)
