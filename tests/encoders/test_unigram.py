import json
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rag.encoders.onnx import TOKENIZER, load_tokenizer, tokenise
from rag.encoders.source import resolve
from rag.encoders.unigram import UnigramTokenizer, compile_tokenizer

TEXTS = [
    "query: Qu'est-ce que ViGen ?",
    "  deux  espaces\u00a0insécables\t\n",
    "越南驻旧金山总领事是谁?",
    "ViGen là gì? Đà Nẵng, thành phố",
    "ﬁn ½ ① 𝔘𝔫𝔦 a\u0301e\u0323\u0302",
    "\x01\x1f\x7f\u200b\ufeff▁x ▁▁",
    "😀😀 ༀ ꙮꙮ inconnu",
    "",
]


@pytest.fixture(scope="module")
def folder(encoder, cache_dir):
    assert encoder.dimension
    return resolve("bundled").prepared_in(cache_dir, "onnx")


@pytest.fixture(scope="module")
def both(folder):
    return UnigramTokenizer(folder), load_tokenizer(folder / TOKENIZER)


@pytest.mark.parametrize("text", TEXTS)
def test_the_ids_are_those_of_the_tokenizers_library(both, text):
    fast, slow = both
    assert fast.encode(text, 512) == tokenise(slow, [text], 512)[0]


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cn"], max_codepoint=0xFFFF), max_size=40))
@settings(max_examples=300, deadline=None)
def test_the_ids_are_the_same_for_any_text_that_both_normalise_alike(both, text):
    fast, slow = both
    assume(not any(token.content in text for token in slow.get_added_tokens_decoder().values()))  # see below
    if slow.normalizer.normalize_str(text).split() == unicodedata.normalize("NFKC", text).split():
        assert fast.encode(text, 512) == tokenise(slow, [text], 512)[0]


def test_a_long_text_is_cut_to_what_the_model_reads(both):
    fast, slow = both
    assert fast.encode("mot " * 600, 16) == tokenise(slow, ["mot " * 600], 16)[0]


def test_special_tokens_are_left_to_the_library(both):
    fast, slow = both
    assert fast.encode("a </s> b", 512) is None
    assert 2 in tokenise(slow, ["a </s> b"], 512)[0][1:-1]


def test_a_special_token_in_a_question_is_encoded_all_the_same(encoder):
    assert encoder.encode_queries(["a </s> b", "a b"], ["en", "en"]).shape == (2, 384)


def test_another_kind_of_tokenizer_is_not_compiled(folder, tmp_path):
    rules = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
    rules["model"] = {"type": "WordPiece", "vocab": {}}
    (tmp_path / TOKENIZER).write_text(json.dumps(rules), encoding="utf-8")
    assert not compile_tokenizer(tmp_path / TOKENIZER, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [TOKENIZER]
