// Server-sent events, read from the body of a response.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

/** Yield {event, data} for each event in a stream of bytes; one that the end cuts off is left out. */
export async function* events(chunks) {
  let event = "",
    data = [];
  for await (const line of lines(chunks)) {
    if (line === "") {
      if (data.length) yield { event: event || "message", data: data.join("\n") };
      event = "";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
  }
}

/** Yield the lines that a stream of UTF-8 completes; they end with CR, LF or CR LF, anywhere in the chunks. */
async function* lines(chunks) {
  const decoder = new TextDecoder();
  let rest = "",
    afterReturn = false;
  for await (const chunk of chunks) {
    const decoded = decoder.decode(chunk, { stream: true });
    if (decoded === "") continue;
    const text = afterReturn && decoded.startsWith("\n") ? decoded.slice(1) : decoded;
    afterReturn = decoded.endsWith("\r");
    const found = (rest + text).split(/\r\n|\r|\n/);
    rest = found.pop();
    yield* found;
  }
}

/** Yield the chunks of a body, and give it up where the reader stops early. */
export async function* chunksOf(body) {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {}); // nobody waits for it; where it has failed already, read() has told so
  }
}
