"""The names in a text, so that those of a claim can be looked for in the words that it cites, in another language too.

A name is known, and then has the spellings of all languages (``names.json``: countries, cities, organisations), or
it is spelled: a word with a capital, found again without its diacritics and with small changes of ending.
"""

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from rag.languages import HAN, LATIN, SYLLABLE, fold, is_function_word
from rag.tables import table

_WORD = re.compile(rf"[^\W_{HAN}]+")
_CODE = re.compile(rf"(?<![^\W_{HAN}])[^\W\d_{HAN}]+\d[^\W_{HAN}]*")
_BEGINNING = re.compile(r"(?:^|[.!?:«\"“'(])\s*$")
# English and French words that are made of others; in a title they have a capital, and languages translate them.
_DERIVED = re.compile(r"\w{4,}(?:[ts]ion|ment|ness|ship|ity|isme?|olog(?:y|ie)|tory|ional|ical|maker)s?")
# After what is only looked back at; a character that may be missing is none of it.
_LITERAL = re.compile(r"(?:\(\?<[=!](?:\[[^\]]*\]|[^()\[\]])*\))*(?P<literal>(?:[^\\\[\](){}?*+.|](?![?*]))*)")
_WRITTEN = re.compile(rf"[^\W\d_{HAN}]+(?:[ -][^\W\d_{HAN}]+)*")  # a spelling that is no pattern
_WORDS, _LEAST = 4, 4  # of a known name, typed without capitals: the most words, the fewest letters
_LIKE = 0.77  # of the letters of two spellings of a name: "Singapour", "Singapore"


@dataclass(frozen=True, slots=True)
class Names:
    """``known`` are places in the table of names, ``spelled`` folded words."""

    known: frozenset[int]
    spelled: frozenset[str]


@lru_cache(4096)
def known_names(text: str) -> frozenset[int]:
    """Return the places in the table of the names in a text."""
    return frozenset(
        place
        for place, (beginnings, pattern) in enumerate(zip(_beginnings(), _known(), strict=True))
        if any(beginning in text for beginning in beginnings) and pattern.search(text)
    )


def without_known(text: str) -> str:
    """Return a text in which a comma stands for each of its known names."""
    for place in known_names(text):
        text = _known()[place].sub(",", text)
    return text


def in_small_letters(text: str) -> bool:
    """Whether nothing but known names has a capital, the beginning aside."""
    rest = without_known(text)
    return rest[1:] == rest[1:].lower()


def spans(text: str) -> list[tuple[int, int]]:
    """Return where the known names of a text start and stop."""
    return [match.span() for place in known_names(text) for match in _known()[place].finditer(text)]


def respelled(text: str, others: Sequence[str]) -> str:
    """Return a text with its known names spelled as the first of some other texts that has them spells them."""
    for place in sorted(known_names(text)) if others else ():
        pattern = _known()[place]
        found = next((found for other in others if (found := pattern.search(other))), None)
        if found is not None and found[0] not in text:
            text = pattern.sub(f" {found[0]} ", text)
            text = " ".join(text.split())
    return text


def restored(text: str, language: str) -> str:
    """Return a text with the capitals and accents of its known names where they are left out: Trung Quốc, trung quoc.

    Where other words have capitals, only names that have some too are taken for such.
    """
    small = in_small_letters(text)
    words = list(_WORD.finditer(text))
    left, end = [], 0
    for first, word in enumerate(words):
        for last in range(min(len(words), first + _WORDS) - 1, first - 1, -1):
            typed = text[word.start() : words[last].end()]
            spellings = _written().get(_bare(typed), ())
            if spellings and word.start() >= end and (small or typed[0] != typed[0].lower()):
                left += [text[end : word.start()], _written_as(typed, spellings, language)]
                end = words[last].end()
    return "".join([*left, text[end:]])


def _written_as(typed: str, spellings: Sequence[str], language: str) -> str:
    """Return the spelling with the letters of what was typed, the first where that lacks accents, else what was typed.

    In Vietnamese, Viet Nam lacks some.
    """
    alike = [name for name in spellings if name.lower() == typed.lower()]
    bare = typed.lower() == fold(typed)
    if alike and not (bare and language == "vi"):
        return alike[0]
    return spellings[0] if bare else typed


