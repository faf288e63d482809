"""Names that Chinese writes by their sound: 牛顿 (niu dun) for Newton.

A name in Latin letters and Chinese characters are both reduced to sounds, a letter each, and compared by what it costs
to hear the one in the other. ``transliteration.json`` holds the first character of each reading, since the first level
of GB 2312 is ordered by readings, the characters that write foreign names, those of grammar, which part names, and the
Vietnamese readings of those that write Vietnamese names.
All costs were set by hand, on the half that bench/claims.py fits to.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache, lru_cache

from rag.languages import HAN, fold
from rag.tables import table

SURE = 0.1  # of a name's sounds may be wrong where it is certainly there
NEVER = 0.4  # as many are in names that are not there at all
_SHORTEST = 4  # letters; shorter names are heard everywhere
_NAME = re.compile(rf"[^\W\d_]{{{_SHORTEST},}}")
_READING = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?([a-z]*?)(ng?)?")
_LATIN = re.compile(
    r"sch|tch|ch|sh|ph|th|ng(?![aeiouy])|gh|ck|qu|ts|tz|cz|ay|ey|[cg](?=[eiy])|r(?=[aeiouy])|e$|[aeiou]+|"
    r"([bcdfgjklmnpqrstvwz])\1*|[hxy]"
)
_SPELLED = {
    "sch": "s", "tch": "C", "ch": "C", "cz": "C", "sh": "s", "ph": "p", "th": "D", "ng": "n", "gh": "", "ck": "k",
    "qu": "k", "ts": "s", "tz": "s", "x": "ks", "b": "p", "f": "p", "d": "t", "z": "s", "q": "k", "j": "J", "c": "k",
    "g": "k", "ay": "e", "ey": "i", "ou": "u", "oo": "u", "ee": "i", "ea": "i", "ie": "i", "ai": "e", "ei": "e",
    "ae": "e", "au": "o", "oa": "o", "eu": "u", "ia": "ia", "io": "io", "eo": "io", "iu": "iu", "ua": "ua", "oi": "ua",
}  # fmt: skip
# The Chinese sounds that stand for one of a name: capitals begin a syllable, "n" ends one, "Z" is the syllable er.
_HEARD = {
    "p": "P", "v": "PW", "w": "WH", "t": "T", "D": "TS", "k": "KJH", "s": "SJ", "C": "SJK", "J": "SJYRK", "l": "LZR",
    "R": "LR", "r": "LZ", "m": "MNn", "n": "NnM", "h": "HJ", "y": "Y",
}  # fmt: skip
_VOWELS = {
    "a": {"A": 0.0, "E": 0.2, "O": 0.2, "I": 0.4, "U": 0.4}, "e": {"E": 0.0, "I": 0.1, "A": 0.2, "O": 0.4, "U": 0.4},
    "i": {"I": 0.0, "E": 0.1, "A": 0.2, "U": 0.4, "O": 0.5}, "o": {"O": 0.0, "U": 0.1, "A": 0.15, "E": 0.3, "I": 0.5},
    "u": {"U": 0.0, "O": 0.1, "A": 0.15, "E": 0.3, "I": 0.3},
}  # fmt: skip
_DROPPED = {"r": 0.1, "h": 0.2, "w": 0.5, "t": 0.7, "s": 0.7, "y": 0.3, **dict.fromkeys(_VOWELS, 0.3)}
_ADDED = {"n": 0.4, "Z": 0.3, "Y": 0.1, "W": 0.4, "H": 0.6, ".": 0.0, **dict.fromkeys("AEIOU", 0.3)}
_WEIGHT = {**dict.fromkeys(_VOWELS, 0.35), "r": 0.5, "h": 0.5}
_UNREAD = 0.1  # what hearing a sound in a character without a reading costs
_INITIALS = {sound: kind for kind, sounds in {
    "P": "b p f", "T": "d t", "K": "g k", "S": "zh ch sh z c s", "J": "j q x",
    "H": "h", "L": "l", "R": "r", "M": "m", "N": "n", "W": "w", "Y": "y",
}.items() for sound in sounds.split()}  # fmt: skip
_MUTE = re.compile("[scz]i|t[ie]|[kgd]e|[fbpm]u|[szc]hi|ri")  # for a consonant without a vowel


def unheard(names: Iterable[str], texts: Iterable[str]) -> float:
    """Return how far the folded name that is heard least is from any Chinese words: 0 where all are there, to 1."""
    told = [name for name in names if _NAME.fullmatch(name) and name.isascii()]
    return max((_doubt(min(_distance(name, _sounds(text)) for text in texts)) for name in told), default=0.0)


def unspelled(text: str, others: Iterable[str]) -> float:
    """Return how far the name in a Chinese text that is spelled least is from the names in others, as unheard does."""
    known = {fold(name) for other in others for name in _NAME.findall(other) if name[0].isupper()}
    spelled = [name for name in known if name.isascii()]
    runs = re.findall(f"[{table('transliteration')['names']}]{{3,}}", text)
    return max((_doubt(min((_distance(n, _sounds(run)) for n in spelled), default=1.0)) for run in runs), default=0.0)


def _doubt(distance: float) -> float:
    return min(1.0, max(0.0, (distance - SURE) / (NEVER - SURE)))


@lru_cache(4096)
def _distance(name: str, sounds: str) -> float:
    """Return the share of a name's sounds that is not in some part of Chinese ones: their least edit distance."""
    letters = _spelling(name)
    row = [0.0] * (len(sounds) + 1)
    for letter in letters:
        cost = {sound: _cost(letter, sound) for sound in {*sounds}}
        drop = _DROPPED.get(letter, 1.0)
        new = [row[0] + drop]
        for place, sound in enumerate(sounds):
            new.append(min(row[place] + cost[sound], row[place + 1] + drop, new[-1] + _ADDED.get(sound, 1.0)))
        row = new
    return min(row) / max(1.0, sum(_WEIGHT.get(letter, 1.0) for letter in letters))


