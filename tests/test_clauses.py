import pytest

from rag.clauses import LONG, SHORTEST, clauses, narrowed
from rag.types import Span

SENTENCE = (
    "Organisée dans la zone technologique de pointe Zhongguancun – Nanning, connue sous le nom de « la Silicon Valley, "
    "celle de Chine », l’édition de cette année a réuni plus de 300 délégués sur place, plus d’un million de "
    "spectateurs en ligne, ainsi que des dizaines de grands groupes technologiques comme Tencent, Baidu ou Xiaomi."
)


def test_clauses_make_up_the_sentence_and_keep_quotation_marks_whole():
    text = f"Avant. {SENTENCE}"
    parts = clauses(text, Span(7, len(text)))
    assert "".join(part.of(text) for part in parts) == SENTENCE
    assert parts[0].start == 7
    assert any(part.of(text).strip().endswith("celle de Chine »,") for part in parts)


@pytest.mark.parametrize("wanted", ["300 délégués", "un million", "Xiaomi"])
def test_a_long_sentence_is_cut_to_what_is_asked_for(wanted):
    quote = narrowed(SENTENCE, Span(0, len(SENTENCE)), lambda piece: float(wanted in piece)).of(SENTENCE)
    assert wanted in quote
    assert SHORTEST / 2 < len(quote) <= LONG < len(SENTENCE)
    assert quote[-1] != ","


@pytest.mark.parametrize("worth", [lambda _: 0.0, lambda piece: float("Organisée" in piece and "Xiaomi" in piece)])
def test_it_stays_whole_where_nothing_or_everything_tells(worth):
    whole = Span(0, len(SENTENCE))
    assert narrowed(SENTENCE, whole, worth) == whole


def test_a_short_sentence_stays_whole():
    text = "Le Dr Tran Viet Hung, expert, a fondé GotIt."
    assert narrowed(text, Span(0, len(text)), lambda piece: float("GotIt" in piece)) == Span(0, len(text))


def test_chinese_is_cut_at_its_own_commas():
    text = "，".join(f"第{number}句话说明情况" * 6 for number in range(9)) + "。"
    quote = narrowed(text, Span(0, len(text)), lambda piece: float("第3句" in piece)).of(text)
    assert "第3句" in quote
    assert len(quote) <= LONG
