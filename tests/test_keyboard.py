import json
import random

import pytest

from bench.keyboard import as_typed, main, slipped, without_accents


def test_accents_go_and_capitals_stay():
    assert without_accents("Ông Đoàn Hữu Phước ở đâu ?") == "Ong Doan Huu Phuoc o dau ?"


@pytest.mark.parametrize("seed", range(20))
def test_a_slip_is_one_letter_of_a_longer_word(seed):
    words = ["Qui", "a", "ouvert", "le", "congres"]
    found = slipped(" ".join(words), random.Random(seed)).split()
    changed = [(was, now) for was, now in zip(words, found, strict=True) if was != now]
    assert len(changed) <= 1  # a doubled letter may have been doubled
    for was, now in changed:
        assert len(was) >= 5
        assert abs(len(was) - len(now)) <= 1
        assert set(was) >= set(now)
    assert slipped("Qui est-ce ?", random.Random(seed)) == "Qui est-ce ?"


def test_each_language_is_typed_in_its_ways():
    chance = random.Random(0)
    assert as_typed("越南驻旧金山总领事是谁？", "zh", chance) == "越南驻旧金山总领事是谁"
    vietnamese = {as_typed("Ai ở Huế?", "vi", chance) for _ in range(50)}
    assert vietnamese == {a + b for a in ("Ai ở Huế", "Ai o Hue", "ai ở huế", "ai o hue") for b in ("", "?")}
    assert {as_typed("Who?", "en", chance) for _ in range(50)} == {"Who?", "who?", "Who", "who"}


def test_a_set_is_written_with_its_questions_typed(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "corpus.jsonl").write_text(json.dumps({"id": "p", "text": "Huế"}) + "\n", "utf-8")
    rows = [{"id": str(n), "lang": "vi", "text": "Ai ở Huế?", "relevant": ["p"]} for n in range(30)]
    (tmp_path / "set" / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    main(tmp_path / "set", tmp_path / "typed")
    written = [json.loads(line) for line in (tmp_path / "typed" / "queries.jsonl").read_text("utf-8").splitlines()]
    assert [row["id"] for row in written] == [row["id"] for row in rows]
    assert len({row["text"] for row in written}) == 8
    corpus = (tmp_path / "typed" / "corpus.jsonl").read_text("utf-8")
    assert [json.loads(line) for line in corpus.splitlines()] == [{"id": "p", "text": "Huế"}]
