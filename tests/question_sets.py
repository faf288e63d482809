"""Tiny question sets, in the form of those that bench fits the encoder and the reader to."""

import json

LANGUAGES = {
    "en": ("The {} bridge was opened in {} (by the king himself).", "When was the {} bridge opened?"),
    "zh": ("{}大桥于{}年正式通车（由国王亲自宣布）。", "{}大桥是什么时候通车的？"),
    "fr": ("Le pont {} fut inauguré en {} (par le roi lui-même).", "Quand fut inauguré le pont {} ?"),
}
NAMES = ("Alma", "Brest", "Cluny", "Douai", "Evian", "Fréjus", "Gap", "Hyères")


def write_set(folder, languages):
    """Write eight paragraphs a language, two an article, each with a question."""
    corpus, queries = [], []
    for language in languages:
        told, asked = LANGUAGES[language]
        for place, name in enumerate(NAMES):
            group, article = f"p{place}", place // 2
            text = " ".join(told.format(other, 1850 + 7 * NAMES.index(other)) for other in (name, NAMES[place - 5]))
            row = {"id": f"{language}-{group}", "lang": language, "title": f"Bridges_{article}", "text": text}
            corpus.append({**row, "group": group, "article": article})
            queries.append(
                {
                    "id": f"{language}-q{place}",
                    "lang": language,
                    "text": asked.format(name),
                    "answers": [str(1850 + 7 * place)],
                    "relevant": [f"{other}-{group}" for other in languages],
                    "answerable": True,
                    "group": group,
                    "qgroup": str(place),
                }
            )
    folder.mkdir(parents=True)
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_sets(folder):
    """Write an XQuAD in two languages, a French PIAF, and a SQuAD whose questions have no answer."""
    write_set(folder / "xquad", ["en", "zh"])
    write_set(folder / "piaf-fr", ["fr"])
    write_set(folder / "squad2-dev", ["en"])
    unanswerable = folder / "squad2-dev" / "queries.jsonl"
    rows = [json.loads(line) for line in unanswerable.read_text(encoding="utf-8").splitlines()]
    rows = [{**row, "relevant": [], "answers": [], "source_paragraph": row["relevant"][0]} for row in rows]
    unanswerable.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_articles(folder):
    """Write articles of ``bench.invented``, two paragraphs each, seven in either of two languages."""
    folder.mkdir()
    texts = []
    for language, name in ((language, name) for language in ("en", "zh") for name in NAMES[:7]):
        texts += [f"=== {language}", f"T The {name} bridge, {language}"]
        for year in (1850, 1900):
            texts += [
                "P",
                f"{name} opened its bridge in {year}.",
                "It rained all day.",
                f"A 1 | {name} ? | {name}? | {name}? | {name}？",
            ]
            texts += ["N | Qui paya ? | Who paid? | Ai trả? | 谁付的？"]
    (folder / "bridges.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
