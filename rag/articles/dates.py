"""The day an article was published, as told or as inferred from its text.

Dates are ISO 8601 strings of the precision that is known. Forms in French, English, Vietnamese and Chinese are read,
and numeric ones. A numeric date whose day and month could be either way round is read day first, as outside English;
in English only its year is sure.
"""

import email.utils
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from rag.tables import table

_LEAD = 1000  # characters at the head of an article, where it tells the day that it is about
_READ = 100_000  # characters in which years are counted; no article is longer, and hostile ones take no more time

_MONTHS = {name: month for month, names in enumerate(table("articles/months"), 1) for name in names.split()}
_WORD = rf"(?P<word>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_YEAR = r"(?P<y>(?:19|20)\d\d)(?!\d)"
_DAY = r"(?<![\d/.,])(?P<d>\d{1,2})"
_MONTH = r"(?P<m>\d{1,2})"

_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\d/-]){_YEAR}(?P<sep>[-/.])(?P<m>\d\d)(?P=sep)(?P<d>\d\d)(?!\d)",
        rf"{_DAY}(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep){_YEAR}",
        rf"{_DAY}(?:er|st|nd|rd|th)?\s+(?:of\s+|de\s+)?{_WORD}(?:,?\s+(?:de\s+)?{_YEAR})?",
        rf"\b{_WORD}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s+{_YEAR})?",
        rf"{_DAY}\s+tháng\s+{_MONTH}(?!\d)(?:(?:,?\s+năm\s+|/){_YEAR})?",
        rf"\bngày\s+(?P<d>\d{{1,2}})[/-]{_MONTH}(?![\d/-])",
        rf"(?:{_YEAR}\s?年\s?)?(?<!\d)(?P<m>\d{{1,2}})\s?月\s?(?P<d>\d{{1,2}})\s?[日号]",
    )
)
_MONTHS_OF_YEARS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_WORD},?\s+{_YEAR}",
        rf"\btháng\s+{_MONTH}(?:,?\s+năm\s+|/){_YEAR}",
        rf"{_YEAR}\s?年\s?{_MONTH}\s?月(?!\s?\d)",
        rf"(?<![\d/-]){_YEAR}-(?P<m>\d\d)(?![\d-])",
    )
)
# A year that stands alone: no part of a number, a range of years, or a count of things.
_YEARS = re.compile(
    r"(?<!\d)(?<![\d$€¥£][.,/\u00a0\u202f ])(?<!\d[-–—])(?<!\d\s[-–—]\s)(?P<y>(?:19|20)\d\d)(?![\d%])(?!\s?[-–—]\s?\d)"
    r"(?![.,\u00a0\u202f ]\d{3}(?!\d))(?!\s(?:%|km|m²|ha|personnes|people|người|đồng|人|元))"
)
_AHEAD = re.compile(
    r"(?:d['’]ici(?:\s+à)?(?:\s+fin)?|horizon|jusqu['’]en|vers|by|until|before|towards?|vision"
    r"|(?:đến|tới|trước)(?:\s+năm)?|到|至)[\s«\"“]*(?:(?:the\s+)?year\s+|l['’]an\s+)?$",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"(?:publi[ée]e?|published|posted|paru|ngày\s+đăng|đăng\s+(?:lúc|ngày)|发布(?:时间)?|发表于)[^.\n]{0,25}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Mention:
    """A date in a text. ``year`` is 0 where the text does not say."""

    at: int
    year: int
    month: int = 0
    day: int = 0

    def iso(self, year: int) -> str:
        return "-".join(f"{part:02}" for part in (year, self.month, self.day) if part)


def parse(value: str, language: str = "und") -> str | None:
    """Return a date given with an article as an ISO string, None where it is unreadable.

    Reads ISO 8601 of any precision, RFC 2822 and the forms of `infer`. The day is the one of the time zone given.
    """
    value = value.strip()
    if len(value) > 100:
        return None
    iso = re.match(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?![\d-])", value)
    if iso and (iso.end() == len(value) or (iso.group(3) and value[iso.end()] in "T Z+")):
        year, month, day = (int(part or 0) for part in iso.groups())
        return _Mention(0, year, month, day).iso(year) if _exists(year, month, day) else None
    mention = min((m for m in (*_days(value, language), *_months(value)) if m.year), key=lambda m: m.at, default=None)
    if mention is not None:
        return mention.iso(mention.year)
    try:
        return email.utils.parsedate_to_datetime(value).date().isoformat()
    except (ValueError, OverflowError):
        return None


def infer(text: str, language: str, today: date) -> str | None:
    """Return the day, month or year that an article seems to be from, None where nothing tells. Never after ``today``.

    A date in a dateline at the head ("Publié le ...") is it. Otherwise the year is the one that the article names most,
    out of the latest year it names and the year before. A year in the lead counts three times, and three times more in
    the paragraph of a day without a year; years that the article looks ahead to ("d'ici 2030") do not count. The first
    day that the lead names, in that year or without one, gives month and day.
    """
    lead = text[:_LEAD]
    days = sorted(_days(lead, language), key=lambda mention: mention.at)
    for mention in days:
        if mention.year and _DATELINE.search(lead, max(0, mention.at - 45), mention.at):
            return _not_after(mention, mention.year, today)
    year = _year(text[:_READ], next((m.at for m in days if not m.year), None), today)
    if year is None:
        return None
    told = [m for m in (*days, *sorted(_months(lead), key=lambda m: m.at)) if m.year in (0, year)]
    return next((found for m in told if (found := _not_after(m, year, today))), f"{year}")


def _year(text: str, day_at: int | None, today: date) -> int | None:
    """Return the year that the text is about, given where it names a day without a year."""
    day = range(text.rfind("\n", 0, day_at) + 1, (text + "\n").find("\n", day_at)) if day_at is not None else range(0)
    votes: Counter[int] = Counter()
    for match in _YEARS.finditer(text):
        year = int(match["y"])
        if year <= today.year and not _AHEAD.search(text, max(0, match.start() - 30), match.start()):
            votes[year] += (3 if match.start() < _LEAD else 1) + (3 if match.start() in day else 0)
    if not votes:
        return None
    latest = max(votes)
    return max((latest, latest - 1), key=lambda year: votes[year])


def _not_after(mention: _Mention, year: int, today: date) -> str | None:
    if not _exists(year, mention.month, mention.day):
        return None
    late = (year, mention.month, mention.day) > (today.year, today.month, today.day)
    return None if late else mention.iso(year)


def _days(text: str, language: str) -> Iterator[_Mention]:
    return (mention for pattern in _DATES for mention in _mentions(pattern, text, language))


def _months(text: str) -> Iterator[_Mention]:
    return (mention for pattern in _MONTHS_OF_YEARS for mention in _mentions(pattern, text))


def _mentions(pattern: re.Pattern[str], text: str, language: str = "") -> Iterator[_Mention]:
    for match in pattern.finditer(text):
        parts = match.groupdict()
        word = parts.get("word")
        if word and word.casefold() in ("mar", "may", "mars", "march") and language == "en" and word[0].islower():
            continue  # the verbs "may" and "march"
        year, day = int(parts.get("y") or 0), int(parts.get("d") or 0)
        month = _MONTHS[word.casefold()] if word else int(parts["m"])
        if pattern is _DATES[1]:
            if month > 12 >= day:
                day, month = month, day
            elif language == "en" and day != month <= 12 and day <= 12:
                day = month = 0
        if _exists(year or 2000, month, day):
            yield _Mention(match.start(), year, month, day)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return False
    return True
