"""For everybody: keyboard alone, screen readers, language, theme, motion, speed; test_matrix.py has axe look."""

import math

from playwright.sync_api import expect
from states import VIGEN


def test_the_keyboard_alone_is_enough_from_start_to_end(open_page):
    page = open_page(locale="en-GB")
    press = page.keyboard.press
    focused = lambda: page.evaluate("document.activeElement.id || document.activeElement.localName")  # noqa: E731
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("What is said about Silicon Valley?")
    press("Enter")
    page.locator(".turn .actions").wait_for()
    press("Escape")
    assert focused() == "body", "out of the field, single keys have a meaning"
    press("2")
    expect(page.locator(".count")).to_contain_text("Quote 2 of")
    expect(page.locator("#reader-title")).to_be_focused()
    press("p")
    expect(page.locator(".count")).to_contain_text("Quote 1 of")
    press("Tab")
    expect(page.locator("#reader .publisher")).to_be_focused()
    press("Escape")
    expect(page.locator("#reader")).to_be_hidden()
    expect(page.locator(".question")).to_be_focused()
    press("Tab")
    expect(page.locator(".chip").first).to_be_focused()
    expect(page.locator("#preview")).to_be_visible()
    press("Enter")
    page.locator("mark.current").wait_for()
    press("Escape")
    expect(page.locator(".chip").first).to_be_focused()
    press("Tab")
    press("Enter")
    expect(page.locator(".explanation").first).to_be_visible()
    press("?")
    expect(page.locator("#dialog")).to_be_visible()
    press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    press("/")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("?/n")
    expect(page.locator("#question")).to_have_value("?/n")
    reached = set()
    for _ in range(40):
        press("Shift+Tab")
        reached.add(focused())
    assert {"theme", "help", "interface"} <= reached


def test_single_keys_can_be_turned_off(open_page, ask):
    page = open_page(locale="en-GB")
    ask(page, VIGEN)
    page.click("#help")
    page.click("#dialog label")
    page.keyboard.press("Escape")
    page.locator(".question").focus()
    page.keyboard.press("1")
    page.keyboard.press("?")
    assert page.locator("#reader").is_hidden()
    assert page.locator("#dialog").is_hidden()


def test_a_screen_reader_is_told_little_and_enough(open_page, ask):
    page = open_page(locale="en-GB")
    page.evaluate("""() => {
      window.told = [];
      new MutationObserver(() => told.push(document.getElementById("status").textContent))
        .observe(document.getElementById("status"), { childList: true, characterData: true, subtree: true });
      new MutationObserver(records => {
        for (const node of records.flatMap(record => [...record.addedNodes]))
          if (node.querySelector?.("[role=alert], [aria-live]:not([aria-live=off])")) told.push(node.textContent);
      }).observe(document.body, { childList: true, subtree: true });
    }""")
    ask(page, VIGEN, model="writer")
    expect(page.locator("#status")).to_have_text("Answer ready, 1 source")
    told = page.evaluate("window.told")
    assert told == ["Generating the answer", "Answer ready, 1 source"]
    assert page.locator("#transcript").get_attribute("role") == "log"
    assert page.locator("#transcript").get_attribute("aria-live") == "off"


def test_the_language_of_the_browser_is_spoken_and_another_one_remembered(open_page, ask):
    page = open_page(locale="vi-VN")
    expect(page.locator("#welcome h2")).to_have_text("Hỏi các bài báo")
    assert page.evaluate("document.documentElement.lang") == "vi"
    ask(page, VIGEN)
    page.select_option("#interface", "fr")
    expect(page.locator(".support")).to_have_text("Mot pour mot")
    page.reload()
    expect(page.locator("#welcome h2")).to_have_text("Interrogez les articles")
    assert open_page(locale="de-DE").inner_text("#welcome h2") == "Ask the articles"


def test_the_theme_follows_the_system_until_it_is_chosen(open_page):
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light, dark = (open_page(theme=theme).evaluate(paper) for theme in ("light", "dark"))
    assert light != dark
    page = open_page(theme="dark")
    page.click("#theme")
    assert page.evaluate(paper) == light
    page.reload()
    assert page.evaluate(paper) == light


def test_nothing_moves_for_those_who_want_it_so(open_page):
    styles = "() => getComputedStyle(document.documentElement).scrollBehavior"
    assert open_page(reduced_motion="reduce").evaluate(styles) == "auto"
    assert open_page(reduced_motion="no-preference").evaluate(styles) == "smooth"


def test_the_first_paint_is_quick(open_page):
    page, times = open_page(), []
    while len(times) < 20 and min(times, default=math.inf) >= 300:  # a busy machine now and then has a quiet moment
        page.reload()
        page.wait_for_selector("body.ready")
        times += page.evaluate("performance.getEntriesByName('first-contentful-paint').map(each => each.startTime)")
    assert min(times) < 300, times
