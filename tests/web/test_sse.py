"""The reader of server-sent events, in the browser that runs it."""

import pytest

READ = """async (chunks) => {
  const { events } = await import("/sse.js");
  async function* bytes() { for (const chunk of chunks) yield new Uint8Array(chunk); }
  const found = [];
  for await (const { event, data } of events(bytes())) found.push([event, data]);
  return found;
}"""
STREAM = "event: token\ndata: Đại học 北京 🗞\n\n: a comment\ndata:one\ndata: two\nid: 7\n\nevent: cut\ndata: off\n"
EVENTS = [["token", "Đại học 北京 🗞"], ["message", "one\ntwo"]]


@pytest.fixture(scope="module")
def page(browser, site):
    context = browser.new_context()
    page = context.new_page()
    page.goto(site)
    yield page
    context.close()


def read(page, *chunks):
    return page.evaluate(READ, [list(chunk) for chunk in chunks])


@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n"])
def test_lines_end_in_three_ways_wherever_the_chunks_are_cut(page, ending):
    stream = STREAM.replace("\n", ending).encode()
    assert read(page, stream) == EVENTS
    assert read(page, *(stream[at : at + 1] for at in range(len(stream)))) == EVENTS
    half = len(stream) // 2
    assert read(page, stream[:half], b"", stream[half:]) == EVENTS


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        ("\ufeffdata: a\n\n", [["message", "a"]]),
        ("data\n\n", [["message", ""]]),
        ("event: a\n\ndata: b\n\n", [["message", "b"]]),
        ("data:  two spaces\n\n", [["message", " two spaces"]]),
        ("data: a:b\n\n", [["message", "a:b"]]),
        ("retry: 10\nunknown: x\ndata: a\n\n", [["message", "a"]]),
        ("data: a\r\n\r\ndata: b\r\r", [["message", "a"], ["message", "b"]]),
        ("data: a\n", []),
        ("", []),
    ],
)
def test_fields_are_read_to_the_letter(page, stream, events):
    assert read(page, stream.encode()) == events
