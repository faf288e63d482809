"""Whether sentences of articles carry a claim, and which of them do (docs/claim-check.md).

What can be compared exactly decides alone: a number, a date or a unit that the sentences do not have, a negation that
only one side has, opposite words. The rest is weighed: names, content words, likeness of meaning.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import combinations
from typing import TYPE_CHECKING

from rag.languages import query_terms, terms
from rag.names import known_names, names, unmatched
from rag.polarity import lacking, negations, opposed
from rag.quantities import Quantity, missing, quantities, without_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rag.types import Span

MOST_QUOTES = 3
LOOKED_AT = 4  # sentences, the likeliest by similarity and words, that are weighed in full
BAND, BAND_ACROSS = 0.1, 0.03  # below the nearness of the nearest sentence, in which others are weighed
LEAST_SIMILARITY = 0.74  # 2 in 100 true claims are less near to their sentence, 9 in 10 of a chat's phrases
LEAST_LEAD = 0.02  # by which a claim is nearer to its quotes than to any sentence, on average
MOST_NEW = 0.7  # of the content words of a claim, in one language, may be new
WHOLE = 0.75  # of the length of its quotes: a claim as long as that leaves out no negation for brevity
PENALTY = 2.0  # in log-odds for a further sentence: what needs two to be carried may be spliced from both
_CHINESE = 3.0  # letters of other languages that say what one Chinese character says
_MEASURE = re.compile(r"\s?[多余来]?[名个位家场项种座]?(?=[一-鿿])")
_COUNTED = re.compile(r"\s?[㐀-鿿]{2}|\s?[^\W\d]+")

FEATURES = (
    "similarity", "lead", "anchored", "known_missing", "spelled_missing", "spelled_missing_chinese", "new_words",
    "new_share", "new_run", "negated_softly", "negation_lost",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A sentence of the hit with this index; ``context`` is the title of its article. ``vector`` has unit length."""

    hit: int
    span: Span
    text: str
    context: str
    language: str
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """What is claimed, in a language; ``background`` is its mean cosine with the sentences of all hits."""

    text: str
    language: str
    vector: NDArray[np.float32]
    background: float = 0.0


