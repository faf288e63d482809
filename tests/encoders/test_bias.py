import numpy as np
import pytest

from rag.encoders.bias import COMMON, KINDS, Bias, measure, parallel_texts
from rag.errors import EncoderError


@pytest.mark.parametrize("kind", KINDS)
def test_the_texts_are_parallel(kind):
    texts = parallel_texts(kind)
    assert {"fr", "en", "vi", "zh", "de", "es"} <= set(texts)
    assert len({len(column) for column in texts.values()}) == 1
    assert all(len(set(column)) == len(column) >= 30 for column in texts.values())
    assert all(question.endswith(("?", "？")) for column in texts.values() for question in column) == (kind == "query")


def encode_with_language(texts, kind):
    """Half of each vector tells the text's place, half its language."""
    languages = list(parallel_texts(kind))
    size = len(texts) // len(languages)
    vectors = np.zeros((len(texts), size + len(languages)), np.float32)
    for row in range(len(texts)):
        vectors[row, row % size] = vectors[row, size + row // size] = 0.5**0.5
    return vectors


def test_taking_the_bias_out_leaves_the_meaning():
    bias = measure(encode_with_language)
    texts = parallel_texts("query")
    count = len(texts["fr"])
    encoded = encode_with_language([text for column in texts.values() for text in column], "query")
    french, english = encoded[:count], encoded[count : 2 * count]
    before = np.diagonal(french @ english.T)
    after = np.diagonal(bias.remove(french, "query", ["fr"] * count) @ bias.remove(english, "query", ["en"] * count).T)
    assert np.allclose(before, 0.5, atol=1e-6)
    assert (after > 0.9).all()
    assert np.allclose(np.mean(list(bias.vectors["query"].values()), axis=0), COMMON * encoded.mean(axis=0), atol=1e-6)


def test_tokens_lose_all_that_those_of_their_language_have_in_common():
    questions = parallel_texts("query")
    language = {text: place for place, texts in enumerate(questions.values()) for text in texts}
    meaning, common = np.eye(8, dtype=np.float32)[7], np.eye(8, dtype=np.float32)
    bias = measure(encode_with_language, lambda text: common[language[text]] + np.stack([meaning, -meaning]))
    french = common[list(questions).index("fr")] + meaning
    assert np.allclose(bias.remove(french[np.newaxis], "token", ["fr"]), meaning, atol=1e-6)
    shared = common[: len(questions)].mean(axis=0) + meaning
    assert np.allclose(bias.remove(shared[np.newaxis], "token", ["xx"]), meaning, atol=1e-6)


def test_unknown_languages_pass_unchanged_and_zeros_stay_zero():
    bias = Bias({"query": {"fr": np.array([0.5, 0], np.float32)}, "passage": {}})
    vectors = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    assert np.array_equal(bias.remove(vectors, "query", ["xx", "und", "xx"]), vectors)
    moved = bias.remove(vectors, "query", ["fr"] * 3)
    assert np.allclose(np.linalg.norm(moved, axis=1), 1)
    assert moved.dtype == np.float32
    assert bias.remove(np.zeros((0, 2), np.float32), "query", []).shape == (0, 2)


def test_texts_and_languages_must_be_as_many():
    with pytest.raises(ValueError, match="2 texts but 1 languages"):
        Bias({"query": {}, "passage": {}}).remove(np.eye(2, dtype=np.float32), "query", ["fr"])


def test_saved_and_loaded(tmp_path):
    bias = measure(encode_with_language)
    bias.save(tmp_path / "bias.npz")
    loaded = Bias.load(tmp_path / "bias.npz")
    for kind in KINDS:
        assert loaded.vectors[kind].keys() == bias.vectors[kind].keys()
        assert all(np.array_equal(loaded.vectors[kind][key], bias.vectors[kind][key]) for key in bias.vectors[kind])


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "bias.npz").write_bytes(b"PK\x03\x04 not an archive")
    with pytest.raises(EncoderError, match=r"bias\.npz"):
        Bias.load(tmp_path / "bias.npz")
