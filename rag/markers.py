"""The sentences of a draft, with their markers ``[n]`` apart, and without anything that acts on a reader or a page."""

import re
import unicodedata
from itertools import pairwise

from rag.segmentation import segment
from rag.types import Article

# Repeats are bounded, so that a draft of nothing but brackets costs no more than its length.
_GROUP = r"[\[【]\s?\^?\d{1,3}(?:\s?[-–,，、;]\s?\^?\d{1,3}){0,30}\s?[\]】]"
_MARKER = re.compile(rf"\s{{0,9}}{_GROUP}")
_AT_END = re.compile(rf"(?:\s{{0,9}}{_GROUP}){{1,30}}\s{{0,9}}([.。!?]?)\s{{0,9}}$")
_LONGEST_END = 400  # characters in which markers at the end of a line are looked for
_RANGE = re.compile(r"(\d+)(?:\s?[-–]\s?\^?(\d+))?")
_OPENED = re.compile(r"[\[【][^\]】]{0,40}$")
_UNSEEN = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # variation selectors, which can carry a hidden text
_ACTIVE = (
    (re.compile(r"^\s*(?:[#>*+•-]{1,6}|\d{1,3}[.)])\s+(?=\D)|[*_`~]{2,3}|[*`]"), ""),
    (_MARKER, ""),
    (re.compile(r"!?\[([^\[\]]{0,300})\]\([^()]{0,2000}\)"), r"\1"),  # a Markdown link or image keeps its words
    (re.compile(r"<[a-zA-Z/!][^<>]{0,500}>"), ""),
    (re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]{0,20}://|(?:javascript|data|vbscript|mailto|file):(?=\S)|www\.)\S*"), ""),
    (re.compile(r"(?i)\b(?:[\w-]{1,63}\.){1,5}[a-z]{2,20}/\S*"), ""),
    (re.compile(r"\(\s{0,9}\)|\[\s{0,9}\]"), ""),
    (re.compile(r"(?<=\])(?=\()"), " "),
)


def split(line: str, language: str) -> list[str]:
    """Return the sentences of a line, each with the markers in it and behind it."""
    plain = _MARKER.sub(lambda match: " " * len(match[0]), line)
    article = Article("", "", plain, language)
    spans = [s for p in segment(article, lambda texts: [1] * len(texts), len(line) + 99) for s in p.sentences]
    return [line[a:b] for a, b in pairwise([0, *(span.start for span in spans[1:]), len(line)])]


def split_complete(line: str, language: str) -> tuple[list[str], str]:
    """Return the sentences of a line that is being written behind which another has begun, and the rest of it."""
    opened = _OPENED.search(line, max(0, len(line) - 50))  # a marker, maybe, of which the end is to come
    stop = opened.start() if opened else len(line)
    *whole, last = split(line[:stop], language)
    if not any(map(str.isalnum, last)):
        last = (whole.pop() if whole else "") + last
    return whole, last + line[stop:]


def without_end(line: str) -> tuple[str, list[int]]:
    """Return a line without the markers at its end, and their numbers; those within may be the article's own words."""
    tail = max(0, len(line) - _LONGEST_END)
    match = _AT_END.search(line[tail:])
    return (line[: tail + match.start()] + match[1], numbers(match[0])) if match else (line, [])


def numbers(text: str) -> list[int]:
    """Return the numbers in the markers of a text: 1, 2 and 3 for ``[1-3]``."""
    ranges = [(int(m[1]), int(m[2] or m[1])) for group in _MARKER.findall(text) for m in _RANGE.finditer(group)]
    return list(dict.fromkeys(number for first, last in ranges for number in range(first, last + 1)))


def harmless(text: str) -> str:
    """Return a text without markers, addresses, markup, control, invisible and direction characters, in single spaces.

    The words of a link are kept, its address is not.
    """
    if not text.isprintable():
        text = "".join(c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    text = _UNSEEN.sub("", text)
    for pattern, words in _ACTIVE:
        text = pattern.sub(words, text)
    if _MARKER.search(text):  # put together by the removal of another
        text = re.sub(r"[\[\]【】]", "", text)
    return re.sub(r" (?=[.,。])", "", " ".join(word for word in text.split() if "://" not in word))


def says_something(text: str) -> bool:
    return any(map(str.isalnum, text))
