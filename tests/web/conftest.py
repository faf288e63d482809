"""A real browser, a real server with the bundled encoder, and pages that may do nothing they should not."""

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, expect, sync_playwright
from processes import free_port, running

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  violations.push(`${violatedDirective} ${blockedURI}`));
"""
PATIENCE = 30_000  # milliseconds: machines are shared
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        named = (shutil.which(name) for name in ("chromium-headless-shell", "chromium", "google-chrome"))
        path = next(filter(None, named), None)
        try:
            found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        except Error as error:
            pytest.skip(
                f"THE PAGE IS NOT TESTED: no Chromium; `make test` installs one where it can ({error.message[:200]})"
            )
        yield found
        found.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The address of a server with the seed collection, and with the models of server.py."""
    port = free_port()
    command = (sys.executable, Path(__file__).with_name("server.py"), port)
    with running(*command, port=port, data=tmp_path_factory.mktemp("site")):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def open_page(browser, site, collection):  # noqa: ARG001 - collections outlive the pages that show them
    """Open pages: ``open_page(locale="fr-FR", width=1280)``. After the test none may have broken a rule."""
    contexts, troubles = [], []

    def start(
        fragment="", *, locale="fr-FR", theme="light", width=1280, height=860, expected="", before=None, **options
    ):
        context = browser.new_context(
            locale=locale, color_scheme=theme, viewport={"width": width, "height": height}, **options
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(WATCH)
        page = context.new_page()

        def trouble(kind, text):
            if not expected or expected not in text:
                troubles.append(f"{kind}: {text}")

        page.on("console", lambda message: message.type in ("error", "warning") and trouble("console", message.text))
        page.on("pageerror", lambda error: trouble("error", str(error)))
        page.on("dialog", lambda dialog: (trouble("dialog", dialog.message), dialog.dismiss()))
        page.on("request", lambda request: _local(request.url, site) or trouble("request", request.url))
        if before:
            before(page)
        page.goto(f"{site}/{fragment}")
        page.wait_for_selector("body.ready")
        return page

    yield start
    for context in contexts:
        for page in context.pages:
            troubles.extend(f"policy: {each}" for each in page.evaluate("window.violations"))
            page.unroute_all(behavior="ignoreErrors")
        context.close()
    assert troubles == []


def _local(address, site):
    return urlsplit(address).scheme in ("blob", "data") or address.startswith(f"{site}/")


@pytest.fixture
def sent():
    """Catch the question that a page sends; those with which it makes examples are no streams."""
    return lambda page: page.expect_request(
        lambda request: request.url.endswith("/v1/ask") and request.post_data_json.get("stream")
    )


@pytest.fixture
def ask():
    """Ask a question on a page, and wait for the end of its answer; return its turn."""

    def asking(page, question, *, model="", wait=True):
        if model:
            page.click("#options-button")
            page.select_option("#model", model)
            page.click("#options-button")
        page.wait_for_selector("#send:not(:disabled), #stop:not([hidden])")
        page.fill("#question", question)
        page.press("#question", "Enter")
        if wait:
            page.wait_for_selector(".turn:last-child .actions")
        return page.locator(".turn").last

    return asking


@pytest.fixture
def collection(site, browser):
    """Make collections: ``collection("press", {"title": …, "text": …})``. They are gone after the test."""
    context = browser.new_context()
    made = []

    def make(name, *articles):
        address = f"{site}/v1/collections/{name}"
        assert context.request.put(address).ok
        made.append(address)
        if articles:
            stream = {"Accept": "text/event-stream"}  # which ends when the work does
            added = context.request.post(f"{address}/articles", data={"articles": list(articles)}, headers=stream)
            assert "event: report" in added.text()
        return name

    yield make
    for address in made:
        context.request.delete(address)
    context.close()
