"""A tiny run of what fits the encoder: two of its layers, on question sets made here."""

import random

import numpy as np
import torch

from bench import encoder, invented, lora
from bench.reader_rows import Paragraph, Question
from rag.encoders import additions
from rag.types import Span


def test_what_is_added_to_a_layer_can_be_added_to_its_matrix():
    torch.manual_seed(0)
    layer = torch.nn.Linear(6, 4)
    adapted = lora.Adapted(layer, rank=2)
    torch.nn.init.normal_(adapted.b)
    states = torch.randn(3, 6)
    merged = torch.nn.functional.linear(states, layer.weight + adapted.b @ adapted.a, layer.bias)
    assert torch.allclose(adapted(states), merged, atol=1e-6)


def test_halfway_between_additions_is_the_mean_of_what_they_add():
    chance = np.random.default_rng(0)

    def added(rank):
        parts = {
            "0.query.a": (rank, 6),
            "0.query.b": (4, rank),
            "0.output_norm.weight": (6,),
            "0.output_norm.bias": (6,),
        }
        return {name: chance.normal(size=shape).astype(np.float16) for name, shape in parts.items()}

    one, other = added(1), added(2)
    found = lora.halfway(one, other)
    products = [part["0.query.b"].astype(float) @ part["0.query.a"] for part in (one, other, found)]
    assert np.allclose(products[2], (products[0] + products[1]) / 2, atol=1e-3)
    name = "0.output_norm.bias"
    assert np.allclose(found[name], (one[name].astype(float) + other[name]) / 2, atol=1e-3)


def paragraph(first, answered_in):
    """Two sentences of two tokens, of which one is nearest to every question."""
    tokens = [[(first + 2 * s + t, 10 * s + 5 * t, 10 * s + 5 * t + 5) for t in range(2)] for s in range(2)]
    vectors = np.eye(2, dtype=np.float32)[:, [answered_in]]
    return Paragraph("Title", "en", "x" * 20, [90], [Span(0, 10), Span(10, 20)], tokens, vectors)


def beside(_paragraph, _typed):
    raise AssertionError


class Tokenizer:
    def encode(self, text, *, add_special_tokens):
        assert (text, add_special_tokens) == ("passage: ", False)
        return self

    ids = (7, 8)


def test_a_batch_holds_what_answers_first_and_masks_what_answers_too(monkeypatch):
    monkeypatch.setattr(encoder, "NEAR", 1)
    one, other, wrong = (paragraph(first, answered_in=0) for first in (10, 20, 30))
    vector = np.ones(1, np.float32)
    asked = Question("en", [5], [4], beside, vector, one, {one: (12, 15)}, {"en": [other]}, held_out=False)
    both = Question("en", [6], [4], beside, vector, one, {one: None}, {"en": [wrong]}, held_out=False)
    rows = encoder.Rows([asked, both], Tokenizer())
    paragraphs, sentences, answered = encoder.drawn([asked, both], rows, random.Random(0))
    assert [rows.paragraphs[place][3] for place in paragraphs] == [90] * 4
    assert [rows.paragraphs[place][4] for place in paragraphs] == [10, 10, 20, 30]
    assert [rows.sentences[place][3] for place in sentences] == [12, 10, 20, 30]
    assert answered.tolist() == [[False, True, False, False], [True, False, False, False]]


def test_a_run_learns_and_writes_every_weight(training_sets, tmp_path, monkeypatch, capsys):
    layers = encoder.adapt

    def shallow(transformer):
        transformer.encoder.layer = transformer.encoder.layer[:2]
        return layers(transformer)

    monkeypatch.setattr(encoder, "adapt", shallow)
    monkeypatch.setattr(invented, "FOLDER", training_sets / "articles")
    monkeypatch.setattr(lora, "WARMING", 2)
    for name, value in {"QUESTIONS": 8, "TEMPERATURE": 0.05, "RATE": 2e-3}.items():
        monkeypatch.setattr(encoder, name, value)
    encoder.run(training_sets, tmp_path / "encoder.npz", "cpu", steps=40)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    losses = [float(line[1]) for line in lines if line[0] == "loss"]
    assert losses[-1] < losses[0]
    hits = [float(line[1]) for line in lines if line[0] in {"same", "across"}]
    assert len(hits) == 4
    assert all(0 <= hit <= 1 for hit in hits)
    found, shipped = additions.load(tmp_path / "encoder.npz"), additions.load(additions.ENCODER)
    assert found.keys() == {name for name in shipped if name[:2] in {"0.", "1."}}
    assert {name: found[name].shape for name in found} == {name: shipped[name].shape for name in found}
    assert any(np.abs(found[name]).max() > 0 for name in found if name.endswith(".b"))
    encoder.run(training_sets, tmp_path / "next.npz", "cpu", steps=2, first=tmp_path / "encoder.npz")
    begun = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith(("same", "across"))]
    assert begun[2:4] == [line[1] for line in lines if line[0] in {"same", "across"}][2:]
    assert additions.load(tmp_path / "next.npz").keys() == found.keys()
