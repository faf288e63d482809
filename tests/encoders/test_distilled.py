import numpy as np

from rag.encoders import distilled


def test_what_is_saved_is_loaded_within_half_a_step_of_a_row(tmp_path):
    generator = np.random.default_rng(0)
    weights = {
        "layer.0.output.dense.weight": generator.normal(size=(5, 7)).astype(np.float32)
        * np.float32([[1], [9], [0], [1], [1]]),
        "layer.0.output.dense.bias": generator.normal(size=5).astype(np.float32),
    }
    distilled.save(tmp_path / "reader.npz", weights)
    found = distilled.load(tmp_path / "reader.npz")
    assert found.keys() == weights.keys()
    assert {value.dtype for value in found.values()} == {np.dtype(np.float32)}
    for name, weight in weights.items():
        step = np.abs(weight).max(axis=-1, keepdims=True) / 127
        assert (np.abs(found[name] - weight) <= 0.52 * step + 1e-6).all()
