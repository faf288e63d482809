"""Names in a question, spelled as articles spell them: Lê Bá Tiệp or 黎伯捷 where they have Le Ba Tiep.

An encoder finds little in common between the spellings of a name. Those with the same letters, but for accents, are
the same name; Chinese characters have the letters of their Vietnamese readings, or of pinyin.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

from rag.languages import HAN, fold
from rag.names import in_small_letters, respelled
from rag.transliteration import characters, pinyin, sino_vietnamese, syllables

LONGEST = 5  # words, or Chinese characters, of a name
_LEAST = 5  # letters of a name in Chinese characters: many words sound like shorter ones
_LEAST_SMALL = 4  # letters of a name of one word in small letters
_WORD = re.compile(rf"[^\W_{HAN}]+")
_CHARACTERS = re.compile(f"[{HAN}]{{2,}}")


def as_spelled(text: str, others: Sequence[str], abroad: Sequence[str] = ()) -> str:
    """Return a text with each name spelled as the first of some others that has it, unless one has it as it is.

    A name is words with a capital in a row, or Chinese characters. One word alone is none at the beginning, where all
    words have a capital. Where none but known names has one, any words may be a name, if a text has them with capitals
    only. Names that are known, such as those of countries, are spelled as texts ``abroad``, in other languages, do.
    """
    text = respelled(text, abroad)
    left, end = [], 0
    for start, stop in sorted(_spans(text), key=lambda span: (span[0], -span[1])):
        name = text[start:stop]
        if start >= end and (found := _spelled(name, others)) is not None:
            left += [text[end:start], found if found == name or name[0] < HAN[0] else f" {found} "]
            end = stop
    return " ".join("".join([*left, text[end:]]).split()) if left else text


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where what may be a name starts and stops."""
    small = in_small_letters(text)
    for run in _runs(text, small=small):
        for first, word in enumerate(run):
            for last in range(first + (word.start() == 0 and not small), min(len(run), first + LONGEST)):
                if not small or last > first or word.end() - word.start() >= _LEAST_SMALL:
                    yield word.start(), run[last].end()
    for match in _CHARACTERS.finditer(text):
        for start in range(match.start(), match.end() - 1):
            for stop in range(start + 2, min(match.end(), start + LONGEST) + 1):
                yield start, stop


def _runs(text: str, *, small: bool) -> list[list[re.Match[str]]]:
    """Return the words with a capital, or all of a text in small letters, those together that one space parts."""
    runs: list[list[re.Match[str]]] = []
    for word in _WORD.finditer(text):
        if not small and word[0] == word[0].lower():
            continue
        if runs and text[runs[-1][-1].end() : word.start()] == " ":
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _spelled(name: str, others: Sequence[str]) -> str | None:
    """Return a name if a text has it, else how the first does that has it in another spelling; None if none has."""
    if any(name in other for other in others):
        return name
    keys = _letters_of(name)
    for other in others:
        for key in keys:
            if found := _with_letters(key, other):
                return found
        if _has_characters(other) and (pattern := _in_characters(name)) and (match := pattern.search(other)):
            return match[0]
    return None


@lru_cache(1024)
def _letters_of(name: str) -> list[str]:
    """Return the letters of a name without accents and spaces; of Chinese characters, of their readings."""
    if name[0] < HAN[0]:
        return [fold(name).replace(" ", "")]
    readings = [list(map(sino_vietnamese, name)), [[pinyin(character)] for character in name]]
    keys = ("".join(letters) for own in readings if all(map(all, own)) for letters in product(*own))
    return [key for key in keys if len(key) >= _LEAST]


def _with_letters(key: str, text: str) -> str | None:
    """Return the words with a capital in a row that have just these letters."""
    letters, places, words = _letters(text)
    at = letters.find(key)
    while at >= 0:
        first, after = places.get(at), places.get(at + len(key))
        if first is not None and after is not None and all(word[0].isupper() for word in words[first:after]):
            return " ".join(words[first:after])
        at = letters.find(key, at + 1)
    return None


@lru_cache(256)  # each name is looked for in the same texts
def _has_characters(text: str) -> bool:
    return _CHARACTERS.search(text) is not None


@lru_cache(256)
def _letters(text: str) -> tuple[str, dict[int, int], list[str]]:
    """Return all letters of a text in a row, which word begins at which of them, and the words."""
    words = _WORD.findall(text)
    folded = list(map(fold, words))
    places, length = {}, 0
    for number, word in enumerate(folded):
        places[length] = number
        length += len(word)
    return "".join(folded), {**places, length: len(words)}, words


@lru_cache(1024)
def _in_characters(name: str) -> re.Pattern[str] | None:
    """Return a pattern of the Chinese characters that a name in Latin letters may be written with."""
    words = fold(name).split() if name[0] < HAN[0] else []
    written = [list(map(characters, words))] if len(words) > 1 else []
    spelled = product(*map(syllables, words))
    written += [list(map(characters, parts)) for own in spelled if 1 < len(parts := sum(own, ())) <= LONGEST]
    patterns = ["".join(f"[{one}]" for one in own) for own in written if all(own)]
    return re.compile("|".join(patterns)) if patterns else None
