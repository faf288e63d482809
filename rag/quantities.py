"""Numbers, dates and units of a text in one form for all languages: ``1 000``, ``1.000``, ``one thousand``, ``一千``.

Number words are read in English, French, Vietnamese and Chinese, and simple ones in German and Spanish.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache

from rag.languages import HAN
from rag.tables import table

_FIGURE = r"\d{1,3}(?:[ .,]\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?|\d+(?:[.,]\d+)?"
_HAN_DIGITS = "〇零一二三四五六七八九"
_HAN = _HAN_DIGITS + "两双半十百千万亿"
_TOKEN = re.compile(rf"(?<![^\W_{_HAN}{HAN}])(?:{_FIGURE})|[^\W\d_{_HAN}]+|[{_HAN}]")
_GAP = re.compile(r"\s?-?|[多余来几]|\s(?:and|et|linh|lẻ|of|de|y)\s|-et-")
_VAGUE = re.compile(
    r"(?:\b(?:hàng|vài|nhiều|mấy|several|few|plusieurs|quelques)\s|[数几上])$"
)  # "hàng trăm", hundreds; of any number of them
_COUNTED = re.compile(r"\s?[%个位名大项次年月日天座家种场条款届岁人倍点秒周世股支]")
_SCALE = "thousand|[mb]illion|milliard|nghìn|triệu|tỷ|[千万亿]"
_REWRITTEN = (
    # a ratio is no billion, a symptom no million, nor a decade ten
    (re.compile(r"\bt[ỷỉ] (?=lệ|giá|số|suất|phú)|\btriệu (?=chứng|tập|phú)|[这那该头首近]十年"), " "),
    (re.compile(r"\b(?:per ?cent|pour cent|phần trăm|pct|por ciento|prozent)\b"), r"%"),
    (re.compile(r"(\d+)\s?%?\s?(?:to|-|–|à|đến|到|至)\s?(?=\d+\s?%)"), r"\1% "),
    (re.compile(rf"(?<![\d.,])(\d+)\s?(?:to|-|–|à|đến|到|至)\s?(?=\d+\s?({_SCALE}))"), r"\1 \2, "),  # 3 to 5 million
    (re.compile(r"(?<!\d)(\d{4}),(?=\d{4}(?!\d))"), r"\1, "),  # two years
    (re.compile(r"([$€£]\d[\d.,]*)\s?m\b"), r"\1 million"),
    (re.compile(r"(?<!\d)(\d\d)(\d\d)\s?[–-]\s?(\d\d)(?![-–\d])"), lambda m: _years(*m.groups())),
    (re.compile(rf"百分之([\d.{_HAN}]+)"), r"\1%"),
    (re.compile(r"(\d{1,2})\s?世纪\s?(\d0)\s?年代"), lambda m: str((int(m[1]) - 1) * 100 + int(m[2]))),
    (re.compile(r"(?<!\d)(\d0)\s?年代"), r"19\1"),
    (re.compile(r"\b([ivx]+)e (?=siècle)|(?<=thế kỷ )([ivx]+)\b"), lambda m: f"{_roman(m[1] or m[2])} "),
)
_ROMAN = re.compile(r"\b[IVXL]{2,7}\b")
_ISO = re.compile(r"\b\d{4}-(?P<month>\d\d)-(?P<day>\d\d)\b")
_DATES = {
    "vi": re.compile(
        r"(?:\b(?:ngày|mùng)\s(?P<day>\d{1,2})(?:\stháng\s|\s?[/-]\s?)|(?<!\d )\btháng\s)"
        r"(?P<month>\d{1,2}|mười một|mười hai|hai|ba|tư|năm|sáu|bảy|tám|chín|mười)\b"
    ),
    "zh": re.compile(rf"(?P<month>[\d{_HAN}]{{1,3}})\s?月(?:\s?(?P<day>[\d{_HAN}]{{1,3}})\s?[日号])?"),
}
_NAMED_DATE = (
    r"\b(?:(?P<day>\d{{1,2}})(?:er|st|nd|rd|th|\.)?\s(?:of\s|de\s)?(?P<month>{names})|"
    r"(?P<month2>{names})\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)|(?P<month3>{names}))\b"
)
_AMBIGUOUS = frozenset({"may", "march", "mars"})  # months only beside a day or a year
_SIGNS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "cny"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a date (``12-07``, ``12-``) as its possible readings: ``1.234`` may be a thousand or one.

    ``unit`` is a key of the units in ``quantities.json``, and ``after`` what follows the number.
    """

    readings: tuple[str, ...]
    unit: str | None = None
    after: str = field(default="", compare=False)


