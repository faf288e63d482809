"""One story in many outlets, and in many versions: of each, a question finds one article.

Articles tell one story where their words are mostly the same and they came out within weeks of each other. In two
outlets they are copies. In one, or at one address, the later is a new version of the earlier, and so is one that says
of itself that it corrects another. What is the same but for a number in the words that answer is no copy: it says
something else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

from rag.days import days_between, is_later
from rag.quantities import missing, quantities
from rag.signatures import Likeness, likenesses
from rag.types import Article, Hit

ALIKE = 0.5  # of the shingles of both; to change one word in thirty leaves .7
CUT_SHORT, KEPT = 0.25, 0.8  # or of those of both, and of those of the shorter
VERSION = 0.7  # in one outlet: a report that fills in the same form every day has less in common
DAYS = 30  # within which a story is printed
LOOKED_AT = 50  # articles, best first: far more than are shown, and their pairs grow by the square
NEAR = 0.05  # in score: of articles as near as this to the best of their story, the longest is shown

_WORDS = (
    r"corrected|corrections?|erratum|updated?|rectificatif|corrigé|mise à jour|đính chính|cải chính|cập nhật|"
    r"更正|修正|更新"
)
_MARK = re.compile(rf"(?:^|[\[(【（])\s*(?:{_WORDS})\s*(?:[\])】）:：]|\s[-–—|]\s)", re.IGNORECASE | re.MULTILINE)


def one_a_story(hits: Sequence[Hit]) -> list[Hit]:
    """Return hits, best first, less those of copies and of earlier versions, which those that stay name."""
    firsts: dict[str, Hit] = {}
    for hit in hits:
        firsts.setdefault(hit.candidate.article.id, hit)
    best = list(firsts.values())[:LOOKED_AT]  # of each article
    shown: dict[str, Hit] = {}
    hidden: set[str] = set()
    for story in _stories(best):
        told, copies = _told([best[place] for place in story])
        shown[told.candidate.article.id] = told
        hidden |= {article.id for article in told.replaces}
        hidden |= {hit.candidate.article.id for hit in copies} - {*shown}
    return [_naming(hit, shown) for hit in hits if hit.candidate.article.id not in hidden]


def _naming(hit: Hit, shown: Mapping[str, Hit]) -> Hit:
    told = shown.get(hit.candidate.article.id)
    return replace(hit, also=told.also, replaces=told.replaces) if told else hit


def _stories(best: Sequence[Hit]) -> list[list[int]]:
    """Return the places of hits that tell one story, of each story that two or more tell, in order."""
    first = list(range(len(best)))  # of the group of each place, or nearer to it: a disjoint-set forest

    def root(place: int) -> int:
        while first[place] != place:
            first[place] = place = first[first[place]]
        return place

    for (one, other), alike in likenesses([hit.candidate.signature for hit in best], CUT_SHORT).items():
        low, high = sorted((root(one), root(other)))
        if low != high and _tell_one_story(best[one].candidate.article, best[other].candidate.article, alike):
            first[high] = low
    groups: dict[int, list[int]] = {}
    for place in range(len(best)):
        groups.setdefault(root(place), []).append(place)
    return [places for places in groups.values() if len(places) > 1]


def _told(story: Sequence[Hit]) -> tuple[Hit, list[Hit]]:
    """Return the hit that stands for a story, best first, with the articles that it stands for; and its copies."""
    articles = [hit.candidate.article for hit in story]
    outlets, addresses = {_outlet(a) for a in articles}, [a.url for a in articles if a.url is not None]
    apart = len(outlets) == len(articles) and len({*addresses}) == len(addresses)
    versions = () if apart and not any(map(is_correction, articles)) else articles  # else none replaces another
    old = [article for article in versions if any(replaces(other, article) for other in versions)]
    current = [hit for hit in story if hit.candidate.article not in old]
    assert current, "an article replaces only earlier ones"
    near = [hit for hit in current if hit.score >= current[0].score - NEAR]
    best = max(near, key=lambda hit: len(hit.candidate.article.text))
    copies = [hit for hit in story if hit is not best and _says_the_same(hit, best)]
    others = [hit.candidate.article for hit in copies if hit.candidate.article not in old]
    elsewhere = {_outlet(article): article for article in reversed(others)}
    elsewhere.pop(_outlet(best.candidate.article), None)
    return replace(best, also=tuple(reversed(elsewhere.values())), replaces=tuple(old)), copies


def _tell_one_story(one: Article, other: Article, alike: Likeness) -> bool:
    if alike.resemblance < ALIKE and alike.containment < KEPT:
        return False
    if _same_address(one, other) or is_correction(one) != is_correction(other):
        return True
    if one.published and other.published and days_between(one.published, other.published) > DAYS:
        return False
    return alike.resemblance >= VERSION or _outlet(one) != _outlet(other)


def replaces(new: Article, old: Article) -> bool:
    """Whether one article of a story is a later version of another."""
    corrects = is_correction(new) and not is_correction(old) and not is_later(old.published, new.published)
    one_place = _same_address(new, old) or _outlet(new) == _outlet(old)
    return corrects or (one_place and is_later(new.published, old.published))


def is_correction(article: Article) -> bool:
    """Whether an article says, in its title or at the beginning of a line, that it corrects an earlier one."""
    return _is_marked(article.title) or _is_marked(article.text)


@lru_cache(4 * LOOKED_AT)  # each of a question's articles is held against all others; more would only keep texts
def _is_marked(text: str) -> bool:
    return _MARK.search(text) is not None


def _says_the_same(copy: Hit, shown: Hit) -> bool:
    """Whether the numbers of the sentence of a copy that is nearest to the question stand in the article shown."""
    candidate, article = copy.candidate, shown.candidate.article
    nearest = max(zip(copy.sentence_scores, candidate.passage.sentences, strict=True), key=lambda pair: pair[0])[1]
    claimed = quantities(nearest.of(candidate.article.text), candidate.article.language, certain=True)
    return not claimed or not missing(claimed, quantities(article.text, article.language))


def _same_address(one: Article, other: Article) -> bool:
    return one.url is not None and one.url == other.url


def _outlet(article: Article) -> str:
    """Return whose article it is, as far as can be told."""
    return (article.outlet or (_host(article.url) if article.url else None) or article.id).casefold()


@lru_cache(4096)
def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
