from bench.cut import cut

TEXTS = {
    "en": "The Ai lies in the north. It is 120 km long. Otters live in it.",
    "fr": "L'Ai coule au nord. Il est long de 120 km. Des loutres y vivent.",
}
ASKED = {
    "length": {"en": ("How long is the Ai?", "120 km"), "fr": ("Quelle est la longueur de l'Ai ?", "120 km")},
    "otters": {"en": ("What lives in the Ai?", "Otters"), "fr": ("Qui vit dans l'Ai ?", "loutres")},
}


def corpus():
    return [{"id": f"ai-{lang}", "lang": lang, "text": text} for lang, text in TEXTS.items()]


def queries(**changed):
    return [
        {"id": f"{name}-{lang}", "lang": lang, "text": text, "answers": [answer], "qgroup": name, "answerable": True,
         "relevant": ["ai-en", "ai-fr"], **changed}
        for name, asked in ASKED.items()
        for lang, (text, answer) in asked.items()
    ]  # fmt: skip


def test_one_question_of_a_paragraph_loses_its_sentence_in_every_language():
    paragraphs, found = cut(corpus(), queries())
    unanswerable = {query["qgroup"] for query in found if not query["answerable"]}
    assert len(unanswerable) == 1
    gone = {answer for asked in (ASKED[name] for name in unanswerable) for _, answer in asked.values()}
    for row in paragraphs:
        assert not any(answer in row["text"] for answer in gone)
        assert len(row["text"]) < len(TEXTS[row["lang"]])
    for query in found:
        assert query.get("miss") == (None if query["answerable"] else "cut")
        text = next(row["text"] for row in paragraphs if row["lang"] == query["lang"])
        assert (query["answers"][0] in text) is query["answerable"]


def test_a_paragraph_whose_answer_is_missing_in_one_language_stays_whole():
    rows = corpus()
    rows[1]["text"] = "L'Ai coule au nord."
    paragraphs, found = cut(rows, queries())
    assert paragraphs == rows
    assert found == []  # whether they are answerable hangs on the language


def test_questions_without_an_answer_stay_as_they_are():
    asked = queries(answerable=False, miss="far", relevant=[])
    assert cut(corpus(), asked) == (corpus(), asked)
