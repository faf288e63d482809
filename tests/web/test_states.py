"""What the page shows when something is missing, wrong, slow or gone."""

import datetime as dt
import json

from playwright.sync_api import expect
from states import VIGEN, problem


def test_the_first_run_says_what_this_is_and_what_to_ask(open_page):
    page = open_page()
    expect(page.locator("#welcome h2")).to_have_text("Interrogez les articles")
    expect(page.locator("#start .suggestions button").first).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "question"


def test_an_empty_collection_says_so(open_page, collection):
    page = open_page(f"#q=x&collection={collection('empty')}")
    expect(page.locator("#start .notice")).to_contain_text("pas encore d’articles")


def test_the_server_is_gone_and_back_before_anything_is_loaded(open_page):
    page = open_page(before=lambda page: page.route("**/v1/about", lambda route: route.abort()), expected="ERR_FAILED")
    expect(page.locator("#start [role=alert]")).to_contain_text("Le serveur ne répond pas")
    page.unroute("**/v1/about")
    expect(page.locator("#options-button")).to_contain_text("seeds")
    expect(page.locator("#start [role=alert]")).to_have_count(0)


def test_the_server_is_gone_and_back_and_is_asked_again(open_page, ask):
    page = open_page(expected="ERR_FAILED")
    for path in ("ask", "../readyz"):
        page.route(f"**/{path.rpartition('/')[2]}", lambda route: route.abort())
    turn = ask(page, VIGEN, wait=False)
    expect(turn.locator("[role=alert]")).to_contain_text("Le serveur ne répond pas")
    page.unroute_all()
    expect(turn.locator(".claim")).to_have_count(1)


def test_a_stream_that_breaks_off_is_asked_again(open_page, ask):
    page = open_page()
    page.wait_for_selector("#start .suggestions")
    asked = []

    def cut(route):
        asked.append(route)
        whole = 'event: token\ndata: {"text": "Le premier"}\n\nevent: answer\ndata: {"stat'
        return (
            route.fulfill(body=whole, headers={"content-type": "text/event-stream"})
            if len(asked) == 1
            else route.continue_()
        )

    page.route("**/v1/ask", cut)
    turn = ask(page, VIGEN)
    expect(turn.locator(".claim")).to_have_count(1)
    assert len(asked) == 2


def test_a_server_that_is_gone_can_be_given_up(open_page, ask):
    page = open_page(expected="ERR_FAILED")
    page.route("**/v1/ask", lambda route: route.abort())
    page.route("**/readyz", lambda route: route.abort())
    turn = ask(page, VIGEN, wait=False)
    turn.locator("[role=alert]").wait_for()
    page.click("#stop")
    expect(turn.locator(".state")).to_contain_text("Arrêté.")


def test_a_token_is_asked_for_kept_for_the_tab_and_sent(open_page, ask):
    page = open_page(expected="401")

    def guarded(route):
        if route.request.headers.get("authorization") == "Bearer askpress_x":
            return route.continue_()
        return route.fulfill(**problem("request_token_missing", 401, "Il faut un jeton."))

    page.route("**/v1/ask", guarded)
    turn = ask(page, VIGEN, wait=False)
    expect(turn.locator("[role=alert]")).to_have_text("Ce serveur demande un jeton.")
    turn.locator(".token input").fill("wrong")
    turn.locator(".token button").click()
    expect(turn.locator(".token input")).to_have_value("")
    turn.locator(".token input").fill("askpress_x")
    turn.locator(".token button").click()
    expect(turn.locator(".claim")).to_have_count(1)
    assert "askpress_x" not in json.dumps(page.evaluate("({ ...localStorage })"))


def test_a_token_is_asked_for_before_anything_is_loaded(open_page):
    def guarded(route):
        if "authorization" in route.request.headers:
            return route.continue_()
        return route.fulfill(**problem("request_token_missing", 401, "Il faut un jeton."))

    page = open_page(before=lambda page: page.route("**/v1/about", guarded), expected="401")
    page.fill(".token input", "askpress_x")
    page.press(".token input", "Enter")
    expect(page.locator("#options-button")).to_contain_text("seeds")


def test_too_many_requests_count_down_and_ask_again(open_page, ask):
    page = open_page(expected="429")
    page.wait_for_selector("#start .suggestions")
    page.clock.install()
    page.clock.pause_at(dt.datetime.now(tz=dt.UTC) + dt.timedelta(hours=1))
    answers = [problem("request_too_frequent", 429, "Trop.", **{"retry-after": "3"}), None]
    page.route("**/v1/ask", lambda route: route.fulfill(**answer) if (answer := answers.pop(0)) else route.continue_())
    turn = ask(page, VIGEN, wait=False)
    for left in ("3 secondes", "2 secondes", "1 seconde"):
        expect(turn.locator(".problem")).to_contain_text(f"dans {left}.")
        page.clock.run_for(1000)
    expect(turn.locator(".claim")).to_have_count(1)


def test_a_model_that_is_down_leaves_quotes_that_are_labelled(open_page, ask):
    page = open_page()
    turn = ask(page, VIGEN, model="broken")
    expect(turn.locator(".fallen")).to_have_text("Le modèle n’a pas répondu : voici des citations seules.")
    expect(turn.locator(".notice").first).to_contain_text("broken")
    expect(turn.locator(".claim.verbatim")).to_have_count(1)


def test_an_error_is_told_with_what_identifies_it_and_can_be_tried_again(open_page, ask):
    page = open_page(expected="422")
    page.wait_for_selector("#start .suggestions")
    answers = [problem("question_too_long", 422, "La question est trop longue."), None]
    page.route("**/v1/ask", lambda route: route.fulfill(**answer) if (answer := answers.pop(0)) else route.continue_())
    turn = ask(page, VIGEN, wait=False)
    expect(turn.locator("[role=alert]")).to_contain_text("La question est trop longue.")
    expect(turn.locator("small")).to_have_text("Requête abc123")
    turn.locator(".retry").click()
    expect(turn.locator(".claim")).to_have_count(1)


def test_an_error_in_mid_stream_is_told(open_page, ask):
    page = open_page()
    page.wait_for_selector("#start .suggestions")
    told = json.dumps(
        {"type": "/problems/server_failed", "status": 500, "title": "Error", "detail": "Panne.", "instance": "x"}
    )
    body = f'event: sources\ndata: {{"sources": []}}\n\nevent: error\ndata: {told}\n\n'
    page.route("**/v1/ask", lambda route: route.fulfill(body=body, headers={"content-type": "text/event-stream"}))
    turn = ask(page, VIGEN, wait=False)
    expect(turn.locator("[role=alert]")).to_contain_text("Panne.")