@lru_cache(4096)
def names(text: str, language: str, *, abroad: bool) -> Names:
    """Return the names in a claim; ``abroad`` where they are to be found in a text of another language.

    Abroad, words with a capital that languages translate (University, August) are no names, and neither are fewer than
    three Vietnamese syllables in a row: Hoàng Anh Tuấn keeps his name, Bộ Giáo dục does not.
    """
    known = known_names(text)
    taken = spans(text)
    words = list(_WORD.finditer(text))
    capital = [word[0] != word[0].lower() for word in words]
    spelled = set()
    for place, word in enumerate(words):
        if not capital[place] or len(word[0]) < 2 or any(a <= word.start() < b for a, b in taken):
            continue
        run = _run(text, words, capital, place)
        odd = word[0][1:] != word[0][1:].lower()
        first = _BEGINNING.search(text, max(0, word.start() - 3), word.start()) is not None
        if first and not odd and (run == 1 or is_function_word(word[0], language)):
            continue
        folded = fold(word[0])
        if abroad and (
            {folded, folded.removesuffix("s"), folded.removesuffix("es")} & _ordinary()
            or _DERIVED.fullmatch(folded)
            or (language == "vi" and run < 3 and SYLLABLE.fullmatch(folded))
        ):
            continue
        spelled.add(folded)
    return Names(known, frozenset(spelled))


def codes(text: str) -> frozenset[str]:
    """Return the words of letters and then digits, which all languages write alike: hunter2, MBH99, G20."""
    return frozenset(fold(code) for code in _CODE.findall(text))


def unmatched(spelled: Collection[str], text: str) -> set[str]:
    """Return the spelled names that are not in a text."""
    if not spelled:
        return set()
    pool = {fold(word) for word in _WORD.findall(text)}
    return {name for name in spelled if name not in pool and not any(_alike(name, word) for word in pool)}


def _alike(name: str, word: str) -> bool:
    shorter, longer = sorted((len(name), len(word)))
    if name[0] != word[0] or not name.isalpha() or shorter < 4 or longer >= 2 * shorter:
        return False
    return name[:4] == word[:4] or difflib.SequenceMatcher(None, name, word).ratio() > _LIKE


def _run(text: str, words: list[re.Match[str]], capital: list[bool], place: int) -> int:
    """Return how many words with a capital stand in a row around one of them."""
    first = last = place
    while first and capital[first - 1] and text[words[first - 1].end() : words[first].start()] == " ":
        first -= 1
    while last + 1 < len(words) and capital[last + 1] and text[words[last].end() : words[last + 1].start()] == " ":
        last += 1
    return last - first + 1


@cache
def _known() -> tuple[re.Pattern[str], ...]:
    # Chinese has no spaces: only a Latin letter or a digit beside a name makes it another word.
    letter = f"[{LATIN}0-9]"
    return tuple(
        re.compile(f"(?<!{letter})(?:{'|'.join(spellings)})(?!{letter})") for spellings in table("names")["names"]
    )


def _bare(name: str) -> str:
    return fold(name).replace("-", " ")


@cache
def _written() -> dict[str, list[str]]:
    """How names are written, by what they are without capitals, accents and hyphens, those with accents first.

    Short names, acronyms, single Vietnamese syllables and some others are not: without capitals they are other words.
    """
    found: dict[str, list[str]] = {}
    for spelling in (spelling for spellings in table("names")["names"] for spelling in spellings):
        bare = _bare(spelling)
        if not _WRITTEN.fullmatch(spelling) or spelling == spelling.lower() or spelling == spelling.upper():
            continue
        if " " in bare or (len(bare) >= _LEAST and not SYLLABLE.fullmatch(bare)):
            found.setdefault(bare, []).append(spelling)
    for bare in table("names")["other_words"]:
        del found[bare]
    return {bare: sorted(spellings, key=str.isascii) for bare, spellings in found.items()}


@cache
def _beginnings() -> tuple[tuple[str, ...], ...]:
    """What the spellings of each name begin with: to look for that first takes .3 of the time of all patterns."""
    return tuple(tuple(map(_literal, spellings)) for spellings in table("names")["names"])


def _literal(spelling: str) -> str:
    """Return the characters that every match of a spelling's pattern begins with, which may be none."""
    begins = _LITERAL.match(spelling)
    assert begins is not None
    return begins["literal"]


@cache
def _ordinary() -> frozenset[str]:
    return frozenset(table("names")["ordinary"].split())
