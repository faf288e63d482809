import pytest

from rag.days import days_between, first_day, is_later, last_day


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
    assert first_day(None) < first


@pytest.mark.parametrize(
    ("date", "other", "later"),
    [
        ("2025-06-02", "2025-06-01", True),
        ("2025-06-01", "2025-06-01", False),
        ("2025-06-02", "2025-06", False),
        ("2025-07", "2025-06", True),
        ("2026", "2025-12-31", True),
        ("2025", None, False),
        (None, "2025", False),
    ],
)
def test_later_is_what_surely_came_after(date, other, later):
    assert is_later(date, other) is later


@pytest.mark.parametrize(
    ("date", "other", "days"),
    [("2025-06-10", "2025-06-13", 3), ("2025-06", "2025-06-13", 0), ("2025-01-01", "2024", 1)],
)
def test_the_days_between_two_dates(date, other, days):
    assert days_between(date, other) == days_between(other, date) == days
