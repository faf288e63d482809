"""The encoding of a file is found out."""

import pytest

from rag.articles.decoding import decode
from rag.errors import ArticleError

FRENCH = "Le président a été réélu à l’unanimité ; « c’est une journée très importante », a déclaré le ministère. " * 3
CHINESE = "中国和越南是山水相连的好邻居，两国人民的友谊源远流长。双方同意进一步加强经贸合作。" * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_french_is_read_in_each_encoding(encoding):
    text = FRENCH.replace("œ", "oe")
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030", "big5"])
def test_chinese_is_read_in_each_encoding(encoding):
    text = "中國和越南是山水相連的好鄰居，兩國人民的友誼源遠流長。" * 5 if encoding == "big5" else CHINESE
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a.txt: the file is empty"),
        (b"\xff\xfe\x00", "a.txt: byte 2 cannot be read as utf-16"),
        (b"text\x00text", "a.txt: the file is binary"),
        (b"\x01\x02\x03 text", "a.txt: the file is binary"),
        (bytes(range(128, 256)) + b"\x81\x8d\x8f", "a.txt: "),
    ],
)
def test_what_is_no_text_is_refused(data, message):
    with pytest.raises(ArticleError, match=message):
        decode(data, "a.txt")


def test_colours_do_not_make_a_text_binary():
    assert decode(b"\x1b[31mrouge\x1b[0m", "a.txt") == "\x1b[31mrouge\x1b[0m"
