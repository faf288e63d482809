"""How much of a gold answer a text says, token by token, as SQuAD measures it (Rajpurkar et al., EMNLP 2016).

Tokens are words, split at punctuation, and single Chinese characters (as MLQA has them; Lewis et al., ACL 2020), after
NFKC and with case folded, without the articles of English and French.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from rag.languages import HAN

ARTICLES = frozenset(("a", "an", "the", "un", "une", "des", "du", "le", "la", "les", "l"))
_TOKEN = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")


def tokens(text: str) -> Counter[str]:
    """Return how often each token occurs; articles count where there is nothing else."""
    words = _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
    return Counter(word for word in words if word not in ARTICLES) or Counter(words)


def overlap(text: str, golds: Iterable[str]) -> tuple[float, float]:
    """Return the best F1 of a text with one of the gold answers, and the greatest share of one that it says."""
    said, best, most = tokens(text), 0.0, 0.0
    for wanted in filter(None, map(tokens, golds)):
        shared = (said & wanted).total()
        best = max(best, 2 * shared / (said.total() + wanted.total()))
        most = max(most, shared / wanted.total())
    return best, most
