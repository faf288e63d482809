"""What of a web page is its article: menus, notices, comments and teasers go, the part around the headline stays.

trafilatura judges a page as a whole, and on short articles, live blogs and pages full of teasers it takes too much or
too little. So what is unmistakable goes before it looks, and it looks only where the headline and most prose stand.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from rag.articles import dates
from rag.articles.blocks import HEADINGS, Block, blocks
from rag.articles.normalisation import normalise_line
from rag.tables import table
from rag.types import Reason, Removed

_WORDS = table("articles/boilerplate")
_TAGS, _ROLES = frozenset(_WORDS["tags"].split()), frozenset(_WORDS["roles"].split())
_NAMES = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(_WORDS['names'])})(?![a-z0-9])")  # of classes and ids
_AFTER = re.compile("|".join(_WORDS["after"]), re.IGNORECASE)  # headings of comments and of other articles
_COMMENTS = re.compile(r"(?<![a-z])(?:comments?|disqus|respond|binh-?luan|replies)(?![a-z0-9])")
_SIGNATURE = re.compile(
    r"(?<![a-z0-9])(?:by-?line|signature|author|auteur|entry-meta|post-meta|editor|zeren)(?![a-z0-9])"
)
_CAPTION = re.compile(r"(?<![a-z0-9])(?:wp-)?(?:caption|legende|chu-?thich)(?:-text)?(?![a-z0-9])|caption$")
_LEAD = re.compile(
    r"(?<![a-z0-9])(?:stand-?first|sapo|chapo|chapeau|lead|lede|deck|dek|intro|summary|abstract|sub-?title|desc|description"
    r"|zhaiyao|daoyu)(?![a-z0-9])"
)
_PUBLISHED = re.compile(
    r"publi|posted|updated|mis\s+(?:à|en)|modifié|last|ngày|đăng|cập\s+nhật|thứ|chủ\s+nhật|发布|发表|更新|时间",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\d{1,2}\s?[:.hH时]\s?\d\d(?:\s?[ap]\.?m\.?)?", re.IGNORECASE)  # as live blogs print it
_HEAD = 3  # blocks behind the first paragraph, which may be a lead, among which a dateline may stand
_DATELINE = 100  # characters
_DAY = 10  # characters of a date that names a day
_HEADING = 60  # characters of one that ends an article
_TEASER = 600  # characters; a headline that links elsewhere, and its summary
_LINK = 15  # characters of a link that may be a headline
_SIGNED = re.compile(r"text-align\s*:\s*right")  # as Vietnamese papers do
_SHORT = 200  # characters that a byline has at most, and a third of those of a caption
_SENTENCE = re.compile(r"[.!?…。！？]['\"»”’」』)）\]]*$")
_PROSE = 40  # bytes that a sentence has at least
_NAME = 500  # characters of an element's class and id that are looked at
_MAIN = 0.6  # of a page's prose, which the article has at least


@dataclass(frozen=True, slots=True)
class Parted:
    """The blocks of a page's article, its printed headline, what stands between the two, and what was taken out."""

    article: tuple[Block, ...]
    headline: str | None
    between: tuple[Block, ...]
    removed: tuple[Removed, ...]


def part(page: Any, title: str | None) -> Parted:
    """Part the article of a page from the rest. The page, which is called ``title``, is changed."""
    from lxml import etree

    etree.strip_elements(page, "head", "script", "style", "template", with_tail=False)
    headline = _headline(page, title)
    above = {page, page.find("body"), *([headline, *headline.iterancestors()] if headline is not None else [])}
    prose = _prose(page)
    removed = [item for element in [*_marked(page, prose, above)] for item in _taken_out(element)]
    removed += [item for element in [*_teasers(page, prose, above)] for item in _taken_out(element)]
    prose = _prose(page)
    scope = headline.getparent() if headline is not None else page
    while scope is not page and (scope.tag == "header" or prose[scope] < _MAIN * prose[page]):
        scope = scope.getparent()
    found = list(blocks(scope))
    start = next((i + 1 for i, block in enumerate(found) if block.element is headline), 0)
    after = found[start:]
    kept = _kept(after, _judged(scope))
    article = tuple(block for block, keep in zip(after, kept, strict=True) if keep)
    rest = [*found[: max(start - 1, 0)], *(block for block, keep in zip(after, kept, strict=True) if not keep)]
    told = None if headline is None else normalise_line(headline.text_content())
    between = tuple(takewhile(lambda block: not _is_prose(block) or is_dateline(block), after))
    return Parted(article, told, between, (*removed, *(Removed(b.text, "boilerplate") for b in rest)))


def _judged(scope: Any) -> set[str]:
    """Return the blocks that trafilatura takes for the article, without white space."""
    from trafilatura import bare_extraction

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it cannot do is seen from what it returns
    try:
        document = bare_extraction(scope, include_comments=False, with_metadata=False)
    except Exception:  # noqa: BLE001 - whatever a strange page makes it raise, the page can be read without its judgement
        document = None
    if document is None:
        return set()
    return {_squeezed(block.text) for block in blocks(document.body)}


