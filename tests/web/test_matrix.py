"""Every state of the page in every theme, width and language: axe finds nothing, and nothing is too wide.

``make screenshots`` runs this with ``ASKPRESS_SCREENSHOTS``, a folder for a picture of each.
"""

import itertools
import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from states import STATES, States

HEIGHTS = {1280: 860, 390: 844}
SURPLUS = "document.documentElement.scrollWidth - innerWidth"  # pixels
VIOLATIONS = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  return violations.map(each => `${each.id}: ${each.nodes.slice(0, 3).map(node => node.target).join(", ")}`);
}"""


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB", "vi-VN"])
def test_every_state_is_for_everybody(open_page, ask, collection, site, locale):
    page, empty, found = open_page(locale=locale, expected="Failed to load resource"), collection("empty"), {}
    for state in STATES:
        getattr(States(page, ask, empty), state)()
        page.mouse.move(0, 0)
        page.evaluate(Axe().axe_script)
        for (width, height), theme in itertools.product(HEIGHTS.items(), ("light", "dark")):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.evaluate("new Promise(requestAnimationFrame)")  # by when the page has followed
            picture(page, f"{state}-{locale[:2]}-{width}-{theme}")
            found[state, width, theme] = page.evaluate(VIOLATIONS)
        for width in (*HEIGHTS, 320):
            page.set_viewport_size({"width": width, "height": 640})
            found[state, width] = max(page.evaluate(SURPLUS), 0)
        page.unroute_all(behavior="ignoreErrors")
        page.evaluate("localStorage.clear()")
        page.set_viewport_size({"width": 1280, "height": 860})
        page.goto(f"{site}/")
        page.wait_for_selector("body.ready")
    assert {where: told for where, told in found.items() if told} == {}


def picture(page, name):
    if folder := os.environ.get("ASKPRESS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")
