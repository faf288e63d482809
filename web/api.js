// The question API: docs/api.md.

import { chunksOf, events } from "./sse.js";
import { language, t } from "./strings.js";

const TOKEN = "askpress.token";

/** An error that the server told, as RFC 9457 problem details. `wait` is the seconds after which to ask again. */
export class Problem extends Error {
  constructor(told, wait = null) {
    super(told.detail || told.title || String(told.status));
    this.key = String(told.type ?? "").replace(/^.*\//, "");
    this.status = told.status;
    this.instance = told.instance ?? "";
    this.failures = told.failures ?? [];
    this.wait = wait;
  }
}

/** The server does not answer, or broke off. */
export class ServerGone extends Error {
  constructor(cause) {
    super(t("gone"), { cause });
  }
}

/** Keep the token that the server asks for, until the tab is closed. */
export function setToken(token) {
  sessionStorage.setItem(TOKEN, token.trim());
}

async function send(path, { headers = {}, ...options } = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const sent = { "Accept-Language": language(), ...headers };
  // A header holds Latin-1 alone; a token of anything else is no token, and the server will say so.
  if (token) sent.Authorization = `Bearer ${encodeURI(token)}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers: sent, cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerGone(error);
  }
  if (response.ok) return response;
  throw await problemOf(response);
}

async function problemOf(response) {
  const wait = Number.parseInt(response.headers.get("Retry-After"), 10);
  const told = await response.json().catch(() => ({}));
  if (told.type === "/problems/server_stopping") return new ServerGone(told);
  const problem = { ...told, status: response.status, title: told.title ?? response.statusText };
  return new Problem(problem, Number.isFinite(wait) ? Math.min(Math.max(wait, 1), 3600) : null);
}

const json = (body, method = "POST") => ({
  method,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

const addressOf = (collection, articleId) => {
  const parts = articleId === undefined ? [] : articleId.split("/").map(encodeURIComponent);
  return ["/v1/collections", encodeURIComponent(collection), "articles", ...parts].join("/");
};

/** Yield the events of a response until `last` accepts one. Raises ServerGone where the stream ends before. */
async function* streamed(response, last) {
  try {
    for await (const { event, data } of events(chunksOf(response.body))) {
      const told = JSON.parse(data);
      if (event === "error" && told.type === "/problems/server_stopping") throw new ServerGone(told);
      if (event === "error") throw new Problem(told);
      yield { event, ...told };
      if (event === last) return;
    }
  } catch (error) {
    if (error instanceof TypeError) throw new ServerGone(error); // how fetch tells a broken connection
    throw error;
  }
  throw new ServerGone("the stream ended early");
}

/** What the server offers: collection, models, question_length, suffixes, may_write. */
export const about = async () => (await send("/v1/about")).json();

export const collections = async () => (await (await send("/v1/collections")).json()).collections;

export const createCollection = async (name) =>
  (await send(`/v1/collections/${encodeURIComponent(name)}`, { method: "PUT" })).json();

export const removeCollection = (name) => send(`/v1/collections/${encodeURIComponent(name)}`, { method: "DELETE" });

/** Whether the server is there and ready. */
export const ready = (signal) =>
  send("/readyz", { signal }).then(
    () => true,
    () => false,
  );

/** Yield the events of an answer; the last is `answer`. Raises Problem, ServerGone, AbortError. */
export async function* ask(question, signal) {
  const accepted = { ...json({ ...question, stream: true }), signal };
  yield* streamed(await send("/v1/ask", accepted), "answer");
}

/** Return an answer at once, without events. */
export const askOnce = async (question, signal) => (await send("/v1/ask", { ...json(question), signal })).json();

export async function articles(collection, filters = {}) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== ""));
  return (await send(`${addressOf(collection)}?${query}`)).json();
}

export const article = async (collection, id) => (await send(addressOf(collection, id))).json();

export const removeArticle = (collection, id) => send(addressOf(collection, id), { method: "DELETE" });

/** Add a file to a collection; yield its progress, and at last its report. */
export async function* addFile(collection, file) {
  const form = new FormData();
  form.append("files", file);
  const options = { method: "POST", body: form, headers: { Accept: "text/event-stream" } };
  yield* streamed(await send(addressOf(collection), options), "report");
}

export const rate = (answerId, rating, reason) =>
  send("/v1/feedback", json({ answer_id: answerId, rating, reason: reason || null }));
