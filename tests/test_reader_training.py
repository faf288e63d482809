"""A tiny run of what fits the reader: two of the encoder's layers, on question sets made here."""

import json
import random

import numpy as np
import torch
from transformers import BertConfig, BertModel

from bench import distillation, invented, lora, reader
from bench.held_out import a_quarter, held_out, held_out_paragraphs, write_held_out
from bench.packed import Packed
from bench.reader_rows import END, FIRST, Item, Paragraph, Question, Row, question_rows
from rag.encoders import distilled
from rag.types import Span


def test_a_question_set_of_what_is_held_out_has_all_paragraphs_and_no_question_about_others(training_sets, tmp_path):
    apart = held_out_paragraphs(training_sets)
    for name in ("xquad", "squad2-dev"):
        count = write_held_out(training_sets / name, tmp_path / name)
        kept = [json.loads(line) for line in (tmp_path / name / "queries.jsonl").read_text("utf-8").splitlines()]
        assert len(kept) == count
        assert {row["group"] for row in kept} == {f"p{place}" for place in (2, 3, 6, 7)}
        assert (tmp_path / name / "corpus.jsonl").read_bytes() == (training_sets / name / "corpus.jsonl").read_bytes()
    french = {f"fr-p{place}" for place in range(8) if a_quarter(f"Bridges_{place // 2}")}
    assert {name for name in apart if name.startswith("fr")} == french
    assert [article for article in range(48) if held_out(article)] == list(range(1, 48, 2))


def paragraph(first, nearest):
    """Three sentences of four tokens, ten characters each, of which one is nearest to every question."""
    spans = [Span(10 * place, 10 * place + 10) for place in range(3)]
    tokens = [[(first + 4 * s + t, 10 * s + 2 * t, 10 * s + 2 * t + 2) for t in range(4)] for s in range(3)]
    vectors = np.eye(3, dtype=np.float32)[:, [nearest]]
    return Paragraph("Title", "en", "x" * 30, [90, 91], spans, tokens, vectors)


def test_the_row_of_the_answer_comes_first_and_tells_where_it_stands():
    right, wrong = paragraph(100, nearest=0), paragraph(200, nearest=2)
    asked = Question(
        "en",
        [],
        [],
        lambda _, typed: [5, 6] if typed else [5, 6, 7],
        np.ones(1, np.float32),
        right,
        {right: (22, 26)},
        {},
        held_out=False,
    )
    ways = set()
    for seed in range(40):
        first, *others = question_rows(Item(asked, right, [wrong]), random.Random(seed))
        typed = first.tokens[:4] == [FIRST, 5, 6, END]
        ways.add(typed)
        head = [FIRST, 5, 6, END, END] if typed else [FIRST, 5, 6, 7, END, END]
        assert first.tokens in ([*head, *range(100, 112), END], [*head, 90, 91, END, *range(100, 112), END])
        assert [first.tokens[place] for place in first.answer] == [109, 110]
        assert first.yes
        assert [row.yes for row in others] == [False]
        assert others[0].tokens[-13:-1] == list(range(200, 212))
        assert others[0].tokens[: len(head)] == head
    assert ways == {True, False}


def test_a_run_learns_and_writes_every_weight(training_sets, tmp_path, monkeypatch, capsys):
    for name, value in {"QUESTIONS": 16, "CLAIMS": 32, "RATE": 5e-4, "TOLD": 4, "WORKERS": 0}.items():
        monkeypatch.setattr(reader, name, value)
    monkeypatch.setattr(invented, "FOLDER", training_sets / "articles")
    monkeypatch.setattr(lora, "WARMING", 2)
    monkeypatch.setattr(reader.claims, "handmade", lambda: (reader.claims.Texts({}, {}), []))
    monkeypatch.setattr(distillation, "RATE", 2e-3)
    reader.run(training_sets, tmp_path / "reader.npz", "cpu", epochs=(2, 2), layers=2)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    for kind in ("loss", "distilled"):
        told = [float(line[1]) for line in lines if line[0] == kind]
        assert told[-1] < told[0]
    areas = [float(line[-3]) for line in lines if line[0] in {"questions", "claims"}]
    assert len(areas) == 2 * 6
    assert all(0 <= area <= 1 for area in areas)
    weights, shipped = distilled.load(tmp_path / "reader.npz"), distilled.load(distilled.READER)
    assert weights.keys() == {name for name in shipped if name.startswith(("layer.0.", "pool.", "out."))}
    assert {name: weight.shape for name, weight in weights.items()} == {name: shipped[name].shape for name in weights}


def test_rows_of_all_lengths_are_read_as_each_is_by_itself():
    torch.manual_seed(0)
    config = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    made = reader.Reader(BertModel(config, add_pooling_layer=False)).eval()
    rows = [Row([3] * length, yes=False) for length in (7, 2, 5, 3)]
    packed = made.packed(rows)
    with torch.no_grad():
        odds, states = made(packed)
        alone = [made(made.packed([row])) for row in rows]
    assert packed.lengths == [7, 2, 5, 3]
    assert torch.allclose(odds, torch.cat([own for own, _ in alone]), atol=1e-5)
    for row, (_, own) in zip(states.split(packed.lengths), alone, strict=True):
        assert torch.allclose(row, own, atol=1e-5)


def test_the_reader_begins_as_every_second_layer_of_its_teacher():
    config = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=6, num_attention_heads=2, intermediate_size=8)
    teacher = reader.Reader(BertModel(config, add_pooling_layer=False)).eval()
    teacher.transformer.embeddings.requires_grad_(requires_grad=False)
    made = distillation.halved(teacher)
    assert all(parameter.requires_grad for parameter in made.transformer.encoder.parameters())
    assert not any(parameter.requires_grad for parameter in made.transformer.embeddings.parameters())
    layers = teacher.transformer.encoder.layer
    teacher.transformer.encoder.layer = torch.nn.ModuleList([layers[0], layers[2], layers[5]])
    packed = Packed([[3, 4, 5], [6, 7]], "cpu")
    with torch.no_grad():
        # what learns has no dropout, so it finds the same while it does
        for ours, theirs in zip(made.train()(packed), teacher(packed), strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5)
