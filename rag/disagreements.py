"""Articles that give different numbers for one thing, so that an answer can point it out.

A false alarm would cast doubt on an article that is right, so much has to fit: the question asks for a number; two
articles came out within a month of each other and name what the question names; a sentence of each, near in meaning,
holds one number of the same unit for the same thing; no dates in them differ; and the numbers do, by more than rounding
and by less than what tells different things. Between two languages the thing has to be one of ``counted.json``. So most
disagreements that there are pass unseen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.answer_types import expected_type
from rag.answers import Citation
from rag.days import days_between
from rag.languages import fold, is_cjk, term_set, terms
from rag.messages import message
from rag.names import known_names, names
from rag.quantities import Quantity, quantities
from rag.tables import table
from rag.types import Article, Hit

READ = 20  # hits
NEAR = 0.65  # cosine of two sentences; it tells a subject, not what is said of it
DAYS = 30
ROUNDED, HEDGED = Decimal("0.03"), Decimal("0.1")  # numbers that lie no further apart may be the same
APART = 3  # times as much is something else
_AND = "(?:et|ou|and|or|và|hoặc)"

_MONEY = frozenset({"usd", "eur", "cny", "vnd", "gbp"})
_SYMBOLS = frozenset({"%", "km", "kg", "t"})
_SIGNS = {"$": "usd", "€": "eur", "£": "gbp"}
_HEDGES = re.compile(
    r"\b(?:environ|pres de|quelque|au moins|au plus|plus de|moins de|presque|autour de|about|around|some|nearly|almost|"
    r"more than|less than|fewer than|over|at least|up to|roughly|approximately|khoang|gan|hon|tren|it nhat|xap xi|duoi|"
    r"toi da|uoc tinh)\b|约|近|超过|逾|至少|左右|将近|不到|多(?=[人名万亿])"
)
_WEEKDAYS = re.compile(
    r"\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    r"thu (?:hai|ba|tu|nam|sau|bay)|chu nhat)\b|(?:周|星期)[一二三四五六日天]"
)
_GENERAL = frozenset(term for code, text in (("fr", "personnes fois"), ("en", "people times"), ("vi", "người lần"))
                     for term in terms(text, code))  # fmt: skip
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that an article gives, in its unit."""

    value: Decimal
    unit: str | None
    article: Article


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence of a hit that gives a figure; ``noun`` is the term of what it counts, or of its unit."""

    hit: Hit
    text: str
    figure: Figure
    noun: str


def disagreements(
    question: str, language: str, hits: Sequence[Hit], citations: Sequence[Citation]
) -> tuple[Figure, ...]:
    """Return a figure in a sentence that is cited and those of other articles that disagree with it, or nothing."""
    if expected_type(question, language) != "number":
        return ()
    articles: dict[str, list[Hit]] = {}
    for hit in hits[:READ]:
        articles.setdefault(hit.candidate.article.id, []).append(hit)
    asked = None
    for citation in citations:
        for hit in articles.get(citation.article_id, []):
            for place, span in enumerate(hit.candidate.passage.sentences):
                if not span.start <= citation.start < span.stop:
                    continue
                vector = hit.candidate.sentence_vectors[place]
                groups = [group for name, group in articles.items() if name != citation.article_id]
                near = [nearest for group in groups if (nearest := _nearest(vector, group))]
                if not near:
                    continue
                asked = asked or _Asked(question, language)
                if not (told := asked.said(hit, place)):
                    continue
                said = [found for other in near if (found := asked.said(*other))]
                if different := [other.figure for other in said if asked.disagree(told, other)]:
                    return (told.figure, *different)
    return ()


def _nearest(vector: NDArray[np.float32], hits: Sequence[Hit]) -> tuple[Hit, int] | None:
    """Return the sentence of hits that is nearest to a vector, by its place, if it is near."""
    near = [(float(cosine), hit, n) for hit in hits for n, cosine in enumerate(hit.candidate.sentence_vectors @ vector)]
    cosine, hit, place = max(near, key=lambda one: one[0])
    return (hit, place) if cosine >= NEAR else None


class _Asked:
    """A question for a number."""

    def __init__(self, question: str, language: str) -> None:
        self._language = language
        kinds = [name for name, kind in _kinds().items() if kind.name.search(question.casefold())]
        self._kind = kinds[0] if len(kinds) == 1 else None
        self._stems = set(terms(question, language))
        # The capital at the beginning says nothing: "Cầu Tứ Liên", a bridge.
        self._names = names(question[:1].lower() + question[1:], language, abroad=False)
        self._readings = {reading for quantity in quantities(question, language) for reading in quantity.readings}

    def said(self, hit: Hit, place: int) -> _Said | None:
        """Return what a sentence says where it gives one number that can answer, about what the question names."""
        article, passage = hit.candidate.article, hit.candidate.passage
        text = passage.sentences[place].of(article.text)
        around = f"{article.title}\n{passage.heading}\n{article.text[passage.start : passage.stop]}"
        named = self._names.spelled <= set(re.findall(r"\w+", fold(around)))
        if not named or not self._names.known <= known_names(around):
            return None
        found = [
            (quantity, _unit(quantity, text), next(iter(terms(quantity.after, article.language)), ""))
            for quantity in quantities(text, article.language, certain=True)
            if _FIGURE.fullmatch(quantity.readings[0])
            and not (_is_year(quantity) or self._readings & set(quantity.readings))
        ]
        if self._kind:
            kind, money = _kinds()[self._kind], self._kind == "cost"
            found = [one for one in found if (one[1] in _MONEY if money else one[1] is None)]
            behind = [one for one in found if kind.behind.match(one[0].after)]
            found = behind or (found if kind.before.search(text.casefold()) else [])
        else:
            found = [one for one in found if one[1] or (one[2] in self._stems and one[2] not in _GENERAL)]
        if len(found) != 1:
            return None
        quantity, unit, noun = found[0]
        return _Said(hit, text, Figure(Decimal(quantity.readings[0]), unit, article), noun)

    def disagree(self, one: _Said, other: _Said) -> bool:
        """Whether two sentences give different numbers for one thing at one time."""
        return (
            one.figure.unit == other.figure.unit
            and (self._kind is not None or self._same_words(one, other))
            and _at_one_time(one, other)
            and _differ(one, other)
        )

    def _same_words(self, one: _Said, other: _Said) -> bool:
        """Whether two sentences in the question's language count the same, and have the same words of the question."""
        articles = one.figure.article, other.figure.article
        if any(article.language != self._language for article in articles):
            return False
        first, second = (self._stems & term_set(said.text, self._language) for said in (one, other))
        return one.noun == other.noun and first == second


