"""Fills the prompts of ``rag/prompts/``: numbered passages as data, within a budget of tokens.

What comes from articles and people cannot forge the prompt's own signs. White space becomes single spaces, so that a
passage is one line; markers such as ``[3]`` get round brackets; ``<`` and ``>`` become quotation marks, since servers
take ``<|im_end|>`` in a text for the end of the turn; invisible characters go. The line that stands before and after
the passages holds a digest of them, which no passage can know.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from rag.messages import LANGUAGES, catalogue
from rag.types import Hit, Request

Style = Literal["chat", "completion"]

NO_ANSWER = "NO_ANSWER"
"""What a model writes, and nothing else, where the passages do not hold the answer."""

MOST_PASSAGES = 6
MOST_TURNS = 4
TURN_CHARACTERS = 600  # of an earlier answer: enough to know what "it" and "they" are

_SLOT = re.compile(r"\{(\w+)\}")
_BRACKETS = re.compile(r"[\[【](/?[A-Z_]+|\s*\d[\d\s,–-]*)[\]】]")
_ANGLES = str.maketrans("<>＜＞", "‹›‹›")
_INVISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs"}
_SUPPLEMENT = range(0xE0000, 0xE1000)  # tags and variation selectors, which can carry a hidden text


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is given: ``system`` and ``user`` in chat style, else ``completion``, to go on until a ``stop``."""

    system: str = ""
    user: str = ""
    completion: str = ""
    stop: tuple[str, ...] = ()


def prompt_for(request: Request, style: Style, budget: int, count_tokens: Callable[[str], int]) -> Prompt | None:
    """Return the prompt for a request, or None for a rewriting in completion style, which base models cannot do.

    The passages are the first hits that fit, at most MOST_PASSAGES and at least the beginning of one, with their
    numbers in the request. ``budget`` bounds the tokens of the whole prompt.
    """
    if style == "completion":
        if request.task == "rewrite":
            return None
        language = request.language if request.language in LANGUAGES else "en"
        text = _fitted(_template(f"answer.completion.{language}"), request, budget, count_tokens)
        return Prompt(completion=text, stop=("\n",))
    template = _template(f"{request.task}.chat")
    if request.task == "answer":
        text = _fitted(template, request, budget, count_tokens)
    else:
        text = _filled(template, request, conversation="\n".join(_conversation(request)))
    system, _, user = text.partition("\n\n---\n\n")
    return Prompt(system, user)


def plain(text: str) -> str:
    """Return a text as one line in which nothing is a sign of a prompt or of a chat template."""
    shown = (
        c for c in " ".join(text.split()) if unicodedata.category(c) not in _INVISIBLE and ord(c) not in _SUPPLEMENT
    )
    return _BRACKETS.sub(r"(\1)", "".join(shown).translate(_ANGLES))


@cache
def _template(name: str) -> str:
    return files("rag").joinpath("prompts", f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


def _filled(template: str, request: Request, **slots: str) -> str:
    """Replace each slot once; what stands in a value is never read as a slot."""
    language = catalogue("en").get(f"language_{request.language}", request.language)
    slots |= {"question": plain(request.question), "language": language, "no_answer": NO_ANSWER}
    return _SLOT.sub(lambda slot: slots[slot[1]], template)


def _fitted(template: str, request: Request, budget: int, count_tokens: Callable[[str], int]) -> str:
    left = budget - count_tokens(_filled(template, request, passages="", boundary="0" * 16))
    lines: list[str] = []
    for number, hit in enumerate(request.hits[:MOST_PASSAGES], 1):
        line = _line(number, hit, len(hit.candidate.passage.sentences))
        if not lines:
            line = _shortened(line, hit, left, count_tokens)
        left -= count_tokens(line)
        if lines and left < 0:
            break
        lines.append(line)
    passages = "\n".join(lines)
    boundary = hashlib.sha256(passages.encode()).hexdigest()[:16]
    return _filled(template, request, passages=passages, boundary=boundary)


def _line(number: int, hit: Hit, sentences: int) -> str:
    """Return a numbered passage on one line: title, outlet and date, then its first sentences."""
    article, passage = hit.candidate.article, hit.candidate.passage
    head = " · ".join(plain(part) for part in (article.title, article.outlet, article.published) if part)
    stop = passage.stop if sentences == len(passage.sentences) else passage.sentences[sentences - 1].stop
    return f"[{number}] {head} — {plain(article.text[passage.start : stop])}"


def _shortened(line: str, hit: Hit, budget: int, count_tokens: Callable[[str], int]) -> str:
    """Return the first passage without the sentences at its end that are too many, but with one at least."""
    sentences = len(hit.candidate.passage.sentences)
    while sentences > 1 and count_tokens(line) > budget:
        sentences -= 1
        line = _line(1, hit, sentences)
    return line


def _conversation(request: Request) -> Iterator[str]:
    for turn in request.history[-MOST_TURNS:]:
        yield f"Q: {plain(turn.question)}"
        yield f"A: {plain(turn.answer)[:TURN_CHARACTERS]}"
