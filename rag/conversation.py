"""Follow-up questions: which earlier questions one leans on, and the conversation that a later command continues.

Without a language model: a question is searched for alone and together with the questions before it, and the nearer
passage decides (``Engine.retrieve``). Words that point back, and names of its own, tip the scales.
"""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from rag.errors import StorageFull, UsageError
from rag.languages import anchors, fold, query_terms
from rag.types import Turn

TURNS_READ = 3  # earlier questions that a question can lean on
TURNS_KEPT = 20
LEANING = 0.1  # in units of Hit.dense: for a question that points back
STANDING = 0.05  # against one that does not
OWN_NAMES = 0.2  # and against one that names what no earlier question did
VERSION = 1

# Words that point back, folded: at the beginning, and anywhere. They were chosen with tests/conversations/dev.jsonl.
_POINTING = {
    "fr": r"^(?:et|mais|donc|alors|pourquoi \?)\b|\b(?:(?<!y a-t-)il(?! y a\b)|elle|ils|elles|lui|leurs?|y(?! a\b)|son|"
    r"sa|ses|(?<!est-)ce|cet(?:te)?|ces|celui-ci|celle-ci|ceux-ci|la-bas|cela|ca)\b",
    "en": r"^(?:and|but|so|then|what about|how about|why\?)\b|\b(?:it|its|he|she|they|them|their|his|her|him|this|"
    r"these|those|that(?= \w+\?|\?)|there(?=\?))\b",
    "vi": r"^(?:con|the|vay|va|tai sao\?)\b|\b(?:ong ay|ba ay|co ay|chi ay|anh ay|ong|ba|ho|no|do|day|nay|ay|kia)\b",
    "zh": r"^(?:那|还有|那么|为什么[？?])|[他她它]|那[里儿个次些]|这[里儿个次些]|[其该此]|呢[？?]?$",
}


def context_of(question: str, language: str, history: Sequence[Turn]) -> str:
    """Return the earlier questions that a question may lean on, back to one that stands alone; empty without any."""
    earlier: list[str] = []
    for turn in reversed(history[-TURNS_READ:]):
        if turn.question not in (question, *earlier):
            earlier.insert(0, turn.question)
        if not points_back(turn.question, language):
            break
    return " ".join(earlier)


def points_back(question: str, language: str) -> bool:
    """Whether the words of a question refer to something said before."""
    pattern = _POINTING.get(language)
    return pattern is not None and re.search(pattern, fold(question)) is not None


def leaning(question: str, context: str, language: str) -> float:
    """Return what speaks for reading a question with its context, to be added to the cosines found with it."""
    known = anchors(context) | set(query_terms(context, language))
    own = anchors(question) - known
    return (LEANING if points_back(question, language) else -STANDING) - OWN_NAMES * bool(own)


def load(path: Path, collection: str) -> tuple[Turn, ...]:
    """Return the turns of the last conversation with a collection. Raises UsageError where there is none."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["version"] == VERSION and stored["collection"] == collection:
            return tuple(Turn(turn["question"], turn["answer"]) for turn in stored["turns"])
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError("conversation_unreadable", path=path) from error
    raise UsageError("conversation_missing", name=collection)


def save(path: Path, collection: str, turns: Sequence[Turn]) -> None:
    """Keep the last turns of a conversation, for its owner's eyes only. Raises StorageFull."""
    kept = [{"question": turn.question, "answer": turn.answer} for turn in turns[-TURNS_KEPT:]]
    text = json.dumps({"version": VERSION, "collection": collection, "turns": kept}, ensure_ascii=False)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        partial.touch(mode=0o600)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise StorageFull("store_unwritable", path=path, reason=error.strerror, folder=path.parent) from error