def support(claim: Statement, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the fewest sentences that carry a claim, at most MOST_QUOTES of one language; none where nothing does."""
    near = nearest(claim, sentences) if _content(claim.text, claim.language) else []
    for size in range(1, MOST_QUOTES + 1):
        groups = [group for group in combinations(near, size) if len({sentence.language for sentence in group}) == 1]
        scores = [score(claim, group) - PENALTY * (size - 1) for group in groups]
        if scores and max(scores) > 0:
            return groups[scores.index(max(scores))]
    return ()


def nearest(claim: Statement, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences that are worth weighing: in each language those about as near as the nearest."""
    near: list[Sentence] = []
    for language in sorted({sentence.language for sentence in sentences}):
        own = sorted((-_nearness(claim, s), place) for place, s in enumerate(sentences) if s.language == language)
        band = own[0][0] + (BAND if language == claim.language else BAND_ACROSS)
        near.extend(sentences[place] for distance, place in own[:LOOKED_AT] if distance <= band)
    return near


def score(claim: Statement, quoted: Sequence[Sentence]) -> float:
    """Return the log-odds that sentences carry a claim, minus infinity where something in it is contradicted."""
    if contradicted(claim, quoted):
        return -math.inf
    weighed = features(claim, quoted)
    if weighed["similarity"] < LEAST_SIMILARITY or weighed["lead"] < LEAST_LEAD or weighed["new_share"] > MOST_NEW:
        return -math.inf
    weight = weights()["same" if claim.language == quoted[0].language else "across"]
    return weight["intercept"] + sum(weight[name] * value for name, value in weighed.items())


def contradicted(claim: Statement, quoted: Sequence[Sentence]) -> bool:
    """Tell whether a claim has a quantity that is not quoted, or says the opposite of what is."""
    text, language = " ".join(sentence.text for sentence in quoted), quoted[0].language
    claimed = quantities(claim.text, claim.language, certain=True)
    found = [q for part in (text, quoted[0].context) for q in quantities(part, language)]
    if missing(claimed, found) or (language == claim.language and _counts_else(claimed, found, language)):
        return True
    denied, denying = negations(claim.text, claim.language), negations(text, language)
    if opposed(claim.text, text):
        return True
    if language != claim.language:
        return denied > 0 == negations(quoted[0].text, language) and not lacking(quoted[0].text, language)
    lost = denied < denying and len(claim.text) > WHOLE * len(text)
    return denied > denying or lost


def features(claim: Statement, quoted: Sequence[Sentence]) -> dict[str, float]:
    """Return what is weighed. Sentences of several languages are taken to be in the first one's."""
    parts = [quoted[0].context, *(sentence.text for sentence in quoted)]
    text, language = " ".join(parts[1:]), quoted[0].language
    same = language == claim.language
    named = names(claim.text, claim.language, abroad=not same)
    known = frozenset().union(*map(known_names, parts))
    unfound = len(unmatched(named.spelled, " ".join(parts)))
    new = new_words(claim, parts, language)
    similarity = _similarity(claim, quoted)
    denied, denying = negations(claim.text, claim.language), negations(text, language)
    chinese = {True: _CHINESE, False: 1.0}
    ratio = len(claim.text) * chinese[claim.language == "zh"] / (len(text) * chinese[language == "zh"])
    to_chinese = language == "zh" and not same
    anchors = len(named.known & known) + len(named.spelled) - unfound
    anchors += len(quantities(claim.text, claim.language, certain=True))  # all are quoted, else it is contradicted
    return {
        "similarity": similarity,
        "lead": similarity - claim.background,
        "anchored": math.log1p(anchors),
        "known_missing": float(bool(named.known - known)),
        "spelled_missing": float(bool(unfound) and not to_chinese),
        "spelled_missing_chinese": float(bool(unfound) and to_chinese),
        "new_words": float(len(new)),
        "new_share": len(new) / max(1, len(_content(claim.text, language))) if same else 0.0,
        "new_run": float(min(_new_run(claim.text, " ".join(parts)), 5)) if same else 0.0,
        "negated_softly": float(denied > 0 == denying),
        "negation_lost": float(denied < denying and (same or not lacking(claim.text, claim.language)))
        * min(ratio, 1.0),
    }


def new_words(claim: Statement, texts: Iterable[str], language: str) -> frozenset[str]:
    """Return the terms of a claim that texts of its own language do not have; none of another language."""
    if claim.language != language:
        return frozenset()
    return _content(claim.text, language).difference(*(_terms(text, language) for text in texts))


def _new_run(text: str, known: str) -> int:
    """Return the longest run of Chinese characters that a text does not have: a name has no capital."""
    runs = re.findall(r"[㐀-鿿]+", "".join(" " if char in known else char for char in text))
    return max(map(len, runs), default=0)


@lru_cache(4096)
def _content(text: str, language: str) -> frozenset[str]:
    found = query_terms(without_numbers(text, language), language)
    return frozenset(term for term in found if term[0] != "=" and not term[-1].isdigit())


@lru_cache(4096)
def _terms(text: str, language: str) -> frozenset[str]:
    return frozenset(terms(text, language))


def _nearness(claim: Statement, sentence: Sentence) -> float:
    new = new_words(claim, [sentence.text], sentence.language)
    return float(claim.vector @ sentence.vector) - len(new) / max(1, len(_content(claim.text, claim.language)))


def _similarity(claim: Statement, quoted: Sequence[Sentence]) -> float:
    import numpy as np

    mean = np.sum([sentence.vector for sentence in quoted], axis=0)
    return float(claim.vector @ mean / np.linalg.norm(mean))


def _counts_else(claimed: Iterable[Quantity], found: Iterable[Quantity], language: str) -> bool:
    """Tell whether a claim counts something, of which the quotes have another number: 300 viewers, of 300 delegates."""
    counted: dict[str, set[str]] = {}
    for quantity in found:
        counted.setdefault(_thing(quantity, language), set()).update(quantity.readings)
    things = ((_thing(quantity, language), quantity.readings) for quantity in claimed)
    return any(thing and thing in counted and not counted[thing] & {*readings} for thing, readings in things)


def _thing(quantity: Quantity, language: str) -> str:
    """Return the term of what is counted; nothing after a year."""
    words = _COUNTED.match(_MEASURE.sub("", quantity.after, count=1))
    if words is None or (quantity.unit is None and re.fullmatch(r"1\d{3}|20\d\d", quantity.readings[0])):
        return ""
    return next(iter(sorted(_content(words[0], language))), "")


@cache
def weights() -> dict[str, dict[str, float]]:
    """Return the weight of each feature, for claim and quote in the same language and across (bench/claims.py)."""
    found: dict[str, dict[str, float]] = json.loads(files("rag").joinpath("support.json").read_text(encoding="utf-8"))
    return found
