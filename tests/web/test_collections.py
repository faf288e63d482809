"""Collections and their articles: listed, read, added, removed; and hidden from those who may not change them."""

import json

from playwright.sync_api import expect

NONE = {"collections": []}
FR = "Le pont de Sarlune a été inauguré le 3 mai 2024. Il mesure 812 mètres."


def test_articles_are_listed_and_read(open_page):
    page = open_page("#articles")
    items = page.locator(".articles li")
    items.first.wait_for()
    assert items.count() == 2
    assert "baoquocte.vn · 7 décembre 2025 (déduite) · français" in items.first.inner_text()
    items.first.locator(".title").click()
    page.locator("#reader-text p").first.wait_for()
    expect(page.locator("#reader-text p").nth(20)).to_be_attached()
    assert page.locator("#reader-text h3").count() > 3
    page.keyboard.press("Escape")
    page.locator("#reader").wait_for(state="hidden")


def test_files_are_added_with_a_result_for_each_and_asked(open_page, ask, collection, tmp_path):
    name = collection("added")
    page = open_page(f"#q=x&collection={name}")
    page.locator("#start .notice", has_text="pas encore d’articles").wait_for()
    page.goto(page.url.split("#")[0] + "#articles")
    page.locator(".more", has_text="pas encore d’articles").wait_for()
    lines = [{"id": "tour", "title": "La tour", "text": "La tour de Valdore compte 31 étages."}, {"id": "bad"}]
    files = {"pont.txt": f"Le pont\n\n{FR}\n", "presse.jsonl": "\n".join(map(json.dumps, lines)), "image.png": "x"}
    for filename, text in files.items():
        (tmp_path / filename).write_text(text, encoding="utf-8")
    page.set_input_files("#files", [str(tmp_path / filename) for filename in files])
    page.locator(".articles li").nth(1).wait_for()
    results = dict(zip(files, page.locator(".results li").all_inner_texts(), strict=True))
    assert "1 ajouté" in results["pont.txt"]
    assert "1 ajouté" in results["presse.jsonl"]
    assert "presse.jsonl:2" in results["presse.jsonl"], "its bad line is told"
    assert ".png" in results["image.png"]
    assert page.locator(".results .problem").count() == 2
    page.click("nav a[href='#ask']")
    assert "2 articles" in page.inner_text("#options-button")
    turn = ask(page, "Combien mesure le pont de Sarlune ?")
    assert "pont de Sarlune" in turn.locator(".claim").first.inner_text()


def test_files_are_added_by_dropping_them(open_page, collection):
    name = collection("dropped")
    page = open_page("#articles")
    page.select_option("#articles-of", name)
    page.locator(".more", has_text="pas encore d’articles").wait_for()
    page.evaluate(
        """text => {
          const carried = new DataTransfer();
          carried.items.add(new File([text], "pont.txt", { type: "text/plain" }));
          const zone = document.querySelector(".drop");
          const how = { dataTransfer: carried, bubbles: true, cancelable: true };
          for (const kind of ["dragover", "drop"]) zone.dispatchEvent(new DragEvent(kind, how));
        }""",
        f"Le pont\n\n{FR}\n",
    )
    page.locator(".articles li").first.wait_for()


def test_an_article_is_removed_after_a_confirmation(open_page, collection):
    name = collection(
        "removing", {"title": "Un", "text": FR}, {"title": "Deux", "text": "La tour de Valdore compte 31 étages."}
    )
    page = open_page("#articles")
    page.select_option("#articles-of", name)
    item = page.locator(".articles li", has_text="Deux")
    item.locator(".quiet").click()
    assert "Retirer « Deux » de removing ?" in page.inner_text("#dialog")
    page.keyboard.press("Escape")
    assert item.count() == 1
    item.locator(".quiet").click()
    page.click("#dialog button:has-text('Retirer')")
    item.wait_for(state="detached")
    expect(page.locator(".articles li")).to_have_count(1)
    assert page.inner_text("#status") == "« Deux » a été retiré."


def test_a_collection_is_made(open_page, collection):
    page = open_page("#articles", locale="en-GB")
    page.click("text=New collection")
    page.fill("#new-collection", "made-here")
    page.click("text=Create")
    page.locator("#articles-of option", has_text="made-here").wait_for(state="attached")
    assert page.locator("#articles-of").input_value() == "made-here"
    collection("made-here")  # so that it is removed again
    page.click("nav a[href='#ask']")
    expect(page.locator("#options-button")).to_contain_text("made-here")


def test_a_collection_is_removed_after_a_confirmation(open_page, collection, site):
    name = collection("leaving", {"title": "Un", "text": FR})
    page = open_page("#articles")
    page.select_option("#articles-of", name)
    page.click("text=Retirer cette collection")
    expect(page.locator("#dialog")).to_contain_text("Retirer la collection leaving (1 article) ?")
    page.click("#dialog button:has-text('Annuler')")
    page.click("text=Retirer cette collection")
    page.click("#dialog button:has-text('Retirer')")
    expect(page.locator("#status")).to_have_text("« leaving » a été retiré.")
    expect(page.locator("#articles-of")).to_have_value("seeds")
    assert page.locator("#articles-of option", has_text=name).count() == 0
    assert page.request.get(f"{site}/v1/collections/{name}").status == 404


def test_a_collection_that_cannot_be_removed_says_why(open_page, collection):
    name = collection("staying")
    page = open_page("#articles", expected="409")
    page.select_option("#articles-of", name)
    told = {"type": "/problems/store_busy", "title": "Conflict", "status": 409, "detail": "En cours d’usage."}
    page.route(f"**/v1/collections/{name}", lambda route: route.fulfill(status=409, json=told))
    page.click("text=Retirer cette collection")
    page.click("#dialog button:has-text('Retirer')")
    expect(page.locator("#articles [role=alert]")).to_have_text("En cours d’usage.")
    expect(page.locator("#articles-of")).to_have_value(name)


def test_where_there_is_no_collection_one_can_be_made(open_page):
    page = open_page(
        "#articles", before=lambda page: page.route("**/v1/collections", lambda route: route.fulfill(json=NONE))
    )
    page.click("summary:has-text('Nouvelle collection')")
    expect(page.locator("#new-collection")).to_be_visible()
    assert page.locator(".drop, #articles-of").count() == 0
    page.click("nav a[href='#ask']")
    expect(page.locator("#start .notice")).to_contain_text("pas encore de collection")


def test_without_the_right_to_write_nothing_offers_it(open_page):
    page = open_page("#articles", before=lambda page: page.route("**/v1/about", read_only))
    page.locator(".articles li").first.wait_for()
    assert page.locator(".drop, .articles .quiet").count() == 0
    page.click("summary:has-text('pas les modifier')")
    page.fill(".token input", "askpress_secret")
    with page.expect_response("**/v1/about") as told:
        page.click(".token button")
    assert told.value.request.headers["authorization"] == "Bearer askpress_secret"
    expect(page.locator("#articles [role=alert]")).to_have_text("Ce jeton ne permet pas de modifier les articles.")
    expect(page.locator(".token input")).to_be_visible()


def read_only(route):
    told = route.fetch().json()
    route.fulfill(json=told | {"may_write": False})
