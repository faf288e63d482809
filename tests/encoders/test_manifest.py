import shutil

import pytest

from rag.encoders import prepare, prepared, resolve
from rag.encoders.manifest import FORMAT, verify
from rag.encoders.onnx import OnnxEncoder
from rag.errors import EncoderError
from rag.protocols import silent


@pytest.fixture
def folder(tiny_model, tmp_path, tmp_path_factory):
    made = prepare(resolve(str(tiny_model)), tmp_path_factory.getbasetemp() / "prepared", silent)
    return shutil.copytree(made, tmp_path / "copy")


def test_a_whole_folder_has_no_problems(folder):
    assert verify(folder) == ()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "bias.npz"])
def test_a_changed_file_is_found(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 0xFF
    (folder / name).write_bytes(data)
    (problem,) = verify(folder)
    assert problem.values["path"] == folder / name
    assert str(folder) in problem.said("en")


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json"])
def test_a_file_cut_short_is_refused_at_once(folder, name):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(EncoderError, match=str(folder)):
        OnnxEncoder(folder)
    assert verify(folder)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_of_the_right_size_is_an_encoder_error(folder, name):
    size = (folder / name).stat().st_size
    (folder / name).write_bytes(b"\xff" * size)
    with pytest.raises(EncoderError, match=name):
        OnnxEncoder(folder).encode_queries(["a"], ["en"])


def test_another_format_is_refused(folder):
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"format": {FORMAT}', '"format": 999'))
    with pytest.raises(EncoderError, match="format 999"):
        OnnxEncoder(folder)


def test_a_prepared_encoder_is_found_by_its_fingerprint(folder):
    fingerprint = OnnxEncoder(folder).fingerprint
    assert prepared(fingerprint, cache_dir=folder.parent).fingerprint == fingerprint
    assert prepared("another", cache_dir=folder.parent) is None
    assert prepared(fingerprint, cache_dir=folder.parent / "nowhere") is None
    (folder / "manifest.json").write_text("{}")
    assert prepared(fingerprint, cache_dir=folder.parent) is None
