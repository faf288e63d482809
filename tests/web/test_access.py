"""For everybody: keyboard alone, screen readers, every language, theme and width."""

import itertools

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

VIGEN = "Qu'est-ce que ViGen ?"
CASES = [
    ("fr-FR", "light", 1280), ("vi-VN", "dark", 1280), ("en-US", "dark", 390),
    ("fr-FR", "dark", 320), ("vi-VN", "light", 320), ("en-US", "light", 390),
]  # fmt: skip


def look(page, state):
    """Have axe look at the page, and see that nothing makes it wider than the window."""
    expect(page.locator("body.ready")).to_be_attached()
    wide = page.evaluate("() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth")
    assert wide <= 0, f"{state}: {wide} px too wide"
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    told = [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found.response["violations"]]
    assert told == [], state


@pytest.mark.parametrize(("locale", "theme", "width"), CASES)
def test_no_state_has_a_violation_in_any_language_theme_or_width(open_page, ask, locale, theme, width):
    page = open_page(
        locale=locale, theme=theme, width=width, reduced_motion="reduce", expected="Failed to load resource"
    )
    for state, reach in STATES.items():
        reach(page, ask)
        look(page, state)


def first(page, ask):
    assert ask
    page.locator("#start .suggestions button").first.wait_for()


def options(page, ask):
    assert ask
    page.click("#options-button")
    page.locator("#source").wait_for()


def written(page, ask):
    page.select_option("#model", "writer")
    page.click("#options-button")
    turn = ask(page, VIGEN)
    for button in turn.locator(".support").all():
        button.click()


def preview(page, ask):
    assert ask
    page.locator(".chip").first.hover()
    page.locator("#preview").wait_for()


def reading(page, ask):
    assert ask
    page.locator(".chip").first.click()
    page.locator("mark.current").wait_for()


def quoted(page, ask):
    page.keyboard.press("Escape")
    page.click("#options-button")
    page.select_option("#model", "extractive")
    page.click("#options-button")
    turn = ask(page, "What is said about Silicon Valley?")
    turn.locator(".others summary, .menu summary").first.click()
    turn.locator(".feedback > button").nth(1).click()
    turn.locator(".reason input").first.wait_for()


def none(page, ask):
    turn = ask(page, "Qui a gagné la Coupe du monde 2022 ?")
    turn.locator(".closest li").first.wait_for()


def failed(page, ask):
    page.route(
        "**/v1/ask", lambda route: route.fulfill(status=500, json={"title": "x", "detail": "x", "instance": "x"})
    )
    ask(page, "Pourquoi ?", wait=False).locator("[role=alert]").wait_for()


def locked(page, ask):
    page.unroute_all()
    page.route("**/v1/ask", lambda route: route.fulfill(status=401, json={"title": "x"}))
    ask(page, "Pourquoi ?", wait=False).locator(".token input").wait_for()
    page.keyboard.press("Escape")


def keys(page, ask):
    assert ask
    page.click("#help")
    page.locator("#dialog kbd").first.wait_for()


def articles(page, ask):
    assert ask
    page.keyboard.press("Escape")
    page.click("nav a[href='#articles']")
    page.locator(".articles li").first.wait_for()
    page.locator(".adding summary").click()


def history(page, ask):
    assert ask
    page.click("nav a[href='#history']")
    page.locator("#history .articles li").first.wait_for()


STATES = {
    each.__name__: each
    for each in (first, options, written, preview, reading, quoted, none, failed, locked, keys, articles, history)
}


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


def test_the_cases_cover_every_pair():
    pairs = {pair for case in CASES for pair in itertools.combinations(case, 2)}
    wanted = itertools.product(("fr-FR", "vi-VN", "en-US"), ("light", "dark"))
    assert set(wanted) <= pairs
    assert {(theme, width) for theme in ("light", "dark") for width in (1280, 390, 320)} <= pairs


def test_the_first_paint_is_quick(open_page):
    page, times = open_page(), []
    for _ in range(5):
        page.reload()
        page.wait_for_selector("body.ready")
        times.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity"))
    assert min(times) < 300, times
