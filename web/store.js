// What the browser remembers: preferences and conversations. Nothing here trusts what it reads.

const PREFERENCES = "askpress.preferences";
const CONVERSATIONS = "askpress.conversations";
const VERSION = 1;
const MOST_CONVERSATIONS = 50;
const MOST_TURNS = 100;

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null; // not ours any more: it is written over at the next chance
  }
}

/** Return whether it was kept: storage can be full or forbidden. */
function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function preferences() {
  const found = read(PREFERENCES);
  return found && typeof found === "object" && !Array.isArray(found) ? found : {};
}

export const prefer = (changes) => write(PREFERENCES, { ...preferences(), ...changes });

/** Return the conversations, the last one first; what is no conversation is left out. */
export function conversations() {
  const found = read(CONVERSATIONS);
  if (found?.version !== VERSION || !Array.isArray(found.conversations)) return [];
  return found.conversations.map(conversation).filter(Boolean);
}

/** Keep a conversation, giving up the oldest ones where there is no room. Return whether it was kept. */
export function keep(kept) {
  const others = conversations().filter((each) => each.id !== kept.id);
  const all = [{ ...kept, turns: kept.turns.slice(-MOST_TURNS) }, ...others].slice(0, MOST_CONVERSATIONS);
  while (all.length && !write(CONVERSATIONS, { version: VERSION, conversations: all })) all.pop();
  return all.length > 0;
}

export function forget(id) {
  return write(CONVERSATIONS, { version: VERSION, conversations: conversations().filter((each) => each.id !== id) });
}

export function forgetAll() {
  localStorage.removeItem(CONVERSATIONS);
}

const isText = (value) => typeof value === "string";
const isRecord = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const textOr = (value, other) => (isText(value) ? value : other);
const listOf = (value, made) => (Array.isArray(value) ? value.map(made).filter(Boolean) : []);

function conversation(found) {
  if (!isRecord(found) || !isText(found.id)) return null;
  const turns = listOf(found.turns, turn);
  return turns.length ? { id: found.id, changed: textOr(found.changed, ""), turns } : null;
}

function turn(found) {
  if (!isRecord(found) || !isText(found.question) || !isRecord(found.asked)) return null;
  const answer = answerOf(found.answer);
  return { question: found.question, asked: asked(found.asked), answer, state: answer ? "answered" : "stopped" };
}

/** Return the options of a question, each of the type it has to be. */
export function asked(found) {
  const names = ["collection", "model", "language", "since", "until", "source"];
  return Object.fromEntries(names.map((name) => [name, textOr(found[name], "")]));
}

/** Return an answer as the page knows it, each member of the type it has to be, or null. */
export function answerOf(found) {
  if (!isRecord(found) || !isText(found.text) || !["answered", "no_evidence"].includes(found.status)) return null;
  const citations = listOf(found.citations, (each) => isRecord(each) && isText(each.quote) && cited(each));
  const numbers = new Set(citations.map((each) => each.number));
  return {
    ...Object.fromEntries(
      ["id", "question", "language", "status", "text", "generator"].map((name) => [name, textOr(found[name], "")]),
    ),
    answerability: typeof found.answerability === "number" ? found.answerability : null,
    notice: textOr(found.notice, null),
    read_as: textOr(found.read_as, null),
    as_of: textOr(found.as_of, null),
    claims: listOf(found.claims, (each) => isRecord(each) && isText(each.text) && claim(each, numbers)),
    citations,
    sources: listOf(found.sources, (each) => isRecord(each) && source(each)),
  };
}

const claim = (found, numbers) => ({
  text: found.text,
  support: ["verbatim", "supported"].includes(found.support) ? found.support : "unsupported",
  citations: listOf(found.citations, (number) => numbers.has(number) && number),
});

const source = (found) => ({
  ...located(found),
  excerpt: textOr(found.excerpt, ""),
  also: listOf(found.also, (each) => isRecord(each) && located(each)),
  replaces: listOf(found.replaces, (each) => isRecord(each) && located(each)),
});

const located = (found) => ({
  ...Object.fromEntries(["article_id", "title"].map((name) => [name, textOr(found[name], "")])),
  ...Object.fromEntries(["url", "outlet", "published"].map((name) => [name, textOr(found[name], null)])),
  published_inferred: found.published_inferred === true,
  language: textOr(found.language, "und"),
});

const cited = (found) => ({
  ...located(found),
  ...Object.fromEntries(
    ["number", "start", "stop"].map((name) => [name, Number.isInteger(found[name]) ? found[name] : 0]),
  ),
  page: Number.isInteger(found.page) && found.page > 0 ? found.page : null,
  ...Object.fromEntries(["quote", "before", "after"].map((name) => [name, textOr(found[name], "")])),
});
