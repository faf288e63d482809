import hashlib

import numpy as np
import pytest

from rag.encoders import additions, distilled

FILES = [
    (additions.ENCODER, additions.ENCODER_SHA256),
    (distilled.READER, distilled.READER_SHA256),
]


@pytest.mark.parametrize(("path", "digest"), FILES)
def test_the_files_are_those_that_prepared_folders_are_named_after(path, digest):
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


def test_products_are_added_and_norms_replaced():
    generator = np.random.default_rng(0)
    name = "encoder.layer.3.attention.self.query.weight"
    norm = "encoder.layer.3.output.LayerNorm.bias"
    before = generator.random((4, 6), dtype=np.float32)
    tensors = {name: before.copy(), norm: np.zeros(4, np.float32), "embeddings": before}
    a, b = generator.random((2, 6), dtype=np.float32), generator.random((4, 2), dtype=np.float32)
    additions.add(tensors, {"3.query.a": a, "3.query.b": b, "3.output_norm.bias": np.ones(4, np.float32)})
    assert np.allclose(tensors[name], before + b @ a)
    assert tensors[norm].tolist() == [1, 1, 1, 1]
    assert tensors["embeddings"] is before
