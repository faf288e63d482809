"""Whether sentences of articles carry a claim, and which of them do (docs/claim-check.md).

What can be compared exactly decides alone: a number, a date or a unit that the sentences do not have, a negation that
only one side has, opposite words. The rest is weighed: names, content words, likeness of meaning.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rag.languages import HAN, SYLLABLE, query_terms, terms
from rag.names import codes, known_names, names, unmatched, without_known
from rag.polarity import lacking, negations, opposed
from rag.protocols import Encoder
from rag.quantities import Quantity, missing, quantities, without_numbers
from rag.tables import table
from rag.transliteration import unheard, unspelled
from rag.types import Span, Window

MOST_QUOTES = 3
LOOKED_AT = 4  # sentences, the likeliest by similarity and words, that are weighed in full
BAND, BAND_ACROSS = 0.1, 0.03  # below the nearness of the nearest sentence, in which others are weighed
LEAST_SIMILARITY = 0.66  # 2 in 100 true claims are less near to their sentence, 7 in 12 of a chat's phrases
LEAST_LEAD = 0.02  # by which a claim is nearer to its quotes than to any sentence, on average
WHOLE = 0.75  # of the length of its quotes: a claim as long as that leaves out no negation for brevity
PENALTY = 2.0  # in log-odds for a further sentence: what needs two to be carried may be spliced from both
_MEASURE = re.compile(r"\s?[多余来]?[名个位家场项种座]?(?=[一-鿿])")
_CHINESE = re.compile(f"[{HAN}]")
_COUNTED = re.compile(rf"\s?[{HAN}]{{2}}|\s?[^\W\d]+")

FEATURES = ("similarity", "known_missing", "spelled_missing", "unheard", "denials", "new_words")
SETS = ("same", "across", "same_read", "across_read")
"""Of weights (bench/claims.py): claim and quote in one language or two, without the reader's ``odds`` and with them."""


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
    """What is claimed, in a language; ``background`` is its mean cosine with the sentences of all hits.

    ``read`` gives the reader's log-odds, where there is a reader, that windows carry it.
    """

    text: str
    language: str
    vector: NDArray[np.float32]
    background: float
    read: Callable[[Sequence[Window]], NDArray[np.float32]]


def stated(text: str, language: str, sentences: Sequence[Sentence], encoder: Encoder) -> Statement:
    """Return a claim about hits with these sentences."""
    vector = encoder.encode_passages([text], [language])[0]
    background = float(np.mean([sentence.vector @ vector for sentence in sentences]))
    return Statement(text, language, vector, background, partial(encoder.read, "claim", text))


