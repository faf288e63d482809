"""Whether a text says the opposite of another: a negation that only one of them has, or opposite words."""

import re
from functools import cache, lru_cache

from rag.languages import LATIN
from rag.tables import table


def negations(text: str, language: str) -> int:
    """Return how often a text denies something; "not only" and its like do not. None for a language without a list."""
    pattern = _patterns("negations").get(language)
    return len(pattern.findall(text)) if pattern else 0


def lacking(text: str, language: str) -> bool:
    """Tell whether a text has a word that can stand for a negation: to lack, to refuse, impossible."""
    pattern = _patterns("lacks").get(language)
    return pattern is not None and pattern.search(text) is not None


def opposed(text: str, other: str) -> bool:
    """Tell whether a text has a word, such as "more than", of which the other has only an opposite, "fewer than".

    Also where both have as many words of a contrast, but not the same: west and west, of west and east.
    """
    theirs = _sides(other)
    return any(_against(own, theirs[name]) for name, own in _sides(text).items() if any(own))


def _against(own: tuple[int, ...], theirs: tuple[int, ...]) -> bool:
    apart = not any(mine and yours for mine, yours in zip(own, theirs, strict=True))
    return any(theirs) and (apart or (own != theirs and sum(own) == sum(theirs)))


@lru_cache(4096)
def _sides(text: str) -> dict[str, tuple[int, ...]]:
    return {name: tuple(len(pattern.findall(text)) for pattern in patterns) for name, patterns in _contrasts().items()}


@cache
def _contrasts() -> dict[str, list[re.Pattern[str]]]:
    letter = f"[{LATIN}0-9]"
    return {
        name: [re.compile(f"(?<!{letter})(?:{words})(?!{letter})", re.IGNORECASE) for words in sides]
        for name, sides in table("polarity")["contrasts"].items()
    }


@cache
def _patterns(kind: str) -> dict[str, re.Pattern[str]]:
    return {language: re.compile(words, re.IGNORECASE) for language, words in table("polarity")[kind].items()}