def _unit(quantity: Quantity, text: str) -> str | None:
    """Return the unit of a number; the sign of a currency may stand before one that ends in a word."""
    return quantity.unit or next((unit for sign, unit in _SIGNS.items() if sign in text), None)


def _is_year(quantity: Quantity) -> bool:
    return quantity.unit is None and bool(_YEAR.fullmatch(quantity.readings[0]))


def _at_one_time(one: _Said, other: _Said) -> bool:
    """Whether nothing tells that two sentences are about different times."""
    dates = one.figure.article.published, other.figure.article.published
    if dates[0] and dates[1]:
        if days_between(dates[0], dates[1]) > DAYS:
            return False
    elif dates[0] or dates[1]:
        return False
    return all(not (a and b) or a & b for a, b in zip(_times(one), _times(other), strict=True))


def _times(said: _Said) -> tuple[set[str], ...]:
    """Return the years, the days and the days of the week that a sentence names; its article's year for want of any."""
    article = said.figure.article
    found = quantities(said.text, article.language, certain=True)
    years = {quantity.readings[0] for quantity in found if _is_year(quantity)}
    days = {reading for quantity in found for reading in quantity.readings if "-" in reading}
    return years or {(article.published or "")[:4]} - {""}, days, set(_WEEKDAYS.findall(fold(said.text)))


def _differ(one: _Said, other: _Said) -> bool:
    """Whether two numbers differ by more than rounding, and by less than what tells different things."""
    low, high = sorted((one.figure.value, other.figure.value))
    hedged = any(_HEDGES.search(fold(said.text)) for said in (one, other))
    return low > 0 and low * (1 + (HEDGED if hedged else ROUNDED)) < high <= low * APART


class _Kind(NamedTuple):
    """How a thing that is counted is named: anywhere, right behind its number, and before it with a number to come."""

    name: re.Pattern[str]
    behind: re.Pattern[str]
    before: re.Pattern[str]


@cache
def _kinds() -> dict[str, _Kind]:
    kinds = {}
    for kind, words in table("counted").items():
        name = "|".join(word if is_cjk(word) else rf"\b(?:{word})\b" for word in words.split("|"))
        behind = rf"(?:\s*(?!{_AND}\b)[^\W\d]+){{0,2}}[\s'’]*(?:{name})|d['’](?:{name})|[一-鿿]{{0,4}}?(?:{name})"
        between = 6 if kind == "cost" else 3  # words
        before = rf"(?:{name})(?:[\s'’]+(?!{_AND}\b)[^\W\d]+){{0,{between}}}[\s$€£]+\d|(?:{name})[^\d，。]{{0,6}}\d"
        kinds[kind] = _Kind(re.compile(name), re.compile(rf"[\s'’]*(?:{behind})"), re.compile(before))
    return kinds


def figures_text(figures: Sequence[Figure], language: str) -> str:
    """Return figures with who gives them, ``300 (VnEconomy) / 350 (Le Monde)``, written as in a language."""
    given: dict[str, list[str]] = {}
    for figure in figures:
        article = figure.article
        given.setdefault(_written(figure, language), []).append(article.outlet or article.title)
    return " / ".join(f"{number} ({', '.join(outlets)})" for number, outlets in given.items())


def _written(figure: Figure, language: str) -> str:
    value, key = figure.value, ""
    for size, name in ((10**9, "figure_billion"), (10**6, "figure_million")):
        if value >= size and not key:
            value, key = value / size, name
    group, point = {"fr": ("\u202f", ","), "vi": (".", ",")}.get(language, (",", "."))
    number = f"{value.normalize():,f}".translate({ord(","): group, ord("."): point})
    number = message(key, language, number=number) if key else number
    unit = figure.unit or ""
    return f"{number} {unit.upper()}" if unit in _MONEY else f"{number} {unit}" if unit in _SYMBOLS else number
