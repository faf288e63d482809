import pytest

from rag.transliteration import characters, pinyin, sino_vietnamese, syllables, unheard, unspelled


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("luther", "路德圣经影响了其他语言的译本"),
        ("hadrian", "哈德良长城的长度是73英里"),
        ("newcastle", "在纽卡斯尔成立的"),
        ("manning", "培顿·曼宁成为史上首位"),
        ("lavoisier", "由安托万·拉瓦锡于1777年命名"),
        ("nanning", "在南宁举行的会议"),
    ],
)
def test_a_name_is_heard_in_the_characters_that_write_it(name, text):
    other = "会议以人工智能为主题"
    assert unheard([name], [text]) < unheard([name], [other])
    assert unheard([name], [other, text]) == unheard([name], [text]) < 0.5


def test_the_name_that_is_heard_least_counts():
    text = "路德学生们的这段时间"
    assert unheard(["luther", "heinrich"], [text]) == unheard(["heinrich"], [text]) > 0.5


def test_nothing_is_told_of_short_names_and_of_characters_without_a_reading():
    assert unheard(["abc", "mp"], ["会议"]) == 0.0
    assert unheard(["turing"], ["圖靈機會議論"]) < 1.0  # traditional characters are not of the table
    assert unheard([], ["会议"]) == 0.0


@pytest.mark.parametrize(
    ("claim", "quoted", "doubtful"),
    [
        ("诺桑比亚时代", "the age of Northumbria", False),
        ("诺桑比亚大学的隧道", "Northumbria University", False),
        ("诺桑比亚大学的隧道", "tunnels through Newcastle", True),
        ("诺桑比亚的铁路系统", "the Tyne and Wear Metro", True),
        ("诺桑比亚的铁路系统", "no name at all", True),
        ("铁路系统", "the Tyne and Wear Metro", False),
    ],
)
def test_a_foreign_name_in_chinese_is_looked_for_by_its_sound(claim, quoted, doubtful):
    assert (unspelled(claim, [quoted]) > 0.5) == doubtful


def test_characters_and_their_readings_belong_together():
    assert (pinyin("宁"), sino_vietnamese("黎"), sino_vietnamese("武")) == ("ning", ["le"], ["vo", "vu"])
    assert pinyin("Z") == ""
    assert sino_vietnamese("Z") == []
    assert {"宁", "凝"} <= set(characters("ning"))
    assert all(pinyin(one) == "zuo" for one in characters("zuo"))  # the last of the table
    assert "黎" in characters("le")  # Vietnamese
    assert characters("xyz") == ""
    for reading in ("ba", "minh", "shi"):
        assert all(reading in [pinyin(one), *sino_vietnamese(one)] for one in characters(reading))


def test_a_word_is_cut_into_syllables_in_all_ways():
    assert set(syllables("lihua")) == {("li", "hua"), ("li", "hu", "a")}
    assert syllables("martin") == []