def support(claim: Statement, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the fewest sentences that carry a claim, at most MOST_QUOTES of one language; none where nothing does."""
    near = nearest(claim, sentences) if _told(claim.text, claim.language) else []
    for size in range(1, MOST_QUOTES + 1):
        groups = [group for group in combinations(near, size) if len({sentence.language for sentence in group}) == 1]
        best = max(groups, key=lambda group: score(claim, group), default=())
        if best and judged(claim, best) > PENALTY * (size - 1):
            return best
    return ()


def judged(claim: Statement, quoted: Sequence[Sentence]) -> float:
    """Return the log-odds that sentences carry a claim, as the reader sees it too, where there is one."""
    unread = score(claim, quoted)
    if unread == -math.inf:
        return unread
    odds = claim.read([window(quoted)])
    if not len(odds):
        return unread
    return weighed({**features(claim, quoted), "odds": float(odds[0])}, f"{_pair(claim, quoted)}_read")


def window(quoted: Sequence[Sentence]) -> Window:
    """Return what the reader reads of sentences."""
    told = sorted(quoted, key=lambda sentence: (sentence.hit, sentence.span.start))
    return Window("", (" ".join(sentence.text for sentence in told),))


def nearest(claim: Statement, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences that are worth weighing: in each language those about as near as the nearest."""
    near: list[Sentence] = []
    for language in sorted({sentence.language for sentence in sentences}):
        own = sorted((-_nearness(claim, s), place) for place, s in enumerate(sentences) if s.language == language)
        band = own[0][0] + (BAND if language == claim.language else BAND_ACROSS)
        near.extend(sentences[place] for distance, place in own[:LOOKED_AT] if distance <= band)
    return near


def score(claim: Statement, quoted: Sequence[Sentence]) -> float:
    """Return the log-odds that sentences carry a claim.

    Minus infinity where something in it is contradicted, or where they share no word of one language.
    """
    found = features(claim, quoted)
    if found["new_words"] and found["new_words"] == len(_told(claim.text, claim.language)):
        return -math.inf
    if contradicted(claim, quoted) or found["similarity"] < max(LEAST_SIMILARITY, claim.background + LEAST_LEAD):
        return -math.inf
    return weighed(found, _pair(claim, quoted))


def weighed(found: Mapping[str, float], name: str) -> float:
    """Return features as log-odds, by weights for one language or two, with the reader's odds or not: see ``SETS``."""
    weight: dict[str, float] = table("support")[name]
    return weight["intercept"] + sum(weight[feature] * value for feature, value in found.items())


def _pair(claim: Statement, quoted: Sequence[Sentence]) -> str:
    return "same" if claim.language == quoted[0].language else "across"


def contradicted(claim: Statement, quoted: Sequence[Sentence]) -> bool:
    """Tell whether a claim has a quantity or a code that is not quoted, or says the opposite of what is."""
    text, language = " ".join(sentence.text for sentence in quoted), quoted[0].language
    claimed = quantities(claim.text, claim.language, certain=True)
    found = [q for part in (text, quoted[0].context) for q in quantities(part, language)]
    if codes(claim.text) - codes(f"{text} {quoted[0].context}"):
        return True
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
    """Return what is weighed: how near the sentences are, which names are missing, how many words are new.

    Sentences of several languages are taken to be in the first one's. Between Chinese and another language names are
    compared by their sound; a Vietnamese syllable in Chinese sounds otherwise.
    """
    texts, language = [quoted[0].context, *(sentence.text for sentence in quoted)], quoted[0].language
    same = language == claim.language
    named = names(claim.text, claim.language, abroad=not same)
    unfound = unmatched(named.spelled, " ".join(texts))
    by_sound = denied = 0.0
    if same:
        missing_share = float(bool(unfound))
    else:
        missing_share = 0.0 if language == "zh" else len(unfound) / max(1, len(named.spelled))
        if language == "zh":
            by_sound = unheard((name for name in unfound if not SYLLABLE.fullmatch(name)), texts)
        elif claim.language == "zh":
            by_sound = unspelled(without_known(claim.text), texts)
        denied = abs(negations(claim.text, claim.language) - negations(" ".join(texts[1:]), language))
    return {
        "similarity": _similarity(claim, quoted),
        "known_missing": float(bool(named.known.difference(*map(known_names, texts)))),
        "spelled_missing": missing_share,
        "unheard": by_sound,
        "denials": min(2.0, denied),
        "new_words": float(len(_new(claim, texts))) if same else 0.0,
    }


def _new(claim: Statement, texts: Iterable[str]) -> frozenset[str]:
    """Return what a claim tells and texts of its own language do not."""
    return _told(claim.text, claim.language).difference(*(_parted(terms(text, claim.language)) for text in texts))


@lru_cache(4096)
def _told(text: str, language: str) -> frozenset[str]:
    return _parted(_content(text, language))


def _parted(found: Iterable[str]) -> frozenset[str]:
    """Return terms, Chinese ones as their characters: any two that stand together are a term, not a word."""
    return frozenset(part for term in found for part in (term if _CHINESE.match(term) else (term,)))


@lru_cache(4096)
def _content(text: str, language: str) -> frozenset[str]:
    found = query_terms(without_numbers(text, language), language)
    return frozenset(term for term in found if term[0] != "=" and not term[-1].isdigit())


def _nearness(claim: Statement, sentence: Sentence) -> float:
    new = len(_new(claim, [sentence.text])) if sentence.language == claim.language else 0
    return float(claim.vector @ sentence.vector) - new / max(1, len(_told(claim.text, claim.language)))


def _similarity(claim: Statement, quoted: Sequence[Sentence]) -> float:
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