@lru_cache(4096)
def quantities(text: str, language: str, *, certain: bool = False) -> tuple[Quantity, ...]:
    """Return the quantities of a text; unless ``certain``, the day of a month is the month too.

    ``certain`` leaves out words that may mean something else, as Vietnamese ``năm``, five or year. One alone, which
    may be an article, is always left out.
    """
    plain = unicodedata.normalize(
        "NFKC", unicodedata.normalize("NFC", text).replace("½", ".5").replace("，", ", ")
    ).casefold()
    for pattern, new in _REWRITTEN:
        plain = pattern.sub(new, plain)
    found: list[Quantity] = []
    for dates in (_ISO, _date_pattern(language)):
        kept, start = [], 0
        for match in dates.finditer(plain) if dates else ():
            if readings := _date(match, plain, language, certain=certain):
                found.extend(Quantity((reading,)) for reading in readings[: 1 if certain else 2])
                kept.append(plain[start : match.start()])
                start = match.end()
        plain = " ; ".join([*kept, plain[start:]])
    if not certain:  # World War II is 第二次世界大战
        found.extend(Quantity((str(_roman(match[0].lower())),)) for match in _ROMAN.finditer(text))
    return (*found, *_numbers(plain, language, certain=certain))


def missing(claimed: Iterable[Quantity], quoted: Iterable[Quantity]) -> list[Quantity]:
    """Return the quantities of a claim that are not among the quoted: another value, or the value in another unit."""
    units: dict[str, set[str | None]] = {}
    for quantity in quoted:
        for reading in quantity.readings:
            units.setdefault(reading, set()).add(quantity.unit)
    return [q for q in claimed if not any(_fits(q.unit, units[r]) for r in q.readings if r in units)]


def _fits(unit: str | None, units: set[str | None]) -> bool:
    if unit == "%" or units == {"%"}:
        return unit in units
    return unit is None or unit in units or None in units


def _date(match: re.Match[str], plain: str, language: str, *, certain: bool) -> list[str]:
    """Return the readings of a date, the exact one first."""
    groups = match.groupdict()
    name = next(groups[key] for key in ("month", "month2", "month3") if groups.get(key))
    day = groups.get("day") or groups.get("day2")
    if certain and name in _AMBIGUOUS and not day and not re.match(r",? (?:of |de )?\d{4}", plain[match.end() :]):
        return []
    month = _months(language).get(name) or _value(name, language)
    if not 1 <= month <= 12:
        return []
    return [f"{month:02}-{_value(day, language):02}", f"{month:02}-"] if day else [f"{month:02}-"]


def _value(word: str, language: str) -> int:
    found = next(_numbers(word, language, certain=False), None)
    return int(Decimal(found.readings[0])) if found else 0


@cache
def _date_pattern(language: str) -> re.Pattern[str] | None:
    names = "|".join(_months(language))
    return _DATES.get(language) or (re.compile(_NAMED_DATE.format(names=names)) if names else None)


@cache
def _months(language: str) -> Mapping[str, int]:
    return {name: number for number, name in enumerate(table("quantities")["months"].get(language, "").split(), 1)}


@dataclass(slots=True)
class _Number:
    """A number as it is read: the parts add up, and a scale multiplies those before it that are smaller."""

    first: str
    parts: list[tuple[Decimal, Decimal]]  # a value, and what a digit that follows must be less than
    stop: int
    vague: bool = False
    other: Decimal | None = None  # another reading of the first part
    words: int = 1
    last: str = ""

    def takes(self, word: str, value: Decimal, stop: int, *, scale: bool) -> bool:
        """Tell whether the next token belongs to the number, and add it if so."""
        before, room = self.parts[-1]
        if word == "năm" and room > 100:
            return False  # a thousand years
        if scale:
            group = Decimal(0)
            while self.parts and self.parts[-1][0] < value:
                group += self.parts.pop()[0]
            self.parts.append(((group or 1) * value, value))
        elif word in _HAN_DIGITS and self.last in _HAN_DIGITS:
            self.parts[-1] = (before * 10 + value, Decimal(10))
        elif word in {"vingt", "vingts"} and before == 4:
            self.parts[-1] = (Decimal(80), Decimal(20))
        elif value < room:
            self.parts.append((value, _room(value)))
        else:
            return False
        self.words, self.last, self.stop = self.words + 1, word, stop
        return True

    def quantity(self, plain: str) -> Quantity:
        total = sum((value for value, _ in self.parts), Decimal(0))
        values = [total] if self.other is None else [total, total * self.other / self.parts[0][0]]
        after = plain[self.stop : self.stop + 40]
        unit = _SIGNS.get(plain[: self.stop].rstrip(" 0123456789.,")[-1:]) or _unit(after)
        if unit == "y" and 1000 <= total <= 2100:
            unit = None  # a year, not years
        return Quantity(tuple("~" * self.vague + f"{v.normalize():f}" for v in values), unit, after)

    def certain(self, plain: str, language: str) -> bool:
        if self.words > 1 or self.first[0].isdigit():
            return True
        if self.parts[0][0] == 1:
            return False
        counted = plain[: self.stop].endswith(f"第{self.first}") or _COUNTED.match(plain, self.stop)
        return (
            bool(counted)
            if self.first in _HAN
            else self.first not in table("quantities")["uncertain"].get(language, "").split()
        )


