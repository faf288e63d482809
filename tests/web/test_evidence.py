"""What supports an answer, on sight: chips, previews, the article beside it; and what is shown when nothing does."""

from urllib.parse import unquote

from playwright.sync_api import expect
from processes import until
from states import VIGEN, States

QUOTE = (
    "Le premier projet d'AIV est ViGen, une initiative collaborative avec Meta visant à constituer le plus grand "
    "ensemble de données open source en langue vietnamienne à ce jour."
)


def test_a_chip_names_its_source_and_previews_the_quote(open_page, ask):
    page = open_page()
    chip = ask(page, VIGEN).locator(".chip")
    assert chip.get_attribute("aria-label").startswith("Source 1 : Le 7 décembre, dans la Silicon Valley")
    assert "baoquocte.vn · 7 décembre 2025 (déduite)" in chip.get_attribute("aria-label")
    page.clock.install()
    chip.hover()
    preview = page.locator("#preview")
    preview.wait_for()
    assert preview.locator("mark").inner_text() == QUOTE
    assert chip.get_attribute("aria-describedby") == "preview"
    preview.hover()
    page.clock.run_for(10_000)
    assert preview.is_visible(), "it stays while the pointer is on it"
    page.keyboard.press("Escape")
    preview.wait_for(state="hidden")


def test_a_click_opens_the_article_at_the_quote_and_closing_goes_back(open_page, ask):
    page = open_page()
    chip = ask(page, VIGEN).locator(".chip")
    chip.click()
    mark = page.locator("#reader-text mark.current")
    mark.wait_for()
    assert mark.inner_text() == QUOTE
    expect(mark).to_be_in_viewport(ratio=1)
    until(lambda: below(page.locator("#reader-head"), mark))
    assert "M. Hung a déclaré" in page.inner_text("#reader-text"), "its neighbours can be read"
    assert page.locator("#reader").get_attribute("role") == "complementary"
    answer, article = (page.locator(where).bounding_box() for where in (".claim", "#reader"))
    assert answer["x"] + answer["width"] <= article["x"], "beside, not over it"
    address = page.locator("#reader .publisher").get_attribute("href")
    assert address.startswith("https://baoquocte.vn/")
    start, end = unquote(address.split("#:~:text=")[1]).split(",")
    assert QUOTE.startswith(start)
    assert QUOTE.endswith(end)
    assert page.locator("#reader .publisher").get_attribute("rel") == "noopener noreferrer"
    page.keyboard.press("Escape")
    page.locator("#reader").wait_for(state="hidden")
    assert chip.evaluate("chip => chip === document.activeElement")


def below(head, mark):
    head, mark = head.bounding_box(), mark.bounding_box()
    return mark["y"] > head["y"] + head["height"]


def test_on_a_phone_the_article_is_a_sheet_over_what_waits(open_page, ask):
    page = open_page(width=390, height=800)
    ask(page, VIGEN).locator(".chip").click()
    page.locator("#reader-text mark.current").wait_for()
    reader = page.locator("#reader")
    assert (reader.get_attribute("role"), reader.get_attribute("aria-modal")) == ("dialog", "true")
    assert page.evaluate("document.getElementById('main').inert")
    assert reader.bounding_box()["y"] > 50
    page.click("#reader-close")
    assert not page.evaluate("document.getElementById('main').inert")


def test_quotes_are_one_key_away_from_each_other(open_page, ask):
    page = open_page(locale="en-GB")
    turn = ask(page, "What is said about Silicon Valley?")
    total = turn.locator(".claim").count()
    assert total > 1
    turn.locator(".chip").first.click()
    page.locator(".count", has_text=f"Quote 1 of {total}").wait_for()
    first = page.locator("#reader-text mark.current").inner_text()
    page.keyboard.press("n")
    page.locator(".count", has_text=f"Quote 2 of {total}").wait_for()
    expect(page.locator("#reader-text mark.current")).not_to_have_text(first)
    assert page.evaluate("document.activeElement.id") == "reader-title"
    page.keyboard.press("p")
    page.locator(".count", has_text=f"Quote 1 of {total}").wait_for()
    assert page.locator("#reader-steps button").first.is_disabled()


