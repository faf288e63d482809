"""Sentences made false in one place, and sentences said otherwise, in English, Vietnamese and Chinese."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection, Sequence

    Falsify = Callable[[str, str, Sequence[str], Collection[str], random.Random], str | None]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_YEAR = re.compile(r"1\d{3}|20[0-2]\d")
_CAPITALISED = re.compile(r"(?<=[\w,;:(“\"] )[A-ZĐ][\w’'-]+(?: (?:(?:of|de|van|the) )?[A-ZĐ][\w’'-]+)*")
_CHINESE_NAME = re.compile(
    r"(?!.*[的是在了和或与年月日个〇零一二两三四五六七八九十百千万亿])(?:[一-鿿·]{2,10}|[A-Z][\w .'-]+)"
)
_DENY = {
    "en": (
        r"\b(is|are|was|were|has|have|had|can|could|will|would|may|might|did|does)\b(?! (?:not|only|just|merely))",
        r"\1 not",
    ),
    "vi": (r"(?<!không )\b(là|được|bị|đã|có|sẽ|phải)\b", r"không \1"),
    "zh": (r"(?<!不)(?<!没)(是|被|可以|能够|会|有(?!关|些|的))", r"不\1"),
}  # fmt: skip
FALSIFIED = tuple(_DENY)
_ADMIT = {
    "en": (r"\b(is|are|was|were|has|have|had|can|could|will|would|may|did|does|do) ?not\b(?! only)", r"\1"),
    "vi": (r"\bkhông (?:phải )?(?=là|được|bị|có|phải|thể|còn)", ""),
    "zh": (r"没有(?=被)|不(?=是|会|能|可|再|需|存)", ""),
}
_VIETNAMESE = {"không là": "không phải là", "không đã": "đã không", "không sẽ": "sẽ không"}
_CHINESE = {"不有": "没有", "不被": "没有被"}
_JOINTS = {
    "en": r"\s(?:with|by|in|from|for|to|of|at|on|between|as|that|which)\s",
    "vi": r"\s(?:với|bởi|ở|tại|từ|cho|của|trong|vào|để|như)\s",
    "zh": r"，|(?<=[一-鿿])(?:与|在|由|从|为|和|对)",
}
_OPPOSITES = {
    "en": ("increased/decreased before/after largest/smallest more_than/less_than north/south east/west won/lost "
           "highest/lowest supported/opposed began/ended public/private male/female"),
    "vi": ("tăng/giảm trước/sau lớn_nhất/nhỏ_nhất hơn/dưới bắc/nam đông/tây cao_nhất/thấp_nhất ủng_hộ/phản_đối "
           "bắt_đầu/kết_thúc công_lập/tư_thục"),
    "zh": "增加/减少 之前/之后 最大/最小 超过/不到 北部/南部 东部/西部 最高/最低 支持/反对 开始/结束 公立/私立",
}  # fmt: skip
_SMALL = ("", "", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_LEADING = re.compile(
    r"((?:In|On|At|By|After|During|Since|For|Under|Vào|Trong|Năm|Sau|Theo|Ở|Tại|Từ)\s[^,]{3,60}), (.+?)(\.?)"
)


def rewritten(text: str, language: str) -> str | None:
    """Return a sentence that says the same or less in another order, or None where there is none."""
    if language not in FALSIFIED:
        return None
    new = re.sub(r"\s*[(（][^()（）]*[)）]", "", text)
    comma = "，" if language == "zh" else ", "
    if language == "en":
        new = re.sub(r"(?<![\d.,:$-])\b([2-9]|1[0-2])\b(?![.,:%-]?\d)(?! ?[A-Z°%])", lambda m: _SMALL[int(m[1])], new)
    if leading := _LEADING.fullmatch(new):
        first, rest, stop = leading.groups()
        new = f"{rest[0].upper()}{rest[1:]} {first[0].lower()}{first[1:]}{stop}"
    elif new.count(comma) > 1:
        new = new.rpartition(comma)[0] + ("。" if language == "zh" else ".")
    return new if new != text else None


def number(
    text: str, _language: str, others: Sequence[str], _answers: Collection[str], chance: random.Random
) -> str | None:
    return _renumbered(text, others, chance, years=False)


def date(
    text: str, _language: str, others: Sequence[str], _answers: Collection[str], chance: random.Random
) -> str | None:
    return _renumbered(text, others, chance, years=True)


def _renumbered(text: str, others: Sequence[str], chance: random.Random, *, years: bool) -> str | None:
    """Put another number in a sentence: every other time one of the same article, else one with another digit."""
    own = [match for match in _NUMBER.finditer(text) if bool(_YEAR.fullmatch(match[0])) == years]
    if not own:
        return None
    old = chance.choice(own)
    found = {n for other in others for n in _NUMBER.findall(other) if n not in text}
    pool = sorted(n for n in found if bool(_YEAR.fullmatch(n)) == years)
    if pool and chance.random() < 0.5:
        new = chance.choice(pool)
    else:
        place = chance.choice([place for place, char in enumerate(old[0]) if char.isdigit()])
        new = old[0][:place] + chance.choice([d for d in "123456789" if d != old[0][place]]) + old[0][place + 1 :]
    return f"{text[: old.start()]}{new}{text[old.end() :]}"


def name(
    text: str, language: str, others: Sequence[str], answers: Collection[str], chance: random.Random
) -> str | None:
    """Put another name of the same article in a sentence; Chinese names are those that a question asked for."""
    if language == "zh":
        known = sorted(answer for answer in answers if _CHINESE_NAME.fullmatch(answer))
        own = [found for found in known if found in text]
        pool = [found for found in known if found not in text and not any({*found} & {*other} for other in own)]
    else:
        own = [found for found in _CAPITALISED.findall(text) if len(found) > 3]
        pool = [n for o in others for n in _CAPITALISED.findall(o) if len(n) > 3 and n.split()[0] not in text]
    return text.replace(chance.choice(own), chance.choice(pool), 1) if own and pool else None


def negation(text: str, language: str, _o: Sequence[str], _a: Collection[str], _chance: random.Random) -> str | None:
    """Take a negation out of a sentence, else put one in."""
    for pattern, new in (_ADMIT[language], _DENY[language]):
        found, count = re.subn(pattern, new, text, count=1)
        if count:
            for bad, good in (_VIETNAMESE | _CHINESE).items():
                found = found.replace(bad, good)
            return found
    return None


def relation(text: str, language: str, others: Sequence[str], _a: Collection[str], chance: random.Random) -> str | None:
    """Put the end of another sentence of the article behind the beginning of a sentence, at the same preposition."""
    for other in chance.sample(others, len(others)):
        for joint in _middle(text, language):
            for theirs in _middle(other, language):
                if joint[0] == theirs[0]:
                    return text[: joint.start()] + other[theirs.start() :]
    return None


def _middle(text: str, language: str) -> list[re.Match[str]]:
    return [m for m in re.finditer(_JOINTS[language], text) if 0.3 < m.start() / len(text) < 0.7]


def opposite(text: str, language: str, _o: Sequence[str], _a: Collection[str], _chance: random.Random) -> str | None:
    """Put the opposite of a word in its place."""
    border = "" if language == "zh" else r"\b"
    for pair in _OPPOSITES[language].split():
        one, other = pair.replace("_", " ").split("/")
        for old, new in ((one, other), (other, one)):
            found, count = re.subn(f"{border}{old}{border}", new, text, count=1)
            if count:
                return found
    return None


FALSIFICATIONS: dict[str, Falsify] = {
    "number": number, "date": date, "name": name, "negation": negation, "opposite": opposite, "relation": relation,
}  # fmt: skip
