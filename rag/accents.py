"""French and Vietnamese as people type them, xin chao, with their accents again: xin chào.

An encoder makes little of a question without them. Each word gets the accents that make the likeliest row of words, by
pairs of them with absolute discounting (Ney, Essen and Kneser, "On structuring probabilistic dependences", Computer
Speech and Language 1994), found by Viterbi's algorithm. ``accents_vi.json`` counts words and pairs of articles and of a
dictionary, ``accents_fr.json`` those of articles; ``python -m bench.accents`` makes them.
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from rag.languages import HAN, fold
from rag.names import spans
from rag.tables import table

LANGUAGES = ("fr", "vi")
EDGE = "."  # what stands before the first word of a part of a sentence, and after the last
DISCOUNT = 0.75  # of the count of each pair, for those that were never seen; .3 and .5 do less well
WORD = re.compile(rf"[^\W\d_{HAN}]+")
BREAK = re.compile(r"[^\w\s]|\d")  # what parts the words of a sentence
_UNSEEN = 1e-7


def accented(text: str, language: str) -> str:
    """Return a text with the accents of its words, where none has any but names that are known.

    Those names, words in capitals (AI) and words that are not the language's stay as they are. A text in a language
    whose words were not counted is returned as it is, as is one whose accents are marks of their own (NFD).
    """
    if language not in LANGUAGES or not unicodedata.is_normalized("NFC", text):
        return text
    words = list(WORD.finditer(text))
    known = spans(text)
    fixed = [any(start <= word.start() < stop for start, stop in known) for word in words]
    if any(word[0].lower() != fold(word[0]) for word, kept in zip(words, fixed, strict=True) if not kept):
        return text
    shouted = text == text.upper()
    choices = [
        [word[0].lower()]
        if kept or (len(word[0]) > 1 and word[0].isupper() and not shouted)
        else _choices(word[0], language)
        for word, kept in zip(words, fixed, strict=True)
    ]
    left, end = [], 0
    for word, found, kept in zip(words, _likeliest(text, words, choices, language), fixed, strict=True):
        left += [text[end : word.start()], word[0] if kept else _in_the_case_of(word[0], found)]
        end = word.end()
    return "".join([*left, text[end:]])


def _choices(word: str, language: str) -> Sequence[str]:
    """Return what a word without accents may be."""
    return list(_alike(word.lower(), language)) or [word.lower()]


def _in_the_case_of(typed: str, word: str) -> str:
    return "".join(new.upper() if old.isupper() else new for old, new in zip(typed, word, strict=True))


def _likeliest(text: str, words: Sequence[re.Match[str]], choices: Sequence[Sequence[str]], language: str) -> list[str]:
    """Return the choice of each word that together make the likeliest row."""
    rows: dict[str, tuple[float, list[str]]] = {EDGE: (0.0, [])}
    end = 0
    for word, chosen in zip(words, choices, strict=True):
        if BREAK.search(text, end, word.start()):
            rows = {EDGE: _best(rows, EDGE, language)}
        end = word.end()
        rows = {choice: (score, [*row, choice]) for choice in chosen for score, row in [_best(rows, choice, language)]}
    return _best(rows, EDGE, language)[1]


def _best(rows: Mapping[str, tuple[float, list[str]]], word: str, language: str) -> tuple[float, list[str]]:
    """Return the best of rows, by their last words, with this word after it, without it."""
    return max((score + _log_probability(before, word, language), row) for before, (score, row) in rows.items())


@lru_cache(1 << 16)
def _log_probability(before: str, word: str, language: str) -> float:
    """Of a word after another."""
    alone = _alike(fold(word), language).get(word, 0) / table(f"accents_{language}")["total"] + _UNSEEN
    after, total = _after(before, language)
    if not after:
        return math.log(alone)
    return math.log((max(after.get(word, 0) - DISCOUNT, 0.0) + DISCOUNT * len(after) * alone) / total)


@lru_cache(4096)
def _alike(bare: str, language: str) -> Mapping[str, int]:
    """How often each of the words occurs that are the same without accents."""
    return dict(_counted(table(f"accents_{language}")["words"].get(bare, "")))


@lru_cache(4096)
def _after(word: str, language: str) -> tuple[Mapping[str, int], int]:
    """How often each word comes after another, and all of them together."""
    after = dict(_counted(table(f"accents_{language}")["pairs"].get(word, "")))
    return after, sum(after.values())


def _counted(stored: str) -> Iterator[tuple[str, int]]:
    """Read words with their counts: "là 12 lá 3"."""
    parts = stored.split()
    return zip(parts[::2], map(int, parts[1::2]), strict=True)
