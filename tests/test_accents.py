import json

import pytest

from bench import accents
from bench.keyboard import without_accents
from rag.accents import accented
from rag.tables import table

VIETNAMESE = [
    "Tổng lãnh sự đã phát biểu những gì trong hội thảo?",
    "Có bao nhiêu doanh nghiệp tham dự hội nghị trí tuệ nhân tạo?",
    "Chính phủ sẽ đầu tư bao nhiêu tiền vào bán dẫn?",
    "vì sao giá gạo xuất khẩu tăng mạnh",
]
FRENCH = [
    "Combien de délégués étaient présents à la conférence ?",
    "où a été signé l'accord entre les deux universités",
    "Quelle est la stratégie nationale en matière d'éducation ?",
]


@pytest.mark.parametrize(("language", "texts"), [("vi", VIETNAMESE), ("fr", FRENCH)])
def test_questions_have_their_accents_again(language, texts):
    for text in texts:
        assert accented(without_accents(text), language) == text
        assert accented(without_accents(text).lower(), language) == text.lower()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Qui est présent a la conference ?", "fr"),  # somebody typed an accent: the others are missing on purpose
        ("Qui dirige Viettel ?", "fr"),
        ("lanh su quán o dau", "vi"),
        ("Ou\u0300 est ne\u0301 le consul ?", "fr"),  # accents that are marks of their own
        ("Da Nang", "vi"),  # a name that is known as it is
        ("Where was the conference?", "en"),
        ("300 * 2", "vi"),
        ("", "vi"),
    ],
)
def test_what_has_accents_or_another_language_stays(text, language):
    assert accented(text, language) == text


def test_capitals_stay_and_acronyms_are_no_words():
    assert accented("AI la gi", "vi") == "AI là gì"
    assert accented("AI LA TONG THONG", "vi") == "AI LÀ TỔNG THỐNG"
    assert accented("Ong Musk ban xe gi o Ha Noi", "vi").startswith("Ông Musk bán xe gì")


def test_marks_and_figures_part_what_is_likely_together():
    assert accented("co bao nhieu, 3 hay 4?", "vi") == "có bao nhiêu, 3 hay 4?"


@pytest.mark.parametrize("language", ["fr", "vi"])
def test_a_table_counts_what_bench_counts(language):
    stored = table(f"accents_{language}")
    counts = [int(count) for row in stored["words"].values() for count in row.split()[1::2]]
    assert sum(counts) <= stored["total"]
    assert all(row.split()[0] and len(row.split()) % 2 == 0 for row in stored["pairs"].values())
    words, pairs = accents.counted(accents.texts(language), ())
    assert words.total() <= stored["total"]
    kept = {one: dict(zip(row.split()[::2], row.split()[1::2], strict=True)) for one, row in stored["pairs"].items()}
    common = [(one, other) for one, after in pairs.items() for other, count in after.items() if count > 20]
    found = [(one, other) for one, other in common if other in kept.get(one, {})]
    assert len(found) > len(common) / 2 > 100  # of the others neither word can be another
    assert all(int(kept[one][other]) >= pairs[one][other] for one, other in found)


def test_words_and_what_comes_after_them_are_counted():
    words, pairs = accents.counted(["Hoá ra, hòa bình! 3 năm"], ["hòa bình"])
    assert words == {"hóa": 1, "ra": 1, "hòa": 2, "bình": 2, "năm": 1}
    assert pairs["."] == {"hóa": 1, "hòa": 1, ".": 1, "năm": 1}
    assert pairs["hòa"] == {"bình": 2}
    assert pairs["bình"] == {".": 1}
    stored = accents.stored(words, pairs, "vi")
    assert stored["words"]["hoa"] == "hòa 2 hóa 1"
    assert stored["total"] == 7
    assert "ra" not in stored["pairs"]  # neither it nor what follows it can be another word


def test_a_word_counts_as_right_where_it_has_its_accents(tmp_path, capsys):
    assert accents.right(["Tổng thống là ai?", "xyz"], "vi") == (5, 5)
    rows = [{"text": "Tổng thống là ai?", "lang": "vi"}, {"text": "Qui dirige Viettel ?", "lang": "fr"}]
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    accents.measure(tmp_path)
    out = capsys.readouterr().out
    assert "fr, written without accents: 1.000 of 3 words" in out
    assert "vi, all: 1.000 of 4 words" in out


def test_tables_are_written_anew(tmp_path, monkeypatch):
    (tmp_path / "words.txt").write_text("cá rô phi\n", encoding="utf-8")
    monkeypatch.setattr(accents, "TABLES", tmp_path)
    monkeypatch.setattr(accents, "texts", lambda _: ["Cá ở đâu?"])
    monkeypatch.setattr("sys.argv", ["accents", str(tmp_path / "words.txt")])
    accents.main()
    made = json.loads((tmp_path / "accents_vi.json").read_text(encoding="utf-8"))
    assert (made["total"], made["pairs"]["cá"]) == (6, "rô 1 ở 1")