def _cost(letter: str, sound: str) -> float:
    if sound == "?":
        return _UNREAD
    return _VOWELS[letter].get(sound, 1.0) if letter in _VOWELS else float(sound not in _HEARD[letter])


def _spelling(name: str) -> str:
    return "".join(map(_letters, _LATIN.finditer(name)))


def _letters(match: re.Match[str]) -> str:
    text, following = match[0], match.string[match.end() : match.end() + 1]
    text = text[0] if match[1] else text  # doubled
    vowel = following != "" and following in "aeiouy"
    if text == "e" and not following and match.start() > 1:
        return ""
    if text in ("c", "g") and vowel and following in "eiy":
        return "s" if text == "c" else "J"
    if text in ("r", "y"):
        return {"r": "R", "y": "y"}[text] if vowel else {"r": "r", "y": "i"}[text]
    return _SPELLED.get(text, text[0] if text[0] in _VOWELS else text)


@lru_cache(4096)
def _sounds(text: str) -> str:
    """Return the sounds of the Chinese words in a text, with "|" where grammar parts them."""
    parts = re.findall(f"(?:(?![{table('transliteration')['grammar']}])[{HAN}·•])+", text)
    return "|".join("".join(_sound(character) for character in part if character not in "·•") for part in parts)


@cache
def _sound(character: str) -> str:
    reading = pinyin(character)
    if reading in ("", "er"):
        return "Z" if reading else "?"
    found = _READING.fullmatch(reading)
    initial, final, coda = found.groups("") if found else ("", "", "")
    kind = _INITIALS.get(initial, "")
    return f"{kind}." if _MUTE.fullmatch(reading) else f"{kind}{_vowel(final)}{coda[:1]}"


def _vowel(final: str) -> str:
    if final in ("ao", "iao", "ou", "o", "uo", "io"):
        return "O"
    if final in ("u", "v", "iu", "ui"):
        return "U"
    return next((vowel.upper() for vowel in "ae" if vowel in final), "I" if final else "")


@cache
def sino_vietnamese(character: str) -> list[str]:
    """Return the Vietnamese readings of a character without accents, of those that names are written with."""
    return [reading for reading, written in _sino_vietnamese().items() if character in written]


@cache
def _sino_vietnamese() -> dict[str, str]:
    return dict(entry.split(":") for entry in table("transliteration")["sino_vietnamese"].split())


@cache
def pinyin(character: str) -> str:
    """Return the reading of a character without its tone; nothing for one that is not of GB 2312's first level."""
    code = character.encode("gb2312", "ignore")
    codes, readings = _readings()
    return readings[bisect_right(codes, code) - 1] if codes[0] <= code <= b"\xd7\xf9" else ""


@cache
def _readings() -> tuple[list[bytes], list[str]]:
    pairs = [pair.split(":") for pair in table("transliteration")["readings"].split()]
    return [first.encode("gb2312") for _, first in pairs], [reading for reading, _ in pairs]


@cache
def characters(reading: str) -> str:
    """Return the characters with a reading in pinyin or Vietnamese, none of whose letters have accents."""
    codes, readings = _readings()
    own = [place for place, one in enumerate(readings) if one == reading]
    ranges = ((codes[place], codes[place + 1] if place + 1 < len(codes) else b"\xd7\xfa") for place in own)
    return "".join(_between(*bounds) for bounds in ranges) + _sino_vietnamese().get(reading, "")


def _between(first: bytes, stop: bytes) -> str:
    """Return the characters of GB 2312 with codes from the first to before ``stop``."""
    codes = range(int.from_bytes(first), int.from_bytes(stop))
    return b"".join(code.to_bytes(2) for code in codes if code & 0xFF >= 0xA1).decode("gb2312", "ignore")


@cache
def syllables(word: str) -> list[tuple[str, ...]]:
    """Return the ways to cut a word into readings of pinyin."""
    known = frozenset(_readings()[1])
    found: list[tuple[str, ...]] = [(word,)] if word in known else []
    for length in range(1, min(7, len(word))):
        if word[:length] in known:
            found += [(word[:length], *rest) for rest in syllables(word[length:])]
    return found
