import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

TEXTS = {
    "fr": "Le gouvernement vietnamien soutient la recherche sur l'intelligence artificielle.",
    "en": "The Vietnamese government supports research on artificial intelligence.",
    "vi": "Chính phủ Việt Nam hỗ trợ nghiên cứu về trí tuệ nhân tạo.",
    "zh": "越南政府支持人工智能研究。",
}
OTHERS = ["Le chat dort.", "It rains in Spain.", "Hôm nay trời đẹp.", "足球比赛结束了。"]


def test_contract(encoder):
    vectors = encoder.encode_passages(list(TEXTS.values()), list(TEXTS))
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, encoder.dimension) == (4, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode_passages([], []).shape == encoder.encode_queries([], []).shape == (0, 384)
    assert encoder.count_tokens([]) == []
    tokens = encoder.encode_query_tokens(TEXTS["fr"], "fr")
    assert tokens.dtype == np.float32
    assert tokens.shape == (len(tokens), 384)
    assert len(tokens) > encoder.count_tokens([TEXTS["fr"]])[0]
    assert np.allclose(np.linalg.norm(tokens, axis=1), 1, atol=1e-5)
    assert encoder.name == "bundled"
    assert encoder.max_tokens == 512


def test_scores_are_those_of_sentence_transformers(encoder, transformer):
    passages = [*TEXTS.values(), *OTHERS]
    languages = [*TEXTS] * 2
    scores = [
        each.encode_queries(list(TEXTS.values()), list(TEXTS)) @ each.encode_passages(passages, languages).T
        for each in (encoder, transformer)
    ]
    assert np.abs(scores[0] - scores[1]).max() < 0.02  # they lie between .4 and .95
    assert encoder.count_tokens(passages) == transformer.count_tokens(passages)
    assert encoder.fingerprint != transformer.fingerprint


@pytest.mark.parametrize("language", TEXTS)
def test_meaning_counts_before_language(encoder, language):
    query = encoder.encode_queries([TEXTS[language]], [language])[0]
    near = encoder.encode_passages(list(TEXTS.values()), list(TEXTS)) @ query
    far = encoder.encode_passages(OTHERS, list(TEXTS)) @ query
    assert near.min() > far.max() + 0.05


def test_tokens_of_a_question_are_nearest_to_the_text_that_has_them(encoder):
    passages = encoder.encode_passages([*TEXTS.values(), *OTHERS], [*TEXTS] * 2)
    for language, text in TEXTS.items():
        matched = (encoder.encode_query_tokens(text, language) @ passages.T).mean(axis=0)
        assert matched[:4].min() > matched[4:].max()


def test_the_batch_does_not_change_a_vector(encoder):
    texts = [" ".join([text] * times) for text in TEXTS.values() for times in (1, 3, 9)]
    languages = [language for language in TEXTS for _ in range(3)]
    together = encoder.encode_passages(texts, languages)
    order = random.Random(1).sample(range(len(texts)), len(texts))
    shuffled = encoder.encode_passages([texts[place] for place in order], [languages[place] for place in order])
    alone = np.concatenate(
        [encoder.encode_passages([text], [lang]) for text, lang in zip(texts, languages, strict=True)]
    )
    assert (together[order] * shuffled).sum(axis=1).min() > 0.9999
    assert (together * alone).sum(axis=1).min() > 0.9999


def test_long_texts_are_cut_and_counted_whole(encoder):
    long = "mot " * 2000
    longer = long + "fin"
    assert encoder.count_tokens([longer])[0] > 2000
    first, second = encoder.encode_passages([long, longer], ["fr", "fr"])
    assert first @ second > 0.99999


def test_any_string_has_a_vector(encoder):
    odd = ["", " ", "\n\t", "\u200b", "🤖" * 300, "a" * 5000, "\x00", "é" * 10]
    vectors = encoder.encode_passages(odd, ["und"] * len(odd))
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_progress_ends_at_one(encoder):
    seen = []
    encoder.encode_passages([*TEXTS.values()] * 40, [*TEXTS] * 40, lambda stage, done: seen.append((stage, done)))
    assert seen == sorted(seen)
    assert seen[-1] == ("embed", 1.0)


def test_threads_agree(encoder):
    expected = encoder.encode_queries(list(TEXTS.values()), list(TEXTS))
    with ThreadPoolExecutor(4) as pool:
        results = pool.map(lambda _: encoder.encode_queries(list(TEXTS.values()), list(TEXTS)), range(12))
        assert all(np.allclose(result, expected, atol=1e-5) for result in results)


def test_a_question_asked_again_has_the_same_vector_and_cannot_be_spoilt(encoder):
    first = encoder.encode_queries(["Où est Nanning ?"], ["fr"])
    first[:] = 0
    again = encoder.encode_queries(["Où est Nanning ?"], ["fr"])
    fresh = encoder.encode_queries(["Où est Nanning ?", "Where?"], ["fr", "en"])[:1]
    assert np.allclose(again, fresh, atol=1e-3)
    other = encoder.encode_queries(["Où est Nanning ?"], ["vi"])
    assert not np.allclose(again, other, atol=1e-3)


def test_a_process_that_ends_before_the_encoder_is_open_ends_well(cache_dir, encoder):
    assert encoder.name
    script = f"from pathlib import Path; from rag.encoders import load; load(cache_dir=Path({str(cache_dir)!r}))"
    for _ in range(3):
        subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
