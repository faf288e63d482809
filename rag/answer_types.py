"""What kind of thing a question asks for, and whether a sentence holds one.

The expected answer type is an old tool of question answering (Li and Roth, "Learning question classifiers", 2002). Here
it is told by the question's own words, so it costs nothing and is silent where it cannot know.
"""

import re
from typing import Literal

from rag.languages import anchors, fold, query_terms

AnswerType = Literal["person", "number", "date"]

# Question words by type, folded, in the order in which they are tried: "à qui, et quand" asks for a date.
_ASKED: dict[AnswerType, re.Pattern[str]] = {
    "date": re.compile(
        r"\b(?:quand|quelle (?:date|annee)|quel (?:jour|mois|siecle)|en quelle annee|when|"
        r"(?:what|which) (?:year|date|day|month|century)|khi nao|luc nao|bao gio|(?:nam|ngay|thang|the ky) (?:nao|may)|"
        r"wann|welche[smn]? (?:jahr|tag|monat|jahrhundert)|cuando|que (?:ano|dia|mes|fecha|siglo))\b|"
        r"什么时候|何时|哪一?年|哪一?天|几月|哪个?世纪|什么时间|啥时候"
    ),
    "number": re.compile(
        r"\b(?:combien|quel(?:le)? (?:nombre|montant|part|proportion|pourcentage|chiffre|age|prix|population|"
        r"superficie|distance|hauteur|duree)|how (?:many|much|old|long|far|tall|high|big|large|often)|"
        r"what (?:percentage|number|proportion|share|amount|fraction)|bao nhieu|bao xa|bao lau|may (?:nguoi|cai|lan)|"
        r"wie ?viele?|wie (?:hoch|gross|lang|alt|weit|oft)|cuant[oa]s?|que (?:porcentaje|cantidad|numero))\b|"
        r"多少|几[个名位家次人年天]|多大|多长|多高|多远|多久|百分比"
    ),
    "person": re.compile(
        r"\b(?:qui|who|whom|whose|quel (?:consul|president|ministre|expert|directeur|chercheur)|ai|wer|wem|wen|"
        r"quien(?:es)?)\b|谁|哪位|何人"
    ),
}
_NUMBER = re.compile(
    r"\d+|[一二两三四五六七八九十百千万亿]+|"
    r"\b(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|vingt|trente|cent|cents|mille|millions?|milliards?|"
    r"dizaines?|centaines?|milliers?|moitie|tiers|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|"
    r"hundreds?|thousands?|millions?|billions?|half|third|hai|ba|bon|nam|sau|bay|tam|chin|muoi|tram|nghin|ngan|trieu|ty|"
    r"zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|hundert|tausend|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez)\b"
)
_DATE = re.compile(
    r"\b(?:1\d|20)\d\d\b|\d+\s*[年月日世]|世纪|\b\d{1,2}[/.-]\d{1,2}\b|"
    r"\b(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre|january|february|march|"
    r"april|may|june|july|august|september|october|november|december|thang \d|ngay \d|nam \d|januar|februar|marz|juni|"
    r"juli|oktober|dezember|enero|febrero|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|siecle|"
    r"century|the ky|jahrhundert|siglo|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|hier|aujourd'hui|demain|yesterday|today|tomorrow)\b"
)
_CAPITALISED = r"[A-ZÀ-ÖØ-ÞĀ-ŽĐƠƯẠ-Ỹ][\w’'.-]*"
_NAME = re.compile(rf"\b{_CAPITALISED}(?:\s+{_CAPITALISED})+")
# A title or an office, then a name.
_TITLED = re.compile(
    r"(?:\b(?:[Dd]r|[Dd]octeur|M|MM|Mme|Mlle|[Pp]r|[Pp]rof|[Pp]rofesseure?|[Pp]résidente?|[Mm]inistre|[Gg]énéral|"
    r"[Dd]irect\w+|[Ee]xperte?|[Ff]ondat\w+|[Cc]ofondat\w+|[Aa]mbassad\w+|PDG|CEO|Mrs?|Ms|Sir|[Pp]rofessor|[Pp]resident|"
    r"[Mm]inister|[Ss]ecretary|[Cc]hairman|[Ff]ounder|[Cc]o-founder|[Dd]irector|[Ee]xpert|[Ôô]ng|[Bb]à|[Aa]nh|[Cc]hị|TS|"
    r"ThS|GS|PGS|[Tt]iến sĩ|[Gg]iáo sư|[Cc]hủ tịch|[Tt]hủ tướng|[Bb]ộ trưởng|[Tt]ổng lãnh sự|Herr|Frau|[Pp]räsident|"
    r"[Pp]residente|[Ss]eñora?|[Dd]on)"
    rf"\b\.?,?\s+)(?P<name>{_CAPITALISED}(?:\s+{_CAPITALISED})*)"
)
_HAN_NAME = re.compile(r"[一-鿿]·[一-鿿]|先生|女士|博士|教授|总统|主席|总理|部长|总领事|创始人")


def expected_type(question: str, language: str) -> AnswerType | None:
    """Return what a question asks for, or None where its words do not tell.

    A question made of nothing but names ("Qui est Nguyen Hanh ?") asks what there is to say, not for another name.
    """
    if set(query_terms(question, language)) <= {f"{language}:{a[1:]}" for a in anchors(question)} | anchors(question):
        return None
    plain = fold(question)
    return next((kind for kind, pattern in _ASKED.items() if pattern.search(plain)), None)


def type_strength(kind: AnswerType, sentence: str, question: str) -> float:
    """Return how surely a sentence holds a thing of a kind that the question does not hold itself: 0.0, 0.5 or 1.0."""
    if kind == "person":
        asked = set(_words(question))
        if any(not asked & set(_words(match["name"])) for match in _TITLED.finditer(sentence)):
            return 1.0
        named = any(not asked & set(_words(match[0])) for match in _NAME.finditer(sentence))
        return 0.5 if named or _HAN_NAME.search(sentence) else 0.0
    return float(bool(mentions(kind, sentence, question)))


def mentions(kind: AnswerType, sentence: str, question: str) -> set[str]:
    """Return the things of a kind in a sentence, folded, that the question does not hold itself."""
    asked = set(_words(question))
    pattern, text = (_NAME, sentence) if kind == "person" else (_NUMBER if kind == "number" else _DATE, fold(sentence))
    return {fold(match[0]) for match in pattern.finditer(text) if not asked & set(_words(match[0]))}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))
