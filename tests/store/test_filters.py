from __future__ import annotations

import pytest

from rag.store.filters import first_day, last_day, sources
from rag.types import Article


@pytest.mark.parametrize(
    ("date", "first", "last"),
    [
        ("2025", "2025-01-01", "2025-12-31"),
        ("2025-06", "2025-06-01", "2025-06-31"),
        ("2025-06-15", "2025-06-15", "2025-06-15"),
        ("2025-06-15T08:30:00Z", "2025-06-15", "2025-06-15"),
    ],
)
def test_a_date_of_reduced_precision_is_all_of_its_days(date, first, last):
    assert (first_day(date), last_day(date)) == (first, last)


@pytest.mark.parametrize(
    ("url", "outlet", "names"),
    [
        ("https://WWW.Nhandan.vn:443/a?b", "Nhân Dân", ["nhân dân", "www.nhandan.vn"]),
        (None, None, []),
        ("http://[", "X", ["x"]),
        ("no address", None, []),
    ],
)
def test_the_names_of_a_source(url, outlet, names):
    assert sources(Article("a", "", "", "fr", url=url, outlet=outlet)) == names