def _room(value: Decimal) -> Decimal:
    """Return what a number word that follows tens must be less than: 97 is 80 and 17 in French."""
    if value == 60:
        return Decimal(20)
    return Decimal(10 if 10 <= value < 100 and value % 10 == 0 else 0)


def without_numbers(text: str, language: str) -> str:
    """Return a text without its number words, Chinese ones where they stand together."""
    known = {*_words("digits", language), *_words("scales", language)} - set(_HAN)
    return re.sub(rf"[{_HAN}]{{2,}}|[^\W\d_{_HAN}]+", lambda m: " " if m[0] in known or m[0][0] in _HAN else m[0], text)


def _numbers(plain: str, language: str, *, certain: bool) -> Iterator[Quantity]:
    digits, scales = _words("digits", language), _words("scales", language)
    number: _Number | None = None
    for match in _TOKEN.finditer(plain):
        word, scale = match[0], match[0] in scales
        if not (scale or word in digits or word[0].isdigit()):
            continue
        value, *other = [scales[word]] if scale else [digits[word]] if word in digits else _figures(word, language)
        joined = number is not None and _GAP.fullmatch(plain, number.stop, match.start())
        if number and joined and number.takes(word, value, match.end(), scale=scale):
            continue
        if number and (not certain or number.certain(plain, language)):
            yield number.quantity(plain)
        vague = scale and (word[-1] == "s" or _VAGUE.search(plain, max(0, match.start() - 12), match.start()))
        room = Decimal(0) if vague or word[0].isdigit() else value if scale else _room(value)
        number = _Number(word, [(value, room)], match.end(), bool(vague), next(iter(other), None), last=word)
    if number and (not certain or number.certain(plain, language)):
        yield number.quantity(plain)


def _figures(word: str, language: str) -> list[Decimal]:
    """Return what a number in figures may mean, the likeliest in a language first."""
    groups = re.split(r"[.,]", word.replace(" ", ""))
    plain = Decimal("".join(groups))
    if len(groups) == 1:
        return [plain]
    decimal = Decimal(f"{''.join(groups[:-1])}.{groups[-1]}")
    if len(groups[-1]) != 3 or groups[0] == "0":
        return [decimal]
    if len(groups) > 2:
        return [plain]
    if ("," in word) != (language in {"en", "zh"}):
        return [decimal, plain]
    return [plain] if groups[-1] == "000" else [plain, decimal]


def _years(century: str, first: str, last: str) -> str:
    return f"{century}{first} - {century if last > first else ''}{last}"


def _roman(letters: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50}[letter] for letter in letters]
    return sum(-v if v < max(values[place:]) else v for place, v in enumerate(values))


def _unit(after: str) -> str | None:
    match = _unit_pattern().match(after)
    return list(table("quantities")["units"])[match.lastindex - 1] if match and match.lastindex else None


@cache
def _unit_pattern() -> re.Pattern[str]:
    groups = "|".join(f"({names})" for names in table("quantities")["units"].values())
    return re.compile(rf"\s?-?(?:de\s|d'|of\s)?(?:{groups})(?:(?<=[%一-鿿])|\b)")  # no boundary behind Chinese


@cache
def _words(kind: str, language: str) -> Mapping[str, Decimal]:
    """Return the number words of a language, the Chinese ones among them."""
    words = table("quantities")[kind]
    parts = f"{words.get(language, '')} {words['zh']}".split()
    found = dict(zip(parts[::2], map(Decimal, parts[1::2]), strict=True))
    return {word: Decimal(10) ** power for word, power in found.items()} if kind == "scales" else found
