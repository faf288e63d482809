"""Every state of the page: how a page gets there, from the one that it opens with. Used by test_matrix.py."""

import json

STREAM = {"content-type": "text/event-stream"}
VIGEN = "Qu'est-ce que ViGen ?"
SEVERAL = "What is said about Silicon Valley?"
LONG = "Que dit-on de la Silicon Valley ? "


def problem(key, status, detail, **headers):
    told = {"type": f"/problems/{key}", "title": "Problem", "status": status, "detail": detail, "instance": "abc123"}
    return {
        "status": status,
        "body": json.dumps(told),
        "headers": {"content-type": "application/problem+json"} | headers,
    }


def hold(route):
    """Leave a request without an answer."""
    assert route.request


def gone(route):
    route.abort()


def on(page, path, handler):
    page.route(f"**/{path}", handler if callable(handler) else lambda route: route.fulfill(**handler))


def choose(page, **values):
    page.click("#options-button")
    for name, value in values.items():
        page.select_option(f"#{name}", value)
    page.click("#options-button")


class States:
    """Each method brings a page, opened a moment before, to the state of its name."""

    def __init__(self, page, ask, empty):
        self.page, self.ask, self.empty = page, ask, empty

    # At the start

    def first(self):
        self.page.locator("#start .suggestions").wait_for()

    def loading(self):
        on(self.page, "v1/about", hold)
        self.page.reload()
        self.page.locator("#start .state").wait_for()

    def gone_at_start(self):
        on(self.page, "v1/about", gone)
        self.page.reload()
        self.page.locator("#start [role=alert]").wait_for()

    def locked_at_start(self):
        on(self.page, "v1/about", problem("request_token_missing", 401, "Il faut un jeton."))
        self.page.reload()
        self.page.locator("#start .token input").wait_for()

    def empty_collection(self):
        choose(self.page, collection=self.empty)
        self.page.locator("#start .notice").wait_for()

    def carried(self):
        self.page.goto(f"{self.page.url.partition('#')[0]}#q=Qu'est-ce que ViGen ?&since=2025-06-01")
        self.page.locator("#carried").wait_for()

    def options(self):
        self.page.click("#options-button")
        self.page.locator("#source").wait_for()

    def too_long(self):
        self.page.fill("#question", LONG * 80)
        self.page.locator("#question-problem").wait_for()

    # While it is answered

    def asking(self):
        on(self.page, "v1/ask", hold)
        self.ask(self.page, VIGEN, wait=False).locator(".state").wait_for()

    def streaming(self):
        self.ask(self.page, VIGEN, model="slow", wait=False).locator(".draft").wait_for()

    def stopped(self):
        self.streaming()
        self.page.click("#stop")
        self.page.locator(".retry").wait_for()

    def waiting(self):
        on(self.page, "v1/ask", problem("request_too_frequent", 429, "Trop.", **{"retry-after": "42"}))
        self.ask(self.page, VIGEN, wait=False).locator(".problem").wait_for()

    def gone(self):
        for path in ("v1/ask", "readyz"):
            on(self.page, path, gone)
        self.ask(self.page, VIGEN, wait=False).locator("[role=alert]").wait_for()

    def locked(self):
        on(self.page, "v1/ask", problem("request_token_missing", 401, "Il faut un jeton."))
        self.ask(self.page, VIGEN, wait=False).locator(".token input").wait_for()

    def failed(self):
        on(self.page, "v1/ask", problem("server_failed", 500, "Une panne."))
        self.ask(self.page, VIGEN, wait=False).locator("[role=alert]").wait_for()

    # An answer

    def quoted(self):
        self.ask(self.page, SEVERAL)

    def written(self):
        for button in self.ask(self.page, VIGEN, model="writer").locator(".support").all():
            button.click()

    def fallen(self):
        self.ask(self.page, VIGEN, model="broken").locator(".fallen").wait_for()

    def followed(self):
        self.ask(self.page, VIGEN)
        self.ask(self.page, "Et avec qui ?")

    def none(self):
        turn = self.ask(self.page, "Who won the 2022 FIFA World Cup?")
        turn.locator(".suggestions li").first.wait_for()

    def reprinted(self):
        def told(route):
            answer = route.fetch(post_data={**route.request.post_data_json, "stream": False}).json()
            for citation in answer["citations"]:
                citation["page"] = 3
            for source in answer["sources"]:
                copy = {key: source[key] for key in ("article_id", "title", "url", "published", "language")}
                source |= {"also": [copy | {"outlet": "lemonde.fr"}], "replaces": [copy | {"outlet": None}]}
            route.fulfill(body=f"event: answer\ndata: {json.dumps(answer)}\n\n", headers=STREAM)

        on(self.page, "v1/ask", told)
        self.ask(self.page, VIGEN)

    def preview(self):
        self.ask(self.page, VIGEN)
        self.page.locator(".question").focus()
        self.page.keyboard.press("Tab")
        self.page.locator("#preview").wait_for()

    def reading(self):
        self.ask(self.page, SEVERAL).locator(".chip").first.click()
        self.page.locator("mark.current").wait_for()

    def saving(self):
        self.ask(self.page, VIGEN).locator(".menu summary").click()

    def rated(self):
        turn = self.ask(self.page, SEVERAL)
        turn.locator(".others summary").click()
        turn.locator(".feedback > button").nth(1).click()
        turn.locator(".reason input").first.wait_for()

    def copied_by_hand(self):
        self.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        self.ask(self.page, VIGEN).locator(".actions button").first.click()
        self.page.locator("#dialog textarea").wait_for()

    # Elsewhere

    def keys(self):
        self.page.click("#help")
        self.page.locator("#dialog kbd").first.wait_for()

    def articles(self):
        self.page.click("nav a[href='#articles']")
        self.page.locator(".articles li").first.wait_for()

    def adding(self):
        choose(self.page, collection=self.empty)
        self.page.click("nav a[href='#articles']")
        progress = {"stage": "embed", "done": 3, "total": 5, "fraction": 0.6}
        told = f"event: progress\ndata: {json.dumps(progress)}\n\n"
        refused = problem("file_unsupported", 422, "image.png : .png ne se lit pas.")
        answers = [refused, {"body": told, "headers": STREAM}]
        self.page.route("**/articles", lambda route: route.fulfill(**answers.pop(0)) if answers else hold(route))
        files = [{"name": name, "mimeType": "text/plain", "buffer": b"x"} for name in ("image.png", "a.txt", "b.txt")]
        self.page.set_input_files("#files", files)
        self.page.locator(".results .problem").first.wait_for()
        self.page.click(".adding summary")

    def removing(self):
        self.articles()
        self.page.click("#articles .field .quiet")
        self.page.locator("#dialog .buttons").wait_for()

    def reading_only(self):
        def told(route):
            route.fulfill(json=route.fetch().json() | {"may_write": False})

        on(self.page, "v1/about", told)
        self.page.reload()
        self.articles()
        self.page.click("#articles summary")

    def history(self):
        self.ask(self.page, VIGEN)
        self.page.click("nav a[href='#history']")
        self.page.locator("#history .articles li").first.wait_for()

    def no_history(self):
        self.page.click("nav a[href='#history']")
        self.page.locator("#history .meta").wait_for()


STATES = [name for name, each in vars(States).items() if callable(each) and not name.startswith("_")]
