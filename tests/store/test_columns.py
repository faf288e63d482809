from __future__ import annotations

import pytest

from rag.store.columns import Columns
from rag.types import Filters

ROWS = [
    (3, "fr", '["le courrier", "www.nhandan.vn"]', "2025-06-15", "2025-06-15"),
    (5, "vi", "[]", None, None),
    (6, "fr", '["nhandan.vn"]', "2024-01-01", "2024-12-31"),
    (9, "en", '["xnhandan.vn"]', "2025-06-01", "2025-06-31"),
]


@pytest.fixture(params=["built", "extended", "loaded"])
def columns(request, tmp_path):
    if request.param == "extended":
        return Columns.build(ROWS[:1]).extended(ROWS[1:])
    built = Columns.build(iter(ROWS))
    if request.param == "built":
        return built
    built.save(tmp_path / "columns")
    return Columns.load(tmp_path / "columns")


@pytest.mark.parametrize(
    ("filters", "passages"),
    [
        (Filters(), [3, 5, 6, 9]),
        (Filters(languages=("fr", "de")), [3, 6]),
        (Filters(languages=("de",)), []),
        (Filters(sources=("NhanDan.vn",)), [3, 6]),
        (Filters(since="2025"), [3, 9]),
        (Filters(until="2024-06"), [6]),
        (Filters(since="2024-12-31", until="2025-06-14"), [6, 9]),
        (Filters(since="2025", languages=("fr",), sources=("le courrier",)), [3]),
    ],
)
def test_filters(columns, filters, passages):
    assert columns.passing(filters).nonzero()[0].tolist() == passages
    assert columns.mask().nonzero()[0].tolist() == [3, 5, 6, 9] == columns.passages.tolist()


def test_no_passages():
    assert len(Columns.build([])) == 0
    assert not Columns.build([]).passing(Filters(since="2025")).any()
