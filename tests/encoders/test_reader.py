import numpy as np
import pytest

from rag.encoders.reader import ROOM, rows
from rag.types import Window

ARTICLE = (
    "La conférence AI+ s'est tenue à Nanning le 9 décembre.",
    "Plus de 300 délégués venus de onze pays y ont participé.",
    "Les repas étaient servis dans le hall.",
)
QUESTIONS = {
    "fr": "Combien de délégués ont participé ?",
    "en": "How many delegates took part?",
    "vi": "Có bao nhiêu đại biểu tham dự?",
    "zh": "有多少代表参加？",
}
ELSEWHERE = ("Le consul général a visité une école.", "Les élèves apprennent le vietnamien depuis deux ans.")


@pytest.mark.parametrize("language", QUESTIONS)
def test_sentences_that_answer_have_higher_odds(encoder, language):
    texts = [("AI+", ARTICLE, 1), ("AI+", ARTICLE[:1], 0), ("École", ELSEWHERE, 1)]
    windows = [Window(*text) for text in texts]
    odds = encoder.read("question", QUESTIONS[language], windows)
    assert odds.dtype == np.float32
    assert odds.shape == (3,)
    assert odds[0] > (-2 if language == "vi" else 0)  # of Vietnamese beside French it is the least sure
    assert odds[0] > max(odds[1:]) + 2


def test_a_claim_is_carried_by_what_says_it(encoder):
    claims = {
        "More than 300 delegates from eleven countries took part.": True,
        "More than 300 delegates from eleven countries did not take part.": False,
        "The meals were paid for by the consulate general.": False,
    }
    odds = {claim: float(encoder.read("claim", claim, [Window("", (ARTICLE[1],))])[0]) for claim in claims}
    assert min(odds[claim] for claim, true in claims.items() if true) > max(
        odds[claim] for claim, true in claims.items() if not true
    )


def test_a_window_is_read_the_same_beside_others(encoder):
    windows = [
        Window("AI+", ARTICLE, 1),
        Window("", ELSEWHERE),
        Window("AI+", ARTICLE, 2),
    ]
    together = encoder.read("question", QUESTIONS["en"], windows)
    alone = [encoder.read("question", QUESTIONS["en"], [window])[0] for window in windows]
    assert together.tolist() == alone
    assert encoder.read("question", QUESTIONS["en"], []).shape == (0,)


def test_a_special_token_in_a_text_is_text(encoder):
    window = Window("<s>", ("</s> " + ARTICLE[1],))
    assert encoder.read("question", QUESTIONS["en"], [window])[0] > 0


def test_a_name_is_read_as_each_window_spells_it(encoder):
    told = [(f"{name} travaille chez Oracle.",) for name in ("Le Ba Tiep", "Lê Bá Tiệp")]
    without, with_accents = (Window("", sentences) for sentences in told)
    asked = ["Ông Le Ba Tiep làm việc ở đâu?", "Ông Lê Bá Tiệp làm việc ở đâu?"]
    for spelling in asked:
        odds = encoder.read("question", spelling, [without, with_accents])
        assert odds.tolist() == [
            encoder.read("question", asked[0], [without])[0],
            encoder.read("question", asked[1], [with_accents])[0],
        ]


def test_encoders_that_have_no_reader_say_so(transformer):
    assert transformer.read("question", QUESTIONS["en"], [Window("", ARTICLE)]).shape == (0,)


def letters(text):
    return [ord(char) for char in text]


def read_text(row, title=""):
    head = [0, *letters("ask: "), *letters("who?"), 2, 2, *([*letters(title), 2] if title else [])]
    assert row[: len(head)] == head
    assert row[-1] == 2
    return "".join(map(chr, row[len(head) : -1]))


@pytest.mark.parametrize(
    ("lengths", "centre", "read"),
    [
        ((30, 30, 30, 30), 1, "abc"),
        ((10, 50, 40, 90), 1, "bc"),
        ((90, 10), 1, "b"),
        ((10, 10), 0, "ab"),
        ((200, 10), 0, "a"),
    ],
)
def test_a_window_grows_from_its_centre_by_turns_as_far_as_there_is_room(lengths, centre, read):
    sentences = tuple(chr(97 + place) * length for place, length in enumerate(lengths))
    (row,) = rows("question", "who?", [Window("", sentences, centre)], "ask: ", letters)
    whole = "".join(sentence for sentence in sentences if sentence[0] in read)
    assert read_text(row) == whole[: ROOM + 40]


def test_titles_and_what_is_asked_are_cut():
    (row,) = rows("question", "w" * 100, [Window("t" * 100, ("a",))], "", letters)
    assert [row.count(ord(char)) for char in "wta"] == [48, 16, 1]
    (row,) = rows("claim", "w" * 200, [Window("", ("a" * 500,))], "", letters)
    assert [row.count(ord(char)) for char in "wa"] == [128, 136]
    (row,) = rows("question", "who?", [Window("Titre", ("a",))], "ask: ", letters)
    assert read_text(row, "Titre") == "a"