def _kept(found: Sequence[Block], judged: set[str]) -> list[bool]:
    """Tell which blocks are the article's.

    They are those that trafilatura takes, in the order of the page, and what it leaves out among them: prose beside
    them, items of lists, the lead before the first, the headings above. Where it takes none, they are the prose.
    """
    taken = [_squeezed(block.text) in judged for block in found]
    if not any(taken):
        taken = [_is_prose(block) for block in found]
    first = next((i for i, take in enumerate(taken) if take and _is_prose(found[i])), 0)
    last = max((i for i, take in enumerate(taken) if take), default=0)
    beside = {block.element.getparent() for block, take in zip(found, taken, strict=True) if take}
    kept = [
        take
        or (_is_prose(block) and (i < first or block.element.getparent() in beside))
        or (block.element.tag == "li" and first < i < last and not block.linked)
        or (i < first and _is_lead(block))
        for i, (block, take) in enumerate(zip(found, taken, strict=True))
    ]
    for i in range(len(found) - 2, -1, -1):
        kept[i] = kept[i] or (found[i].element.tag in HEADINGS and kept[i + 1])
    end = _end(found, kept)
    return [
        keep and i < end and not (i <= first + _HEAD and is_dateline(block)) and not _CLOCK.fullmatch(block.text)
        for i, (block, keep) in enumerate(zip(found, kept, strict=True))
    ]


def _end(found: Sequence[Block], kept: Sequence[bool]) -> int:
    """Return where a heading in the second half of what is kept says that comments or other articles follow."""
    lengths = [len(block.text) if keep else 0 for block, keep in zip(found, kept, strict=True)]
    read, whole = 0, sum(lengths)
    for i, block in enumerate(found):
        if 2 * read > whole and len(block.text) <= _HEADING and _AFTER.fullmatch(block.text):
            return i
        read += lengths[i]
    return len(found)


def is_dateline(block: Block) -> bool:
    """Tell whether a short block says when the article was published: it names a day, and is no other sentence."""
    text = block.text
    if len(text) > _DATELINE or len(dates.parse(text) or "") != _DAY:
        return False
    return not _is_prose(block) or _PUBLISHED.match(text) is not None


def _is_lead(block: Block) -> bool:
    named = any(_LEAD.search(_names(element)) for element in (block.element, block.element.getparent()))
    return named and len(block.text.encode()) >= _PROSE and not block.linked


def _headline(page: Any, title: str | None) -> Any:
    """The element with the page's headline: the longest of level 1, else the first that the title begins with."""
    marked = [h for h in page.iter("h1") if h.text_content().strip()]
    if marked:
        return max(marked, key=lambda h: len(h.text_content()))
    begins = (block for block in blocks(page) if len(block.text) >= _LINK and (title or "").startswith(block.text))
    return next((block.element for block in begins if block.element is not page), None)


def _prose(page: Any) -> Counter[Any]:
    """Count for each element the characters of the sentences in it that are not links."""
    found: Counter[Any] = Counter()
    for block in blocks(page):
        if _is_prose(block):
            found[block.element] += len(block.text) - block.linked
    return _summed(page, found)


def _summed(page: Any, found: Counter[Any]) -> Counter[Any]:
    """Add to each element what its descendants have."""
    for element in reversed(list(page.iter())):
        if (parent := element.getparent()) is not None:
            found[parent] += found[element]
    return found


def _is_prose(block: Block) -> bool:
    return (
        len(block.text.encode()) >= _PROSE
        and 2 * block.linked < len(block.text)
        and _SENTENCE.search(block.text, max(0, len(block.text) - 10)) is not None
    )


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _marked(page: Any, prose: Counter[Any], above: set[Any]) -> Iterator[Any]:
    """Yield what its tag, role or name says to be no part of the article, unless most of the prose is in it."""
    for element in page.iter():
        if element in above or not isinstance(element.tag, str):
            continue
        names = _names(element)
        share = prose[element] / (prose[page] or 1)
        if element.tag in _TAGS or element.get("role", "").lower() in _ROLES or element.get("hidden") is not None:
            unwanted = share < _MAIN
        elif _NAMES.search(names):
            unwanted = share < (1 if _COMMENTS.search(names) else 0.5) and element.get("itemprop") != "articleBody"
        else:
            signed = _SIGNATURE.search(names) or element.tag == "address" or _SIGNED.search(element.get("style", ""))
            captioned = element.tag == "figcaption" or _CAPTION.search(names)
            short = len(element.text_content()) <= _SHORT * (3 if captioned else 1)
            unwanted = bool(signed or captioned) and short
        if unwanted:
            yield element


def _teasers(page: Any, prose: Counter[Any], above: set[Any]) -> Iterator[Any]:
    """Yield what is short and begins with a line that is a link to somewhere else: headlines of other articles."""
    first: dict[Any, Block] = {}
    length: Counter[Any] = Counter()
    found = list(blocks(page))
    for block in found:
        length[block.element] += len(block.text)
    _summed(page, length)
    for block in found:
        element = block.element
        while element is not None and element not in first:
            first[element] = block
            element = element.getparent()
    for block in found:
        if block.linked < len(block.text) or len(block.text) < _LINK or block.element in above or _stays(block.element):
            continue
        teaser = block.element
        while (
            (parent := teaser.getparent()) is not None
            and parent not in above
            and first[parent] is block
            and length[parent] <= _TEASER
            and prose[parent] <= prose[page] / 2
        ):
            teaser = parent
        yield teaser


def _stays(element: Any) -> bool:
    """Tell whether the links in an element lead to a place on the page."""
    return all(link.get("href", "").startswith("#") for link in element.iter("a"))


def _taken_out(element: Any) -> list[Removed]:
    """Take an element out of its page, leaving the text after it; return what it said."""
    if element.getparent() is None:
        return []
    reason: Reason = (
        "caption" if element.tag in ("figcaption", "figure") or _CAPTION.search(_names(element)) else "boilerplate"
    )
    found = [Removed(block.text, reason) for block in blocks(element)]
    element.drop_tree()
    return found


def _names(element: Any) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"[:_NAME].lower()
