"""Dates of reduced precision, ``2025`` or ``2025-06``, as the days that they may be. Days are compared as strings."""

import re
from datetime import date as day_of
from datetime import timedelta

DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def first_day(date: str | None) -> str:
    """Return the first day that an ISO 8601 date of reduced precision may be; no date is before all others."""
    if not date:
        return ""
    return f"{date}-01-01"[:10] if len(date) == 4 else f"{date}-01"[:10]


def last_day(date: str) -> str:
    """Return a day no earlier than the last that the date may be: days are only ever compared as strings."""
    return f"{date}-12-31"[:10] if len(date) == 4 else f"{date}-31"[:10]


def is_later(date: str | None, other: str | None) -> bool:
    """Whether a date is surely after another."""
    if not date or not other:
        return False
    return first_day(date) > last_day(other)


def days_between(date: str, other: str) -> int:
    """Return about how many days there are at least between two dates, 0 where they may be the same day."""
    early, late = sorted((date, other), key=first_day)
    return max(_number(first_day(late)) - _number(last_day(early)), 0)


def _number(day: str) -> int:
    return (day_of.fromisoformat(f"{day[:7]}-01") + timedelta(int(day[8:10]) - 1)).toordinal()