def test_quotes_in_another_language_say_so(open_page, ask):
    page = open_page(locale="en-GB")
    turn = ask(page, "What is said about Silicon Valley?")
    assert turn.locator("q").first.get_attribute("lang") == "fr"
    assert turn.locator(".answer").get_attribute("lang") == "en"
    assert turn.locator(".foreign").first.inner_text() == "quoted in French"
    assert ask(open_page(), VIGEN).locator(".foreign").count() == 0


def test_the_state_of_a_claim_is_said_in_words_and_explained_on_demand(open_page, ask):
    page = open_page()
    turn = ask(page, VIGEN, model="writer")
    supported, unsupported = turn.locator(".claim").all()
    assert supported.locator(".support").inner_text() == "Étayé"
    assert supported.locator(".evidence mark").inner_text() == QUOTE
    assert unsupported.locator(".support").inner_text() == "Non étayé"
    borders = {
        claim.evaluate("claim => getComputedStyle(claim).borderInlineStartStyle") for claim in (supported, unsupported)
    }
    assert len(borders) == 2, "told by more than a colour"
    button = unsupported.locator(".support")
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert "Ne vous y fiez pas" in unsupported.locator(".explanation").inner_text()
    assert unsupported.locator(".chip").count() == 0


def test_no_evidence_looks_like_none_and_leads_on(open_page, ask):
    page = open_page()
    page.click("#options-button")
    page.fill("#since", "2025-12-01")
    turn = ask(page, "Qui a gagné la Coupe du monde 2022 ?")
    assert turn.locator(".none-title").inner_text() == "Les articles ne le disent pas."
    assert turn.locator(".claim, .chip").count() == 0
    assert "seeds · 2 articles · depuis : 1 déc. 2025" in turn.locator(".none .meta").first.inner_text()
    turn.locator(".closest .title").first.click()
    page.locator("#reader-text p").first.wait_for()
    assert page.locator("mark.current").count() == 0
    page.keyboard.press("Escape")
    turn.locator(".suggestions button", has_text="La même question").click()
    page.wait_for_selector(".turn:nth-child(2) .actions")
    assert "depuis" not in page.locator(".turn").last.locator(".none .meta").first.inner_text()
    turn.locator(".suggestions button").nth(1).click()
    page.wait_for_selector(".turn:nth-child(3) .claim")


def test_an_article_that_changed_since_is_told(open_page, ask, collection, site):
    name = collection(
        "changing", {"id": "a", "title": "Le port", "text": "Le port de Brume a reçu 4 000 navires en 2024."}
    )
    page = open_page(f"#q=x&collection={name}")
    turn = ask(page, "Combien de navires le port de Brume a-t-il reçus en 2024 ?")
    address = f"{site}/v1/collections/{name}/articles/a"
    moved = "Mise à jour 🗞. Le port de Brume a reçu 4 000 navires en 2024. Et plus encore."
    assert page.request.put(address, data={"title": "Le port", "text": moved}).ok
    turn.locator(".chip").first.click()
    page.locator("mark.current", has_text="Le port de Brume a reçu 4 000 navires en 2024.").wait_for()
    page.keyboard.press("Escape")
    assert page.request.put(address, data={"title": "Le port", "text": "Le port est fermé."}).ok
    turn.locator(".chip").first.click()
    page.locator("#reader-text .problem", has_text="n’y figure plus").wait_for()


def test_a_page_of_a_pdf_and_the_copies_of_a_story_are_named(open_page, ask):
    page = open_page()
    States(page, ask, "").reprinted()
    sources = page.locator(".sources")
    expect(sources).to_contain_text("Paru aussi dans : lemonde.fr.")
    expect(sources).to_contain_text("Remplace une version antérieure")
    assert "p. 3" in page.locator(".chip").get_attribute("aria-label")
    assert page.locator(".publisher").get_attribute("href").endswith("#page=3")
