"""Debris goes, prose stays."""

import pytest
from linearity import assert_linear

from rag.articles.debris import clean
from rag.articles.lines import Line


def reasons(*texts):
    return [removed.reason for removed in clean([Line(text) for text in texts]).removed]


@pytest.mark.parametrize(
    "caption",
    [
        "Le robot humanoïde Kua Fu. Photo : congthuong.",
        "The president speaks in Hanoi. Photo: AFP",
        "Photo by Jane Doe / Reuters.",
        "Une rue de Hanoï. Crédit photo : Jean Dupont",
        "Thủ tướng phát biểu tại hội nghị. Ảnh: TTXVN",
        "Lễ ký kết (Ảnh: VGP).",
        "图为会议现场。",
        "会议现场。图：新华社",
        "双方代表合影（新华社记者 李明 摄）",
        "Hanoi at night. © Getty Images",
    ],
)
def test_captions_go(caption):
    assert reasons("Une phrase d'article.", caption) == ["caption"]


@pytest.mark.parametrize(
    "line",
    [
        "Comment (0)",
        "Commentaires (12)",
        "3 comments",
        "Bình luận (0)",
        "评论（0）",
        "Partager",
        "Partager sur Facebook",
        "Share this article",
        "Chia sẻ",
        "分享到微信",
        "À lire aussi : Le Vietnam et l'IA",
        "Xem thêm: Việt Nam và AI",
        "Read more: Vietnam and AI",
        "Tin liên quan",
        "Publicité",
        "---",
        "|---|---|",
    ],
)
def test_furniture_goes(line):
    cleaned = clean([Line("Une phrase."), Line(line)])
    assert [line.text for line in cleaned.lines] == ["Une phrase."]
    assert [removed.text for removed in cleaned.removed] == [line]


@pytest.mark.parametrize(
    "prose",
    [
        "Il a publié une photo : le drapeau flottait sur la ville.",
        "La source de ce succès : la formation.",
        "Le PIB a crû de 5 % en 2025. (Source : Insee)",
        "Un groupe pose pour une photo commémorative.",
        "Partager les connaissances est son métier.",
        "Share prices rose by 3 percent.",
        "Print media is in decline.",
        "Les commentaires (nombreux) ont salué ce texte.",
        "Read more books, he said.",
        "Ảnh hưởng của AI: rất lớn đối với nền kinh tế.",
        "Il a dit oui.",
        "图书馆：知识的海洋。",
        "| Année | Croissance |",
        "Source : le ministère.",
    ],
)
def test_prose_stays(prose):
    assert reasons("Une autre phrase.", prose, "La suite de l'article.") == []


def test_a_cell_or_a_source_note_is_a_caption_only_after_an_image():
    note = "Le Dr Hung prend la parole (Source : Consulat)."
    assert reasons("![]() |", f"| {note} |", "Suite.") == ["image", "caption"]
    assert reasons("![](a.png)", "", note, "Suite.") == ["image", "caption"]
    assert reasons("![](a.png)", "Une phrase.", note) == ["image"]
    assert reasons(note, "", note, "Suite.") == ["caption", "caption"]


def test_an_image_in_a_sentence_goes_and_the_sentence_stays():
    cleaned = clean([Line("Voici ![un (grand) plan](a_(1).png) la suite.")])
    assert [line.text for line in cleaned.lines] == ["Voici  la suite."]
    assert [(r.text, r.reason) for r in cleaned.removed] == [("![un (grand) plan](a_(1).png)", "image")]


def test_a_source_line_gives_the_address():
    cleaned = clean([Line("Une phrase."), Line("Nguồn: https://www.vnexpress.net/a-1.html")])
    assert cleaned.url == "https://www.vnexpress.net/a-1.html"
    assert [r.reason for r in cleaned.removed] == ["source_line"]


def test_a_paragraph_printed_twice_is_kept_once_and_a_short_answer_each_time():
    long = "Le consul général a souligné trois orientations pour la suite."
    assert reasons(long, "Oui.", long, "Oui.") == ["repeated"]


PIECES = ["a", "![", "![](", "![]((", "[(", "<img ", "photo: ", "|", "(source: ", "© ", "partager "]


@pytest.mark.parametrize("piece", PIECES)
def test_time_is_linear_in_the_length_of_a_line(piece):
    assert_linear(lambda size: clean([Line(piece * (size // len(piece)))]), 200_000)


@pytest.mark.parametrize("piece", PIECES)
def test_time_is_linear_in_the_number_of_lines(piece):
    assert_linear(lambda size: clean([Line(piece * (390 // len(piece)))] * size), 100)
