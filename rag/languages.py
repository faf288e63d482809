"""Which language a text is in, and the terms under which it is searched for words.

Terms carry a name space, so that words of one language never match those of another: ``fr:delegu`` is a French stem,
``zh:总领`` a pair of Chinese characters, and ``=nanning`` a name or number, which matches across languages.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from rag.tables import table
from rag.types import UNDETERMINED

# Languages of the Snowball stemmers, by ISO 639-1 code.
STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "id": "indonesian", "it": "italian", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
LONG = 200  # letters from which on a statistical classifier beats function words

_WORD = re.compile(r"[^\W\d_]+['’]?")
_SEPARATOR = r"[ .,\u00a0\u202f\u2009]"
_TOKEN = re.compile(rf"(?<!\d)\d{{1,3}}(?:{_SEPARATOR}\d{{3}})+(?!\d)|\d+(?:[.,]\d+)?|\w+")
_GROUPING = re.compile(rf"{_SEPARATOR}(?=\d{{3}}(?!\d))")
LATIN = "A-Za-zÀ-ɏḀ-ỹ"  # those of French and Vietnamese among them; a wider range takes longer to compile
HAN = "㐀-鿿"  # the range of nearly all Chinese characters in use; fine where a rare one only costs a little
_HAN = r"㐀-䶿一-鿿豈-﫿\U00020000-\U0002fa1f"
_CJK = re.compile(f"[{_HAN}぀-ヿ]+")
# Chinese runs words together; a question is cut at the words that ask and bind, which are in no article's names.
_CHINESE_GRAMMAR = re.compile("为什么|什么|怎么|怎样|如何|多少|哪[里儿个些座家位年]?|何时|何地|[谁的是了吗呢吧]")
_SCRIPTS = (
    ("ja", re.compile(r"[぀-ヿ]")),
    ("zh", re.compile(f"[{_HAN}]")),
    ("ko", re.compile(r"[가-힯ᄀ-ᇿ]")),
    ("th", re.compile(r"[฀-๿]")),
    ("el", re.compile(r"[Ͱ-Ͽ]")),
    ("he", re.compile(r"[֐-׿]")),
    ("hi", re.compile(r"[ऀ-ॿ]")),
)
# A Vietnamese syllable without its diacritics: onset, nucleus, coda.
SYLLABLE = re.compile(r"(?:ngh?|n[gh]?|[ckgpt]h|tr|gi|qu|[bcdghklmnprstvx])?[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?")
_VIETNAMESE = re.compile(r"[ạ-ỹơưđ]", re.IGNORECASE)


def fold(text: str) -> str:
    """Return the text in lower case without diacritics: ``Đà Nẵng`` becomes ``da nang``."""
    lowered = text.casefold()
    if lowered.isascii():  # most words are
        return lowered
    decomposed = unicodedata.normalize("NFKD", lowered.replace("đ", "d"))
    for mark in filter(unicodedata.combining, set(decomposed)):
        decomposed = decomposed.replace(mark, "")
    return decomposed


@cache
def function_words(language: str) -> frozenset[str]:
    """Words that carry grammar rather than meaning, question words among them; empty for a language without a list."""
    return frozenset(table("function_words").get(language, "").split())


@cache
def _votes() -> Mapping[str, Mapping[str, float]]:
    """For each function word, the languages it speaks for; a word of several languages says less for each."""
    owners: dict[str, set[str]] = {}
    for language in table("function_words"):
        for word in function_words(language):
            owners.setdefault(word, set()).add(language.removesuffix("-bare"))
    return {word: dict.fromkeys(languages, 1 / len(languages)) for word, languages in owners.items()}


def detect(text: str) -> str:
    """Return the ISO 639-1 code of the language of a text, ``und`` where nothing tells it.

    Scripts of one language decide at once. A short Latin text goes by its function words, because classifiers trained
    on documents take "ViGen là gì ?" for Italian; py3langid decides the rest.
    """
    letters = sum(char.isalpha() for char in text)
    for language, script in _SCRIPTS:
        # A character of these scripts says as much as three letters do.
        if letters and 6 * len(script.findall(text)) >= letters:
            return language
    if letters >= LONG:
        return _classify(text)
    scores = _short_scores(text)
    highest = max(scores.values(), default=0.0)
    if highest >= 0.5:
        best = tuple(sorted(language for language, score in scores.items() if score > highest - 0.01))
        return best[0] if len(best) == 1 else _classify(text, among=best)
    if len(text.split()) < 3:
        return UNDETERMINED  # a bare name belongs to no language
    return _classify(text, among=("fr", "en", "vi"))


def _short_scores(text: str) -> dict[str, float]:
    scores: dict[str, float] = {}
    for place, match in enumerate(_WORD.finditer(text)):
        word = match[0].replace("’", "'")
        bare = word.casefold().rstrip("'")
        name = place > 0 and word[0].isupper() and not text.isupper()  # its "Thi" is no Vietnamese "then"
        for form in () if name else {word.casefold(), bare}:
            for language, vote in _votes().get(form, {}).items():
                scores[language] = scores.get(language, 0.0) + vote
        if _VIETNAMESE.search(word):
            scores["vi"] = scores.get("vi", 0.0) + (0.3 if word[0].isupper() else 1.0)
        elif len(bare) > 1 and bare not in _votes():
            # Vietnamese typed without diacritics is a row of short syllables; names of any language are not counted.
            weight = 0.0 if word[0].isupper() else 0.4 if SYLLABLE.fullmatch(bare) else -0.5
            scores["vi"] = scores.get("vi", 0.0) + weight
    return scores


def _classify(text: str, among: tuple[str, ...] = ()) -> str:
    import py3langid

    ranked = [str(language) for language, _ in py3langid.rank(text[:10_000])]
    return next(language for language in ranked if not among or language in among)


def terms(text: str, language: str) -> list[str]:
    """Return the terms of a piece of an article, repeated as they occur."""
    found: list[str] = []
    for token in _tokens(text):
        found.extend(_forms(token, language))
        if token[0].isdigit() or token != token.lower():
            found.append(anchor(token))
    return found


@lru_cache(1024)  # sentences and passages of the articles that are asked about
def term_set(text: str, language: str) -> frozenset[str]:
    """Return the distinct terms of a piece of an article that may be asked about again."""
    return frozenset(terms(text, language))


@lru_cache(256)  # many parts ask for those of one question
def query_terms(text: str, language: str) -> tuple[str, ...]:
    """Return the distinct terms to search for: the words of the question's language, and names and numbers in any.

    Every content word of the question may be a name that an article writes with a capital, so each is looked for.
    """
    return tuple(dict.fromkeys(_query_terms(text, language)))


def has_query_terms(text: str, language: str) -> bool:
    """Whether there is anything in a text to search for."""
    return next(_query_terms(text, language), None) is not None


def _query_terms(text: str, language: str) -> Iterator[str]:
    for token in _tokens(text):
        if _CJK.fullmatch(token):
            for part in filter(None, _CHINESE_GRAMMAR.split(token)):
                yield from _forms(part, language)
        elif not is_function_word(token, language):
            yield from _forms(token, language)
            yield anchor(token)


@lru_cache(256)
def anchors(question: str) -> frozenset[str]:
    """Return the terms of the names and numbers in a question: what is written alike in other languages.

    A capital at the beginning says nothing, and in a text of another script every Latin word is a name.
    """
    latin = not _CJK.search(question)
    found = set()
    for number, token in enumerate(_tokens(question)):
        if _CJK.fullmatch(token):
            continue
        capital = token != token.lower() and (number > 0 or token[1:] != token[1:].lower())
        if token[0].isdigit() or capital or not latin:
            found.add(anchor(token))
    return frozenset(found)


def anchor(word: str) -> str:
    """Return the term under which a word, taken as a name or number, is found in any language."""
    return "=" + _anchor(word)


def is_cjk(text: str) -> bool:
    """Whether a text is nothing but Chinese or Japanese characters."""
    return bool(_CJK.fullmatch(text))


def is_function_word(token: str, language: str) -> bool:
    """Whether a token carries grammar rather than meaning; Vietnamese may be typed without its diacritics."""
    lowered = token.casefold()
    words = function_words(language)
    if language == "vi" and lowered.isascii():
        return lowered in _bare_vietnamese()
    return lowered in words or lowered + "'" in words


@cache
def _bare_vietnamese() -> frozenset[str]:
    """Fewer words than with diacritics: without them ``noi`` may be ``nói``, to say, or the second half of Hà Nội."""
    return frozenset(table("function_words")["vi-bare"].split())


def _tokens(text: str) -> Iterator[str]:
    """Yield words, numbers whole with their separators, and runs of CJK characters."""
    if not _CJK.search(text):
        yield from _TOKEN.findall(text)
        return
    for match in _TOKEN.finditer(text):
        token, end = match[0], 0
        for run in _CJK.finditer(token):
            if run.start() > end:
                yield token[end : run.start()]
            yield run[0]
            end = run.end()
        if end < len(token):
            yield token[end:]


def _anchor(token: str) -> str:
    """The form of a name or number that its spellings share: ``1 000``, ``1.000`` and ``1,000`` are ``1000``."""
    if token[0].isdigit():
        return _GROUPING.sub("", token).replace(",", ".")
    return fold(token)


@lru_cache(maxsize=100_000)
def _forms(token: str, language: str) -> tuple[str, ...]:
    if _CJK.fullmatch(token):
        pairs = [token[i : i + 2] for i in range(len(token) - 1)] or [token]
        return tuple(f"{language}:{pair}" for pair in pairs)
    if token[0].isdigit():
        return (f"{language}:{_anchor(token)}",)
    stemmer, word = _stemmer(language), token.casefold()
    stem = word if stemmer is None else str(stemmer.stemWord(word))
    return tuple(dict.fromkeys((f"{language}:{fold(stem)}", f"{language}:{stem}")))


@cache
def _stemmer(language: str) -> Any:
    if language not in STEMMERS:
        return None
    import Stemmer

    return Stemmer.Stemmer(STEMMERS[language])
