"""What a question asks beyond its subject: the question without the names that its article is about anyway.

A press article names its subject in the title and the first sentence; the sentence that answers seldom does so again.
A vector of the whole question is nearest to the sentences that repeat the names, so the sentence that answers is looked
for with what is left of the question. Measured in docs/evaluation.md.
"""

import re
from collections import Counter
from functools import lru_cache

from rag.languages import anchor, anchors, is_cjk, terms
from rag.types import Article

_CHUNK = re.compile(r"[\w’'.-]+")
_WORD = re.compile(r"\w+")


def focus(question: str, article: Article) -> str:
    """Return the question without the names that the title of an article holds or its text repeats."""
    given = anchors(question) & _subject(article)
    left, end = [], 0
    for chunk in _CHUNK.finditer(question):
        words = _WORD.findall(chunk[0])
        if words and given.issuperset(map(anchor, words)):
            left.append(question[end : chunk.start()])
            end = chunk.end()
    kept = _without_shared_characters("".join([*left, question[end:]]), article.title)
    return " ".join(kept.split())


@lru_cache(maxsize=1024)  # the articles that are asked about are few
def _subject(article: Article) -> set[str]:
    """The name and number terms of an article's title, and those that its text has more than once."""
    counts = Counter(term for term in terms(article.text, article.language) if term.startswith("="))
    titled = {term for term in terms(article.title, article.language) if term.startswith("=")}
    return titled | {term for term, count in counts.items() if count > 1}


def _without_shared_characters(question: str, title: str) -> str:
    """Leave out runs of at least two CJK characters that a title has too: Chinese writes no capitals."""
    left, start = [], 0
    while start < len(question):
        stop = start
        while stop < len(question) and is_cjk(question[stop]) and question[start : stop + 1] in title:
            stop += 1
        if stop - start < 2:
            stop = start + 1
            left.append(question[start])
        start = stop
    return "".join(left)
