import json
import os
import subprocess
import sys

import pytest
from made import asked

from rag.errors import GeneratorError
from rag.generators import describe, gguf, load
from rag.messages import message
from rag.settings import load as load_settings
from rag.terminal import models_text
from rag.types import as_json

OPENAI = {"host": "api.openai.com", "provider": "openai", "variable": "OPENAI_API_KEY"}
GOOD = """
class Echo:
    name = "echo"

    def generate(self, request):
        yield request.question


def make(settings):
    assert settings.top_k
    if settings.top_k == 99:
        raise RuntimeError("no licence")
    return Echo()
"""


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch):
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """Two packages that bring a generator: one that works, and one that cannot be imported."""
    for name, code in (("askpress_echo", GOOD), ("askpress_broken", "import not_there_at_all\n")):
        (tmp_path / f"{name}.py").write_text(code)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[rag.generators]\n{name.removeprefix('askpress_')} = {name}:make\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("askpress_echo", None)


def problems(**settings):
    return {one.name: one.problem and one.problem.key for one in describe(load_settings(**settings))}


def selected(**settings):
    return [one.name for one in describe(load_settings(**settings)) if one.selected]


def test_extractive_is_what_there_always_is():
    assert load(load_settings()).name == "extractive"
    assert selected() == ["extractive"]
    assert problems()["extractive"] is None


@pytest.mark.parametrize(("provider", "kind"), [("openai", "OpenAIGenerator"), ("anthropic", "AnthropicGenerator")])
def test_a_remote_model_is_loaded_with_the_settings(provider, kind):
    model = f"{provider}:some/model:7b"
    settings = load_settings(model=model, answer_tokens=77, idle_seconds=3, **{f"{provider}_key": "canary"})
    generator = load(settings)
    assert (type(generator).__name__, generator.name) == (kind, model)
    upstream = generator._upstream
    assert (upstream.endpoint.model, upstream.endpoint.key) == ("some/model:7b", "canary")
    assert (upstream.limits.max_tokens, upstream.limits.idle) == (77, 3)
    assert "canary" not in repr(describe(settings))
    assert selected(model=model) == [f"{provider}:NAME"]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_key_is_missing_only_where_it_is_wanted(provider):
    with pytest.raises(GeneratorError, match=f"{provider.upper()}_API_KEY.*{provider}_key"):
        load(load_settings(model=f"{provider}:some-model"))
    assert problems()[f"{provider}:NAME"] == "generator_key_missing"
    own = {f"{provider}_base_url": "http://127.0.0.1:11434/v1"}
    assert load(load_settings(model=f"{provider}:some-model", **own)).name == f"{provider}:some-model"
    assert problems(**own)[f"{provider}:NAME"] is None


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("model", ["mistral", "openai:", "openai", "extractive:x", ""])
def test_an_unknown_name_is_told_with_those_there_are(model):
    with pytest.raises(GeneratorError, match=r"extractive, local, openai:NAME, anthropic:NAME, .*echo"):
        load(load_settings(model=model))
    assert problems(model=model)[model] == "generator_unknown"
    assert selected(model=model) == [model]


@pytest.mark.usefixtures("plugins")
def test_a_package_brings_a_generator():
    settings = load_settings(model="echo")
    assert list(load(settings).generate(asked("What?"))) == ["What?"]
    assert selected(model="echo") == ["echo"]
    assert problems()["echo"] is None


@pytest.mark.usefixtures("plugins")
def test_a_package_that_fails_is_named_and_the_others_are_listed():
    with pytest.raises(GeneratorError, match=r"broken .* askpress_broken, .*No module named 'not_there_at_all'"):
        load(load_settings(model="broken"))
    with pytest.raises(GeneratorError, match=r"echo .* askpress_echo, .*RuntimeError: no licence"):
        load(load_settings(model="echo", top_k=99))
    found = problems()
    assert (found["broken"], found["echo"], found["extractive"]) == ("generator_plugin_failed", None, None)


def test_a_package_cannot_take_the_name_of_ours(tmp_path, monkeypatch):
    info = tmp_path / "thief-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[rag.generators]\nextractive = not_there_at_all:make\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert load(load_settings()).name == "extractive"
    assert problems()["extractive"] is None


def test_what_the_local_model_lacks_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(gguf, "RUNTIME", "not_there_at_all")
    with pytest.raises(GeneratorError, match=r"not-there-at-all.*pip install 'askpress\[local\]'"):
        load(load_settings(model="local"))
    assert problems()["local"] == "generator_local_missing"
    monkeypatch.setattr(gguf, "RUNTIME", "json")
    monkeypatch.setattr(gguf, "BUNDLED", "not_there_at_all")
    assert problems()["local"] == "generator_local_missing"
    (tmp_path / "notes.gguf").write_text("GPT notes")
    assert problems(local_model=tmp_path / "notes.gguf")["local"] == "generator_local_not_gguf"
    assert problems(local_model=tmp_path / "none.gguf")["local"] == "generator_local_unreadable"
    (tmp_path / "empty.gguf").touch()
    assert problems(local_model=tmp_path / "empty.gguf")["local"] == "generator_local_not_gguf"


@pytest.mark.usefixtures("plugins")
def test_they_are_listed_in_a_language():
    found = describe(load_settings(model="echo"))
    lines = models_text(found, "fr").splitlines()
    assert f"* echo\t{message('model_usable', 'fr')}" in lines
    assert f"  broken\t{next(one.problem for one in found if one.name == 'broken').said('fr')}" in lines
    told = {one["name"]: one for one in as_json(found, "fr")}
    assert told["echo"] == {"name": "echo", "selected": True, "problem": None}
    assert told["anthropic:NAME"]["problem"]["key"] == "generator_key_missing"


def test_the_command_lists_them():
    run = [sys.executable, "-c", "from rag.cli import rag; rag()", "models"]
    environment = {**os.environ, "RAG_MODEL": "openai:some-model", "RAG_INTERFACE": "vi"}
    text, told = (
        subprocess.run([*run, *more], env=environment, capture_output=True, text=True, check=True).stdout
        for more in ([], ["--json"])
    )
    assert f"* openai:NAME\t{message('generator_key_missing', 'vi', **OPENAI)}\n" in text
    assert [one["name"] for one in json.loads(told)][:4] == ["extractive", "local", "openai:NAME", "anthropic:NAME"]
