"""What is kept and shared: conversations in the browser, exports, copies, links, what readers thought of an answer."""

import json
import re

import pytest
from playwright.sync_api import expect
from states import VIGEN

KEY = "askpress.conversations"
BROKEN = {"question": "q", "asked": {"collection": 3}, "answer": {
    "status": "answered", "text": "t", "claims": [{"text": 1}, {"text": "x", "support": "?", "citations": [9, {}]}],
    "citations": [{"quote": "q", "number": 1, "url": 5}], "sources": 3,
}}  # fmt: skip
FILL = """key => {
  const turns = [{ question: "x".repeat(90000), asked: {}, answer: null }];
  const conversations = Array.from({ length: 49 }, (_, n) => ({ id: `old-${n}`, changed: "", turns }));
  localStorage.setItem(key, JSON.stringify({ version: 1, conversations }));
  for (let size = 1000000; size > 1; size = Math.floor(size / 2)) {
    try { localStorage.setItem(`filler${size}`, "x".repeat(size)); } catch { continue; }
  }
}"""


def test_conversations_are_kept_opened_and_cleared(open_page, ask, sent):
    page = open_page()
    ask(page, VIGEN)
    page.reload()
    page.click("nav a[href='#history']")
    page.click(f'.articles .title:has-text("{VIGEN}")')
    page.locator(".claim .chip").click()
    page.locator("mark.current").wait_for()
    page.keyboard.press("Escape")
    with sent(page) as asked:
        ask(page, "Et avec qui ?")
    assert asked.value.post_data_json["history"][0]["question"] == VIGEN, "a conversation goes on where it was left"
    page.click("nav a[href='#history']")
    expect(page.locator(".articles li")).to_contain_text("2 questions")
    page.click("text=Tout effacer")
    page.click("#dialog button:has-text('Tout effacer')")
    page.locator("#history .meta", has_text="Pas encore").wait_for()
    assert page.evaluate(f"localStorage.getItem('{KEY}')") is None


@pytest.mark.parametrize(
    "stored",
    [
        "{not json", "null", "[]", '{"version": 99, "conversations": [1]}', '{"version": 1, "conversations": {}}',
        json.dumps({"version": 1, "conversations": [None, 7, {"id": 1}, {"id": "a", "turns": [{}, BROKEN]}]}),
    ],
)  # fmt: skip
def test_what_is_stored_is_never_trusted(open_page, stored):
    page = open_page(before=lambda page: page.add_init_script(f"localStorage.setItem('{KEY}', {json.dumps(stored)})"))
    page.click("nav a[href='#history']")
    page.locator("#history h2").wait_for()
    for title in page.locator("#history .title").all():
        title.click()
        page.locator(".turn").first.wait_for()


def test_a_full_storage_gives_up_the_oldest(open_page, ask):
    page = open_page()
    page.evaluate(FILL, KEY)
    ask(page, VIGEN)
    kept = page.evaluate(
        f"JSON.parse(localStorage.getItem('{KEY}')).conversations.map(each => each.turns[0].question.slice(0, 20))"
    )
    assert kept[0] == VIGEN[:20]
    assert 0 < len(kept) < 50


def test_without_storage_the_page_still_answers(open_page, ask):
    deny = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
    page = open_page(before=lambda page: page.add_init_script(deny))
    assert ask(page, VIGEN).locator(".claim").count() == 1


@pytest.mark.parametrize("kind", ["Markdown", "HTML", "JSON"])
def test_answers_are_saved_with_their_citations(open_page, ask, kind, tmp_path):
    page = open_page()
    turn = ask(page, VIGEN)
    turn.locator("summary", has_text="Enregistrer").click()
    with page.expect_download() as saved:
        turn.locator(f".menu button:has-text('{kind}')").click()
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    text = path.read_text(encoding="utf-8")
    assert "Le premier projet d'AIV est ViGen" in text
    assert "https://baoquocte.vn/" in text
    if kind == "JSON":
        (told,) = json.loads(text)
        (citation,) = told["answer"]["citations"]
        assert citation["stop"] - citation["start"] == len(citation["quote"])
    if kind == "HTML":
        assert re.search(r'<blockquote lang="fr"><mark>Le premier projet', text)
        assert '<a href="#a1-1">[1]</a>' in text
    if kind == "Markdown":
        assert re.search(r"^> Le premier projet d'AIV", text, re.MULTILINE)


def test_copying_takes_the_sources_along(open_page, ask):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    turn = ask(page, VIGEN)
    turn.locator("button", has_text="Copier avec les sources").click()
    turn.locator("button", has_text="Copié").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{VIGEN}\n\nLe premier projet d'AIV")
    assert "[1] Le 7 décembre" in copied
    assert "https://baoquocte.vn/" in copied


def test_copying_by_hand_where_the_browser_forbids_it(open_page, ask):
    refuse = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
    page = open_page(before=lambda page: page.add_init_script(refuse))
    ask(page, VIGEN).locator("button", has_text="Copier avec les sources").click()
    assert "baoquocte.vn" in page.input_value("#dialog textarea")


def test_a_link_carries_a_question_and_does_not_ask_it(open_page, ask):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.click("#options-button")
    page.fill("#since", "2025-06-01")
    ask(page, VIGEN).locator("button", has_text="Copier un lien").click()
    page.locator("button", has_text="Copié").wait_for()
    address = page.evaluate("navigator.clipboard.readText()")
    other = open_page("#" + address.split("#")[1])
    expect(other.locator("#question")).to_have_value(VIGEN)
    assert other.input_value("#since") == "2025-06-01"
    assert other.locator("#carried").is_visible()
    other.locator("#start .suggestions").wait_for()
    assert other.locator(".turn").count() == 0
    other.press("#question", "Enter")
    other.wait_for_selector(".claim")
    assert other.url.endswith("#ask")


def test_a_rating_and_its_reason_reach_the_server(open_page, ask):
    page = open_page()
    turn = ask(page, VIGEN)
    sent = []
    page.on("request", lambda request: request.url.endswith("/v1/feedback") and sent.append(request.post_data_json))
    turn.locator("button", has_text="Pas utile").click()
    turn.locator("label", has_text="La citation ne le dit pas").click()
    turn.locator(".reason .field input").fill("voir le titre")
    turn.locator(".reason button", has_text="Envoyer").click()
    turn.locator(".reason").wait_for(state="hidden")
    assert [each["rating"] for each in sent] == ["down", "down"]
    assert sent[1]["reason"] == "unsupported: voir le titre"
    assert turn.locator("button", has_text="Pas utile").get_attribute("aria-pressed") == "true"


def test_a_rating_that_comes_too_late_is_told(open_page, ask):
    page = open_page(expected="404")
    turn = ask(page, VIGEN)
    problem = {
        "type": "/problems/answer_not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "Trop tard.",
        "instance": "a",
    }
    page.route("**/v1/feedback", lambda route: route.fulfill(status=404, json=problem))
    turn.locator("button", has_text="Utile").first.click()
    turn.locator(".told", has_text="Trop tard.").wait_for()
