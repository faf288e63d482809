"""The page's files themselves: what they may not use, how large they are, whether every word is translated."""

import json
import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
SCRIPTS = sorted(WEB.glob("*.js"))
STRINGS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (WEB / "strings").glob("*.json")}
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|setHTML"
    r"|\beval\b|new Function|javascript:|\.on[a-z]+\s*="
)
KEY = re.compile(r'["\'`]([a-z]+(?:_[a-z]+)*)["\'`]')
MADE = ("support_", "reason_", "stage_", "result_")  # keys put together from what the server says


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_parses_no_markup_and_stays_small(script):
    text = script.read_text(encoding="utf-8")
    assert MARKUP.findall(text) == []
    assert len(text.splitlines()) <= 350


def test_the_page_has_no_script_or_style_within_it_and_loads_nothing_from_elsewhere():
    page = (WEB / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|https?:", page) == []
    assert re.findall(r"@import|url\(", (WEB / "style.css").read_text(encoding="utf-8")) == []


def test_the_page_is_light():
    sizes = {path.name: path.stat().st_size for path in WEB.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 150_000, sizes


def test_every_language_has_every_word_with_the_same_places():
    assert set(STRINGS) == {"en", "fr", "vi", "zh"}
    forms = {
        language: {key: set(re.findall(r"{\w+}", json.dumps(words))) for key, words in strings.items()}
        for language, strings in STRINGS.items()
    }
    for language, strings in STRINGS.items():
        assert forms[language] == forms["en"], language
        assert all(words if isinstance(words, str) else words["other"] for words in strings.values())
        counted = [key for key, words in strings.items() if "{count}" in str(words) and language == "fr"]
        assert [key for key in counted if isinstance(strings[key], str)] == [], "French has a singular"


def test_every_word_is_used_and_there():
    text = "".join(path.read_text(encoding="utf-8") for path in [*SCRIPTS, WEB / "index.html"])
    used = set(KEY.findall(text))
    assert [key for key in STRINGS["en"] if key not in used and not key.startswith(MADE)] == []
    asked = set(re.findall(r'\bt\("([a-z_]+)"', text)) | set(re.findall(r'data-t(?:-label)?="([a-z_]+)"', text))
    assert asked - STRINGS["en"].keys() == set()
