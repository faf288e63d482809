import os

import pytest

from rag.encoders.source import resolve
from rag.errors import ModelNotFound


def test_a_model_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for spec in ("nobody/no-such-model", "no-such-model", str(tmp_path / "absent"), "../x", ""):
        with pytest.raises(ModelNotFound) as caught:
            resolve(spec)
        assert "\n" not in str(caught.value)
        assert "bundled" in str(caught.value)


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(ModelNotFound, match=r"modules\.json"):
        resolve(str(tmp_path))


def test_the_stamp_follows_the_files(tmp_path):
    (tmp_path / "modules.json").write_text("[]")
    first = resolve(str(tmp_path))
    assert first == resolve(str(tmp_path))
    os.utime(tmp_path / "modules.json", ns=(1, 1))
    assert resolve(str(tmp_path)).stamp != first.stamp
