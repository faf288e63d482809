"""Asking: examples, the stream, stop, retry, follow-ups, the choices."""

import re

from playwright.sync_api import expect
from processes import until
from states import VIGEN

TEXT = "The mill of Ostrava opened on Monday. Its director is Dr Ana Belkova, an engineer of 41. It employs 320 people."


def test_an_example_of_the_collection_is_asked_and_answered(open_page):
    page = open_page()
    page.locator("#start .suggestions button").first.click()
    page.wait_for_selector(".claim .chip")
    assert page.locator(".turn").count() == 1
    assert page.locator("#start .suggestions").count() == 0


def test_examples_come_from_the_articles_alone(open_page, collection):
    collection("names", {"title": "The mill", "text": TEXT})
    page = open_page("#q=x&collection=names", locale="en-GB")
    expect(page.locator("#start .suggestions")).to_contain_text("Belkova")
    assert all("Belkova" in text for text in page.locator("#start .suggestions button").all_inner_texts())


def test_a_draft_is_shown_as_one_until_its_sentences_are_judged(open_page, ask):
    page = open_page()
    page.evaluate("""() => {
      window.seen = [];
      new MutationObserver(() => {
        const turn = document.querySelector(".turn");
        const draft = turn?.querySelector(".draft");
        if (turn) seen.push([draft.hidden ? "" : draft.textContent, turn.querySelectorAll(".claim").length]);
      }).observe(document.getElementById("transcript"), { subtree: true, childList: true, attributes: true });
    }""")
    turn = ask(page, VIGEN, model="writer")
    seen = page.evaluate("window.seen")
    drafts = [text for text, claims in seen if text and claims == 0]
    assert any("AIV veut" in text for text in drafts)
    assert any(text and claims == 1 for text, claims in seen), (
        "the second sentence is a draft while the first is judged"
    )
    assert all("[" not in text for text, _ in seen)
    assert turn.locator(".draft").is_hidden()
    assert turn.locator(".claim").count() == 2


def test_stopping_by_button_and_by_key_leaves_a_turn_to_try_again(open_page, ask):
    page = open_page()
    turn = ask(page, VIGEN, model="slow", wait=False)
    page.wait_for_selector(".draft:not([hidden])")
    assert page.locator("#send").is_hidden()
    page.click("#stop")
    turn.locator(".state", has_text="Arrêté.").wait_for()
    turn.locator(".retry").click()
    page.wait_for_selector(".draft:not([hidden])")
    page.keyboard.press("Escape")
    turn.locator(".state", has_text="Arrêté.").wait_for()
    assert page.locator("#send").is_visible()


def test_a_stopped_question_ends_on_the_server_too(open_page, ask, site):
    page = open_page()
    page.wait_for_selector("#start .suggestions")
    wait_for_running(page, site, 0)
    ask(page, VIGEN, model="slow", wait=False)
    page.wait_for_selector(".draft:not([hidden])")
    wait_for_running(page, site, 1)
    page.click("#stop")
    wait_for_running(page, site, 0)


def wait_for_running(page, site, number):
    def running():
        metrics = page.request.get(f"{site}/metrics").text()
        return float(re.search(r"^askpress_work_running (\S+)", metrics, re.MULTILINE)[1])

    until(lambda: running() == number)


def test_a_follow_up_is_sent_with_what_was_said_before(open_page, ask, sent):
    page = open_page()
    ask(page, VIGEN)
    with sent(page) as asked:
        ask(page, "Et avec qui ?")
    body = asked.value.post_data_json
    assert [turn["question"] for turn in body["history"]] == [VIGEN]
    assert "ViGen" in body["history"][0]["answer"]
    assert page.locator(".turn").count() == 2


def test_the_choices_are_sent_and_said(open_page, ask, sent):
    page = open_page()
    page.click("#options-button")
    page.select_option("#language", "vi")
    page.fill("#since", "2025-06-01")
    page.fill("#source", "baoquocte.vn, example.org")
    assert "depuis : 1 juin 2025 · baoquocte.vn" in page.inner_text("#options-button")
    with sent(page) as asked:
        ask(page, "ViGen là gì?")
    body = asked.value.post_data_json
    assert body["filters"] == {"since": "2025-06-01", "source": ["baoquocte.vn", "example.org"]}
    assert (body["collection"], body["language"], body["model"]) == ("seeds", "vi", "extractive")
    page.click("#options-reset")
    assert "2025" not in page.inner_text("#options-button")


def test_an_input_method_keeps_its_enter(open_page):
    page = open_page()
    page.fill("#question", "越南")
    for composing in ("isComposing: true", "keyCode: 229"):
        page.evaluate(
            "() => document.getElementById('question').dispatchEvent("
            f"new KeyboardEvent('keydown', {{ key: 'Enter', bubbles: true, {composing} }}))"
        )
    page.press("#question", "Shift+Enter")
    assert page.locator(".turn").count() == 0
    assert page.input_value("#question") == "越南\n"


def test_a_question_that_is_too_long_is_told_before_it_is_sent(open_page):
    page = open_page()
    page.fill("#question", "a" * 2001)
    expect(page.locator("#question-problem")).to_contain_text("2001")
    expect(page.locator("#send")).to_be_disabled()
    page.press("#question", "Enter")
    assert page.locator(".turn").count() == 0
    page.fill("#question", "😀" * 2000)
    assert page.locator("#question-problem").is_hidden(), "characters are counted, not their halves"
