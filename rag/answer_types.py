"""What kind of thing a question asks for, and whether a sentence holds one.

The expected answer type is an old tool of question answering (Li and Roth, "Learning question classifiers", 2002). Here
it is told by the question's own words, so it costs nothing and is silent where it cannot know.
"""

import re
from functools import lru_cache
from typing import Literal

from rag.languages import anchors, fold, query_terms
from rag.tables import table

AnswerType = Literal["person", "number", "date"]

_WORDS = table("answer_types")  # folded, but for those of names
# Tried in this order: "à qui, et quand" asks for a date.
_ASKED: dict[AnswerType, re.Pattern[str]] = {kind: re.compile(words) for kind, words in _WORDS["asked"].items()}
_NUMBER, _DATE = re.compile(_WORDS["number"]), re.compile(_WORDS["date"])
_CAPITALISED = r"[A-ZÀ-ÖØ-ÞĀ-ŽĐƠƯẠ-Ỹ][\w’'.-]*"
NAME = re.compile(rf"\b{_CAPITALISED}(?:\s+{_CAPITALISED})+")
"""Two capitalised words or more: the full name of a person, most of the time."""

# A title or an office, then a name.
_TITLED = re.compile(rf"(?:{_WORDS['title']}\b\.?,?\s+)(?P<name>{_CAPITALISED}(?:\s+{_CAPITALISED})*)")
_HAN_NAME = re.compile(_WORDS["han_name"])


@lru_cache(256)
def expected_type(question: str, language: str) -> AnswerType | None:
    """Return what a question asks for, or None where its words do not tell.

    A question made of nothing but names ("Qui est Nguyen Hanh ?") asks what there is to say, not for another name.
    """
    if set(query_terms(question, language)) <= {f"{language}:{a[1:]}" for a in anchors(question)} | anchors(question):
        return None
    plain = fold(question)
    return next((kind for kind, pattern in _ASKED.items() if pattern.search(plain)), None)


def type_strength(kind: AnswerType, sentence: str, question: str) -> float:
    """Return how surely a sentence holds a thing of a kind that the question does not hold itself: 0.0, 0.5 or 1.0."""
    if kind == "person":
        asked = _words(question)
        if any(not asked & _words(match["name"]) for match in _TITLED.finditer(sentence)):
            return 1.0
        named = any(not asked & _words(match[0]) for match in NAME.finditer(sentence))
        return 0.5 if named or _HAN_NAME.search(sentence) else 0.0
    return float(bool(mentions(kind, sentence, question)))


def mentions(kind: AnswerType, sentence: str, question: str) -> set[str]:
    """Return the things of a kind in a sentence, folded, that the question does not hold itself."""
    asked = _words(question)
    pattern, text = (NAME, sentence) if kind == "person" else (_NUMBER if kind == "number" else _DATE, fold(sentence))
    return {fold(match[0]) for match in pattern.finditer(text) if not asked & _words(match[0])}


@lru_cache(1024)  # of the question, and of the things that sentences hold
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", fold(text)))
