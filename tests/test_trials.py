import json
from typing import get_args

import pytest
from click.testing import CliRunner
from fakes import ScriptedGenerator, WordEncoder

import rag.opening
from rag import trials
from rag.cli import rag_group
from rag.errors import GeneratorError, QuestionSetError
from rag.settings import Stage, load
from rag.trials import calibrate_on, evaluate

TEXTS = {
    "fr": ["Nanning a réuni 300 délégués.", "Le consul parle à San Francisco.", "La pluie tombe sur la plaine."],
    "en": ["Nanning gathered 300 guests.", "The consul speaks in San Francisco.", "Rain falls on the plain."],
}


@pytest.fixture
def question_set(tmp_path, monkeypatch):
    monkeypatch.setattr(rag.opening, "load_encoder", lambda *_, **__: WordEncoder())
    corpus = [
        {"id": f"{language}{number}", "lang": language, "title": f"Title {number}", "text": text}
        for language, texts in TEXTS.items()
        for number, text in enumerate(texts)
    ]
    asked = [
        {"id": f"q{language}{number}", "lang": language, "text": f"{text} Vraiment ?",
         "answers": [text.split()[-1].rstrip(".")],
         "relevant": [f"fr{number}", f"en{number}"], "answerable": number < 2, "miss": None if number < 2 else "far"}
        for language, texts in TEXTS.items()
        for number, text in enumerate(texts)
    ]  # fmt: skip
    folder = tmp_path / "set"
    folder.mkdir()
    for name, rows in (("corpus", corpus), ("queries", asked)):
        lines = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


@pytest.fixture
def settings(tmp_path):
    return load(cache_dir=tmp_path / "cache")


def test_rows_are_the_languages_of_questions_and_articles(question_set, settings):
    table = evaluate(settings, question_set, corpus_lang="each").table
    assert list(table) == ["en->en", "fr->en", "en->fr", "fr->fr", "same", "across"]
    assert table["fr->fr"]["hit@1"] == table["en->en"]["hit@1"] == 1.0
    assert table["fr->fr"]["citation_hit"] == 1.0
    assert table["fr->fr"]["questions"] == 3
    assert list(evaluate(settings, question_set, question_lang="fr").table) == ["fr->*"]


def test_the_means_are_those_of_the_pairs_in_one_language_and_across(question_set, settings):
    table = evaluate(settings, question_set, corpus_lang="each").table
    assert table["across"]["hit@1"] == (table["en->fr"]["hit@1"] + table["fr->en"]["hit@1"]) / 2
    assert table["same"]["questions"] == 6
    assert list(evaluate(settings, question_set).table) == ["en->*", "fr->*", "pool"]


def test_articles_in_one_language_are_named_without_an_option(question_set, settings):
    corpus = question_set / "corpus.jsonl"
    corpus.write_text("\n".join(line for line in corpus.read_text("utf-8").splitlines() if '"fr"' in line), "utf-8")
    evaluation = evaluate(settings, question_set, where="lang=fr")
    assert list(evaluation.table) == ["fr->fr"]
    assert (evaluation.facts["where"], evaluation.facts["articles"]) == ("lang=fr", 3)
    assert "limit" not in evaluation.facts
    assert evaluate(settings, question_set, corpus_lang="en").table["fr->en"]["citation_hit"] == 0.0


def test_each_stage_can_be_left_out(question_set, settings):
    table = evaluate(settings, question_set, question_lang="fr", corpus_lang="fr", ablate=True).table
    assert list(table) == ["fr->fr", *(f"fr->fr without {stage}" for stage in get_args(Stage))]


def test_distractors_join_the_collection(question_set, settings, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"id": "d", "lang": "fr", "text": "Nanning a réuni 300 délégués, dit-on."}), "utf-8")
    evaluate(settings, question_set, distractors=other)
    folders = sorted((settings.cache_dir / "evaluation" / "collections").iterdir())
    assert len(folders) == 1


def test_the_answers_are_those_of_the_generator_that_is_named(question_set, settings, monkeypatch):
    class Failing(ScriptedGenerator):
        """Quotes once, then fails."""

        def generate(self, request):
            if self.asked:
                self._pieces = (GeneratorError("generator_empty", model="m", host="h", provider="p"),)
            return super().generate(request)

    monkeypatch.setattr(trials, "load_generator", lambda *_: Failing("Nanning a réuni 300 délégués. [1]"))
    evaluation = evaluate(settings, question_set, question_lang="fr", corpus_lang="fr")
    assert evaluation.facts["model"] == "scripted"
    row = evaluation.table["fr->fr"]
    assert (row["fallbacks"], row["failed"], row["unsupported_before"]) == (0.6667, 0.6667, 0.0)
    assert row["answer_recall"] == 1.0


def test_a_generator_that_cannot_be_had_is_told_before_anything_is_asked(question_set, monkeypatch, tmp_path):
    monkeypatch.setenv("RAG_CACHE_DIR", str(tmp_path / "none"))
    result = CliRunner().invoke(rag_group, ["eval", str(question_set), "--model", "nothing"])
    assert isinstance(result.exception, GeneratorError)
    assert "nothing" in str(result.exception)
    assert not (tmp_path / "none").exists()


def test_a_set_without_such_questions_says_so(question_set, settings):
    with pytest.raises(QuestionSetError, match="no question"):
        evaluate(settings, question_set, question_lang="de")
    with pytest.raises(QuestionSetError, match="no question"):
        evaluate(settings, question_set, where="lang=de")
    (question_set / "corpus.jsonl").unlink()
    with pytest.raises(QuestionSetError, match=r"corpus\.jsonl"):
        evaluate(settings, question_set)


def test_a_set_of_few_articles_cannot_calibrate(question_set, settings):
    with pytest.raises(QuestionSetError, match="at least 5 articles"):
        calibrate_on(settings, [question_set])
