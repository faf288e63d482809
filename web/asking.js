// The life of one question, from asking to its answer, through everything that can come between.

import * as api from "./api.js";
import { answerOf } from "./store.js";

const LOOK_SECONDS = 2; // between two looks whether the server is back

/**
 * Ask a turn's question and write into the turn what becomes of it, calling `changed` each time, with the name of an
 * event where there is one.
 *
 * `turn.state` is asking, streaming, waiting (for `turn.seconds`), gone (the server), locked (a token is needed), and at
 * the end answered, stopped or failed (with `turn.problem`). `unlocked` promises that one was given.
 */
export async function pursue(turn, { history, signal, changed, unlocked }) {
  for (;;) {
    Object.assign(turn, { state: "asking", draft: "", claims: [], citations: [], answer: null, problem: null });
    changed();
    try {
      await follow(turn, api.ask(bodyOf(turn, history), signal), changed);
      return;
    } catch (error) {
      try {
        if (!(await recovered(turn, error, { signal, changed, unlocked }))) return;
      } catch {
        end(turn, "stopped", changed); // while it waited
        return;
      }
    }
  }
}

export function bodyOf({ question, asked }, history = []) {
  const { collection, model, language, since, until, source } = asked;
  const sources = source
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  const filters = { ...(since && { since }), ...(until && { until }), ...(sources.length && { source: sources }) };
  const options = { ...(collection && { collection }), ...(model && { model }), ...(language && { language }) };
  return { query: question, ...options, filters, ...(history.length && { history }) };
}

async function follow(turn, events, changed) {
  for await (const event of events) {
    turn.state = "streaming";
    if (event.event === "sources") turn.sources = event.sources;
    else if (event.event === "token") turn.draft += event.text;
    else if (event.event === "claim") take(turn, event);
    else if (event.event === "answer") {
      turn.answer = answerOf(event);
      turn.state = "answered";
    }
    changed(event.event);
  }
}

/** Put a judged sentence in the place of its draft. */
function take(turn, { claim, citations }) {
  turn.claims.push(claim);
  const known = new Set(turn.citations.map((citation) => citation.number));
  turn.citations.push(...citations.filter((citation) => !known.has(citation.number)));
  const ending = claim.text.slice(-20),
    at = turn.draft.lastIndexOf(ending);
  const rest = at < 0 ? "" : turn.draft.slice(at + ending.length);
  turn.draft = rest.replace(/^[\s.!?。！？»"”]*(\[[\d,\s]*\]\s*)*/u, "");
}

/** Wait for what stands in the way to pass. Return whether to ask again. */
async function recovered(turn, error, { signal, changed, unlocked }) {
  if (error.name === "AbortError") return end(turn, "stopped", changed);
  if (error instanceof api.ServerGone) {
    turn.state = "gone";
    changed();
    do await sleep(LOOK_SECONDS, signal);
    while (!(await api.ready(signal)));
    return true;
  }
  if (error.status === 401) {
    Object.assign(turn, { state: "locked", problem: error });
    changed();
    await abortable(unlocked(), signal);
    return true;
  }
  if (error.wait) {
    turn.state = "waiting";
    for (turn.seconds = error.wait; turn.seconds > 0; turn.seconds -= 1) {
      changed(turn.seconds === error.wait ? "waiting" : "");
      await sleep(1, signal);
    }
    return true;
  }
  turn.problem = error;
  return end(turn, "failed", changed);
}

function end(turn, state, changed) {
  turn.state = state;
  turn.draft = "";
  changed();
  return false;
}

const sleep = (seconds, signal) => abortable(new Promise((resolve) => setTimeout(resolve, 1000 * seconds)), signal);

function abortable(promise, signal) {
  return new Promise((resolve, reject) => {
    const left = () => reject(new DOMException("stopped", "AbortError"));
    if (signal.aborted) left();
    signal.addEventListener("abort", left, { once: true });
    promise.then(resolve, reject);
  });
}
