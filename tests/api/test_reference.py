import re
from html.parser import HTMLParser

from api.reference import page


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.to, self.anchors, self.tags = set(), set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.to |= {found[name] for name in ("href", "src") if name in found}
        self.anchors |= {f"#{found['id']}"} if "id" in found else set()


def test_every_operation_and_record_is_on_the_page_which_needs_nothing_from_elsewhere(serving):
    client = serving(protect_reads=True)
    shown = client.get("/docs")
    links = Links(shown.text)
    described = client.get("/openapi.json").json()
    operations = {f"#{operation['operationId']}" for path in described["paths"].values() for operation in path.values()}
    assert operations <= links.anchors
    inside = {link for link in links.to if link.startswith("#")}
    assert inside <= links.anchors
    assert links.to - inside == {"/openapi.json", "/docs/reference.css"}
    assert not links.tags & {"script", "img", "style", "iframe"}
    style = client.get("/docs/reference.css")
    assert (style.status_code, style.headers["content-type"].split(";")[0]) == (200, "text/css")
    assert "style-src 'self'" in shown.headers["content-security-policy"]


def test_what_is_described_is_no_markup():
    info = {"title": "<b>", "summary": "<script>", "version": "1"}
    operation = {"operationId": "x", "description": "a < b", "responses": {"200": {"description": "<i>"}}}
    text = page({"info": info, "paths": {"/<x>": {"get": operation}}, "components": {"schemas": {"S": {"<u>": "<u>"}}}})
    assert not re.search(r"<(?:script|i|u|x)>", text)
